"""Words that decide whether what follows 'Pak', 'Bu' or 'nama saya' is a person's name."""

# Common given names of many regions, for texts typed without capitals or all in capitals. General knowledge of the
# language, not taken from any data set. Names that are also everyday words (indah, bagus, suci) are left out on purpose.
GIVEN_NAMES = frozenset(
    """
    abdul abdullah achmad adi aditya agung agus ahmad aisyah ali alif amin aminah amir andi andika andre andri anggi anggraini
    ani anisa anton antonius anwar ardi ari arief arif aris arman asep asih astuti asri ayu aziz azis bambang bayu beni benny
    betty budi budiman burhan cahyono cecep chandra christina dadang dahlan darmawan daud dede dedi dedy deni denny desi
    dewi dian diana didik dimas dina dini djoko dodi doni dwi edi edy eka eko elisabet endang erna ernawati erwin
    evi fadli fahmi fajar farid fatimah fatma febri ferdi ferry fitri fitriani gede gilang guntur gunawan gusti hadi
    hafiz halimah hamid handoko hani haris harjo hartati hartono haryanto hasan hasanah hendra hendri heni henny
    herman hermawan heru hidayat husein ibrahim ida ika ikhsan ilham imam iman indra intan irfan irma irwan iskandar
    ismail istiqomah iwan jafar jamal jamilah joko joni johannes jumadi jumiati junaidi kadek karim kartika kartini
    ketut komang kristina kurnia kurniawan laila lestari lilis lina linda lukman lusi made mahmud maman margaretha
    maria marlina martha maryam maryati mega melati mira mohammad muhamad muhammad mulyadi mulyono murni mustafa
    nanang nani nia ningsih nita novi novita nugroho nuraini nurhayati nuri nurul nyoman oktavia pardi parman
    parmin paulus petrus poniman ponirah prasetyo pratiwi priyanto purnomo purwanto puspita putri rahayu rahman rahmat
    ramdani ramlan ratih ratna reni reza rianti ridwan rina rini riski rizal rizky robert rohman rosa rosita rudi rukmini
    rusdi rusli saiful sakinah saleh salim samsul santi santoso saputra saputro sari sarah sardi sarjono setiawan setyo
    sholeh sinta siregar siska siti slamet soleh sri subandi sudarsono sugeng sugiarto suharto sujono sukarni sukirman
    sularno sulaiman sulastri sulistyo sumarni sumiati sunarto supardi suparman supriadi supriyadi suprapto surono
    suryadi suryani sutarno sutrisno suwarno suyanto syaiful syamsul tatang taufik teguh titin toni tono tri
    tuti udin umar ujang umi untung usman utami wahid wahyu wahyudi wahyuni wati wayan widodo widya winarno winarti wiwik wulan
    yanti yanto yani yayan yohanes yudi yuli yuliana yulianti yulianto yuni yunita yusuf zaenal zainal zainuddin zulkifli
    """.split()
)

# What follows a cue without being a name: titles, offices, kin, plain words that begin sentences.
NOT_NAMES = frozenset(
    """
    wali walikota wakil bupati gubernur presiden menteri lurah camat kades kadus kadis kadisdik kapolda kapolres kapolsek
    kepala ketua sekretaris bendahara rt rw rtrw kelurahan kecamatan desa dinas kantor dishub dukcapil polisi polsek polres
    polantas tni babinsa satpam satpol pp hakim jaksa guru dosen kepsek kasek wakasek perawat bidan dokter suster petugas
    pegawai staf staff admin operator tukang sopir supir kader direktur dirut manajer pimpinan pengurus anggota
    dewan dpr dprd ustadz haji hajah kyai kiai rumah tangga hamil bapak ibu bpk pak bu sdr sdri saudara mas mbak
    dan atau di ke dari yang yg untuk utk dengan dgn dg pada ini itu tersebut tsb saya sy kami kita kamu anda dia mereka
    tolong mohon mhn tlg minta kapan kenapa knp mengapa bagaimana gimana apa apakah siapa dimana mana berapa ada adalah
    tidak tdk gak ga nggak ngga bukan belum blm sudah sdh udah telah akan mau ingin bisa dapat harus jangan jgn coba
    selamat pagi siang sore malam assalamualaikum terima kasih makasih maaf permisi halo hallo salam hormat yth kepada
    warga masyarakat lapor laporan jalan jl jln gang gg blok kota kabupaten kab provinsi negara indonesia jawa
    lampu jalanan air listrik sampah parkir pasar sekolah puskesmas rsud rs bank pt cv toko ktp kk nik sim stnk npwp
    juga jg lagi lg saja aja sj kok sih dong nih deh lah kan pun masih msh sedang lalu terus trus karena krn kalau kalo klo
    lebih paling sangat baik ramah muda tua kandung tiri angkat mertua anak istri suami orang tua warung kos kost kontrakan
    nya semua seluruh setempat terkait bersangkutan ybs dimohon dengan hormat alamat nomor no hp wa telepon tlp telp
    kecil besar bagian umum pelayanan layanan sehat sakit melahirkan menyusui jualan pedagang pkk posyandu dharma wanita pertiwi
    negeri sipil hebat mantap sedangkan masuk muncul hilang keluar hanya cuma sebagai serta bersama selaku asal mewakili
    umur usia tinggal kakek nenek almarhum almarhumah alm si adik kakak om tante paman bibi cucu ipar menantu keponakan
    ayah korban teman tetangga saksi koperasi pihak pemerintah karyawan inspektur spesialis hewan gigi semoga ogah
    dinsos dispendik dispenduk dispendukcapil kadiskominfo
    """.split()
)
