import datetime
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text.privacy import Masked, is_nik, mask

# Regions that exist, with an invented district, a date and a serial number drawn in the test: no real person's number.
REGIONS = ("317101", "357802", "327305", "510304", "120115", "657103", "920206", "960102")
GAPS = (" ", ".", "-", " - ", "  ", "/", "_", "\u00a0", "\u200b", "\u2011", "\u2009", "\u2066", "\u3000", "\uff0d")
WORDS = st.sampled_from(("", "NIK saya ", "nik:", "KTP", "x", "warga RT 03 RW 05 ", "(", "no. ", "data, "))
AFTER = st.sampled_from(("", " atas nama saya", "x", ".", ")", ", umur 45", " mohon dicek", "wib"))
FRAGMENTS = (
    "3171", "0112", "0390", "0001", "3171011203900001", "0812", "081234567890", "+62", "62", "(", ")", "8", "12",
    "2022", "12-03-2022", "500.000", "1.500.000", "Rp ", "KK ", "NPWP ", "01.234.567.8-901.000", "rek bca ", "VA ",
    "bank mandiri ", "L 1234 AB", "motor ", "nopol ", "B 12 xy", "a@b.id", "https://a.id/x?t=1", "www.", "bit.ly/",
    "[", "]", "[NIK]", "[NAMA]", "[PLAT]", "[KK]", "Pak ", "Bu ", "bapak. ", "Budi", "Siti Aminah", "nama saya ",
    "a.n. ", "RT 05", "RW 12", " ", " ", " ", "-", ".", ",", "/", "\n", "\u200b", "１２３４", "x", "dan", "Lurah", "'",
)  # fmt: skip
FRAGMENT_TEXT = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)


def digits_of(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def kinds_of(masked: Masked) -> list[str]:
    return [span.kind for span in masked.spans]


@st.composite
def niks(draw: st.DrawFn) -> str:
    day = draw(st.integers(1, 28)) + draw(st.sampled_from((0, 40)))
    year, month, serial = draw(st.integers(0, 99)), draw(st.integers(1, 12)), draw(st.integers(1, 9999))
    return f"{draw(st.sampled_from(REGIONS))}{day:02}{month:02}{year:02}{serial:04}"


@st.composite
def phones(draw: st.DrawFn) -> str:
    return f"8{draw(st.integers(1, 9))}" + "".join(map(str, draw(st.lists(st.integers(0, 9), min_size=7, max_size=10))))


@st.composite
def grouped(draw: st.DrawFn, digits: st.SearchStrategy[str], smallest: int = 1) -> str:
    rest, parts = draw(digits), []
    while rest:
        size = draw(st.integers(smallest, 6))
        size = len(rest) if len(rest) - size < smallest else size
        parts += [rest[:size], draw(st.sampled_from(GAPS))]
        rest = rest[size:]
    return "".join(parts[:-1])


@given(st.text())
def test_masking_twice_is_masking_once(text):
    once = mask(text).text
    assert mask(once).text == once


@given(FRAGMENT_TEXT)
def test_masking_twice_is_masking_once_where_numbers_and_cues_abound(text):
    once = mask(text).text
    assert mask(once).text == once


@given(FRAGMENT_TEXT | st.text())
def test_spans_rebuild_the_masked_text(text):
    masked = mask(text)
    parts, position = [], 0
    for span in masked.spans:
        assert position <= span.start < span.end <= len(text)
        assert masked.text.startswith(span.placeholder, span.masked_start)
        parts += [text[position : span.start], span.placeholder]
        position = span.end
    assert "".join([*parts, text[position:]]) == masked.text


@given(FRAGMENT_TEXT | st.text())
def test_positions_lead_back_to_the_same_characters(text):
    masked = mask(text)
    inside = {s.masked_start + i: s.start for s in masked.spans for i in range(len(s.placeholder))}
    for position, character in enumerate(masked.text):
        if position in inside:
            assert masked.to_original(position) == inside[position]
        else:
            assert text[masked.to_original(position)] == character
    assert masked.to_original(len(masked.text)) == len(text)


@given(niks())
def test_drawn_niks_have_the_form_of_a_nik(nik):
    assert is_nik(nik)


@pytest.mark.parametrize(
    "digits",
    [
        "9999010101010001",  # no such province
        "2071010101900001",
        "3171013202900001",  # day 32
        "3171017202900001",  # day 72 is 32 of a woman
        "3171010113900001",  # month 13
        "3171013002900001",  # 30 February
        "317101010190001",  # 15 digits
        "31710101019000011",  # 17 digits
        "317101010190000x",
    ],
)
def test_refuses_a_number_that_cannot_be_a_nik(digits):
    assert not is_nik(digits)


@given(WORDS, grouped(niks()), AFTER)
def test_masks_a_nik_written_with_any_separators(before, nik, after):
    masked = mask(before + nik + after)
    assert digits_of(nik) not in digits_of(masked.text)
    assert kinds_of(masked) == ["NIK"]


@given(WORDS, niks(), AFTER)
def test_masks_an_unbroken_nik_between_or_glued_to_words(before, nik, after):
    masked = mask(before + nik + after)
    assert masked.text == f"{before}[NIK]{after}"


@given(grouped(niks()), st.sampled_from(("\uff10", "\u0660", "\u0966")))
def test_masks_a_nik_in_digits_of_another_script(nik, zero):
    foreign = "".join(chr(ord(zero) + int(c)) if c.isdecimal() else c for c in nik)
    assert mask(f"nomor {foreign} milik saya").text == "nomor [NIK] milik saya"


@given(niks(), st.sampled_from(("5", "12", "007", "2022")), st.booleans())
def test_masks_a_nik_with_stray_digits_glued_to_it(nik, extra, in_front):
    masked = mask(f"nik {extra + nik if in_front else nik + extra} saya")
    assert masked.text == "nik [NOMOR] saya"


@given(grouped(niks()), grouped(phones(), smallest=3))
def test_masks_a_nik_and_a_phone_side_by_side(nik, phone):
    assert mask(f"{nik} / 0{phone}").text == "[NIK] / [TELP]"


@pytest.mark.parametrize("cue", ["KK ", "no KK: ", "nomor kartu keluarga saya "])
def test_calls_a_family_card_number_kk(cue):
    assert mask(f"{cue}3171 0112 0390 0001").text == f"{cue}[KK]"
    assert mask(f"{cue}3171011203900001").text == f"{cue}[KK]"


@given(
    st.sampled_from(("", "hub ", "WA:", "telp.", "hp saya ", "nomor")),
    st.sampled_from(("+62", "+62 ", "+62-", "62", "62 ", "0", "(0", "+62 (0", "+62(0)")),
    grouped(phones(), smallest=3),
    st.sampled_from(("", ".", " ya", ", terima kasih", "wa")),
)
def test_masks_a_mobile_phone_written_with_any_separators(before, prefix, phone, after):
    masked = mask(before + prefix + phone + after)
    assert kinds_of(masked) == ["TELP"]
    assert not digits_of(masked.text)
    assert masked.text.startswith(before)
    assert masked.text.endswith(after)


@pytest.mark.parametrize(
    "phone",
    [
        "(0812) 3456-7890",
        "(+62) 812 3456 7890",
        "62.812.3456.7890",
        "628.123.456.789",
        "081234000000",
        "+6281200000000",
        "(+62) (812) 34567890",
    ],
)
def test_masks_phones_with_brackets_and_round_digits(phone):
    assert mask(f"hub {phone} ya").text == "hub [TELP] ya"


@pytest.mark.parametrize("phone", ["(031) 5678901", "021-1234567", "0274 123456", "0317654321"])
def test_masks_a_landline(phone):
    assert mask(f"kantor {phone} tidak diangkat").text == "kantor [TELP] tidak diangkat"


UNTOUCHED = [
    "Rp 500.000", "Rp. 500.000,-", "1.500.000", "Rp1.250.000,00", "150rb", "1,5jt", "Rp 1250750000", "Rp10000000000",
    "Rp 62.812.345.678", "Rp1.500.000.000.000", "antara 500.000 - 1.500.000 per orang", "12-03-2022", "12/3/2022",
    "2022-01-01", "12.05.2022", "12-03-2022 08:30", "02-03-2022 08:30", "08-12-2022 10:15", "pukul 08.15 12/03/2022",
    "12/01/2022 - 05/02/2022", "08/12/2022 - 09/12/2022", "jam 08.00-12.00", "pukul 23:59 WIB", "Jl. Mawar No. 17B",
    "Blok C-15 / 12", "RT 05 RW 12", "RT.02/RW.03", "rt 003/007", "tahun 2019/2020", "2019-2022", "sejak 2021", "tiket 123456789",
    "laporan #20220112", "kode pos 60231", "SMPN 12 kelas 7A", "KM 12 tol", "TAHUN KB 2022 DAN 2023", "nomor 110 dan 112",
]  # fmt: skip


@pytest.mark.parametrize("text", UNTOUCHED)
def test_leaves_amounts_dates_times_and_places(text):
    for context in ("{}", "Mohon dicek {} segera", "sudah bayar, {}."):
        assert mask(context.format(text)).text == context.format(text)


@given(st.integers(1_000, 10**13), st.sampled_from(("Rp{}", "Rp {}", "Rp. {},-", "biaya {} rupiah", "Rp {},00")))
def test_leaves_any_amount_with_its_currency(amount, form):
    text = form.format(f"{amount:,}".replace(",", "."))
    assert mask(text).text == text


@given(
    st.dates(datetime.date(1930, 1, 1), datetime.date(2060, 1, 1)),
    st.dates(datetime.date(1930, 1, 1), datetime.date(2060, 1, 1)),
    st.sampled_from(("{0:%d-%m-%Y}", "{0:%d/%m/%Y}", "{0:%Y-%m-%d}", "{0:%d.%m.%Y}", "{0.day}/{0.month}/{0.year}")),
    st.sampled_from(("{} 08:30", "{} jam 8", "{} 10.15", "{} pukul 10.15-11.15", "{} - {}", "{}-{}", "{} s/d {}", "{} dan {}")),
)
def test_leaves_any_date_with_time_or_a_second_date(first, second, form, sentence):
    text = sentence.format(form.format(first), form.format(second))
    assert mask(text).text == text


@pytest.mark.parametrize(
    "number", ["01.234.567.8-901.000", "012345678901000", "01 234 567 8 901 000", "0012345678901000", "0012 3456 7890 1000"]
)
def test_masks_a_tax_number_of_15_or_16_digits(number):
    assert mask(f"NPWP {number} sudah dikirim").text == "NPWP [NPWP] sudah dikirim"


def test_masks_a_tax_number_that_is_a_nik():
    assert mask("NPWP saya 3171011203900001").text == "NPWP saya [NIK]"


def test_masks_the_dotted_tax_number_without_a_cue():
    assert mask("nomornya 01.234.567.8-901.000 ya").text == "nomornya [NPWP] ya"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("rek BCA 1234567890", "rek BCA [REKENING]"),
        ("no rekening 1234-01-012345-50-1 bri", "no rekening [REKENING] bri"),
        ("norek: 12345678", "norek: [REKENING]"),
        ("transfer ke mandiri a.n. dia 123 00 1234567 8", "transfer ke mandiri a.n. dia [REKENING]"),
        ("virtual account 9910 1234 5678", "virtual account [REKENING]"),
    ],
)
def test_masks_an_account_after_its_cue(text, masked):
    assert mask(text).text == masked


@pytest.mark.parametrize("text", ["setor ke bank BRI 1.500.000", "bank mandiri tahun 2019 2020", "BNI cabang 12-03-2022"])
def test_leaves_amounts_and_dates_after_a_bank(text):
    assert mask(text).text == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mobil L 1234 AB parkir", "mobil [PLAT] parkir"),
        ("B1234XYZ menerobos", "[PLAT] menerobos"),
        ("AB-1234-CD", "[PLAT]"),
        ("nopol w 12 xy", "nopol [PLAT]"),
        ("motor plat l 1234 ab ngebut", "motor plat [PLAT] ngebut"),
    ],
)
def test_masks_a_vehicle_plate(text, masked):
    assert mask(text).text == masked


@pytest.mark.parametrize("address", ["a.b+c@contoh.go.id", "NAMA_1@contoh.co.id", "x@y.id"])
def test_masks_an_email(address):
    assert mask(f"surel {address}, ya").text == "surel [EMAIL], ya"


@pytest.mark.parametrize(
    "url",
    [
        "https://contoh.go.id/lapor?id=5&token=abc123",
        "HTTP://CONTOH.GO.ID/A",
        "www.contoh.go.id/a",
        "Www.contoh.go.id",
        "bit.ly/3abcXY",
        "wa.me/6281234567890",
        "https://a@contoh.go.id/x?token=abc",
        "https://contoh.go.id/reset?email=b@contoh.id&token=abc123",
        "https://contoh.go.id/?ids[]=1&filter[status]=2&token=abc",
    ],
)
def test_masks_a_url_with_its_tokens(url):
    assert mask(f"lihat {url} ya").text == "lihat [URL] ya"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("nama saya Budi Santoso, warga", "nama saya [NAMA], warga"),
        ("nama saya budi", "nama saya [NAMA]"),
        ("Nama: Agus Salim\nalamat", "Nama: [NAMA]\nalamat"),
        ("a.n. Siti Aminah belum terbit", "a.n. [NAMA] belum terbit"),
        ("atas nama Nur'aini Siregar", "atas nama [NAMA]"),
        ("petugas bernama Joko menolak", "petugas bernama [NAMA] menolak"),
        ("perkenalkan saya Dewi Lestari dari Bogor", "perkenalkan saya [NAMA] dari Bogor"),
        ("bertemu Ibu Sri Wahyuni kemarin", "bertemu Ibu [NAMA] kemarin"),
        ("kata pak budi tidak bisa", "kata pak [NAMA] tidak bisa"),
        ("Yth. Bpk. Bagong", "Yth. Bpk. [NAMA]"),
        ("kata Pak RT Sutrisno tidak bisa", "kata Pak RT [NAMA] tidak bisa"),
        ("ketua RW 04 Sutrisno Hadi menolak", "ketua RW 04 [NAMA] menolak"),
        ("bu lurah yuni galak", "bu lurah [NAMA] galak"),
        ("ketua rt 03/rw 05 sutrisno", "ketua rt 03/rw 05 [NAMA]"),
        ("Lurah Kebonsari tidak hadir", "Lurah Kebonsari tidak hadir"),
        ("KATA PAK BUDI TIDAK BISA", "KATA PAK [NAMA] TIDAK BISA"),
    ],
)
def test_masks_a_name_after_its_cue(text, masked):
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "Pak Walikota, mohon dibantu",
        "Bu Lurah dan Bapak Ketua RT",
        "Yth. Bapak Camat Sukolilo",
        "Pak Kepala Dinas Sosial",
        "Bapak Ibu sekalian",
        "bu guru dan pak polisi",
        "Terima kasih pak. Semoga cepat selesai",
        "Mohon bantuannya bu. Saya warga kota",
        "pak, Jalan rusak",
        "dokter gigi di Puskesmas",
        "atas nama warga RT 05",
        "nama saya tidak terdaftar",
        "nama anak saya belum masuk",
        "RSUD dr. Soetomo penuh",
        "di Jalan Dr. Moestopo macet",
        "MOHON PAK JALAN KAMI DIPERBAIKI",
        "bu hari ini libur",
    ],
)
def test_leaves_titles_and_ordinary_words(text):
    assert mask(text).text == text


def test_masks_everything_in_one_message():
    text = "Saya Budi, NIK 3171011203900001, hp 0812-3456-7890, surel b@contoh.id, rek BRI 123456789012, motor L 1234 AB"
    masked = mask(text)
    assert set(kinds_of(masked)) >= {"NIK", "TELP", "EMAIL", "REKENING", "PLAT"}
    assert not re.search(r"\d", masked.text)


def test_a_text_without_personal_data_is_itself():
    masked = mask("Lampu jalan di depan pasar mati sejak kemarin")
    assert masked == Masked("Lampu jalan di depan pasar mati sejak kemarin", ())
