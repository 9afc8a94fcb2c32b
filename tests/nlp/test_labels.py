import hashlib
import tomllib

import pytest

from nlp.errors import SuaraError
from nlp.labels import DEFAULT_PATH, FAMILIES, load_labels

CODES = {
    "topic": (
        "jalan", "drainase_banjir", "penerangan_jalan", "sampah", "pohon_taman", "air_bersih", "listrik_telekomunikasi",
        "perhubungan", "kependudukan", "kesehatan", "pendidikan", "bantuan_sosial", "ketenagakerjaan", "ekonomi_perizinan",
        "pertanahan_bangunan", "lingkungan", "ketertiban", "pajak_retribusi", "aparatur", "layanan_digital",
        "perlindungan_sosial", "kebencanaan", "pertanian_hewan", "lainnya",
    ),
    "aspect": (
        "persyaratan", "prosedur", "waktu", "biaya", "produk", "kompetensi", "perilaku", "pengaduan", "sarana",
        "bukan_layanan",
    ),
    "sentiment": ("negatif", "netral", "positif"),
    "urgency": ("biasa", "tinggi", "darurat"),
    "band": ("0", "1", "2", "3"),
    "kinds": (
        "pungli_pemerasan", "suap_percaloan", "penggelapan_dana", "kecurangan_pengadaan", "nepotisme_konflik",
        "penyalahgunaan_wewenang",
    ),
}  # fmt: skip

SMALL = """
version = 1
[topic.jalan]
name = "Jalan"
meaning = "Jalan rusak."
standard_days = 14
standard_share = 0.9
examples = ["Aspal berlubang"]
lapor = ["infrastruktur jalan"]
[topic.lainnya]
name = "Lainnya"
meaning = "Topik lain."
[aspect.waktu]
element = "U3"
name = "Waktu"
meaning = "Lama layanan."
[aspect.bukan_layanan]
name = "Bukan layanan"
meaning = "Obrolan."
[sentiment.negatif]
name = "Negatif"
meaning = "Tidak puas."
[sentiment.positif]
name = "Positif"
meaning = "Puas."
[urgency.biasa]
name = "Biasa"
meaning = "Dapat menunggu."
[urgency.darurat]
name = "Darurat"
meaning = "Bahaya."
[band.0]
name = "Tidak ada"
meaning = "Tidak ada."
[band.1]
name = "Maladministrasi"
meaning = "Penundaan."
[band.2]
name = "Indikasi"
meaning = "Samar."
[band.3]
name = "Dugaan kuat"
meaning = "Nyata."
[kinds.pungli_pemerasan]
name = "Pungli"
meaning = "Uang diminta."
[kinds.suap_percaloan]
name = "Suap"
meaning = "Uang diberi."
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "kantor.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("family", FAMILIES)
def test_default_file_has_exactly_the_codes_of_the_gold_set(family):
    assert sorted(load_labels().codes(family)) == sorted(CODES[family])


def test_scales_keep_their_order():
    labels = load_labels()
    assert labels.codes("urgency") == CODES["urgency"]
    assert labels.codes("band") == CODES["band"]


def test_aspects_are_the_nine_skm_elements_and_one_that_is_none():
    elements = {aspect.code: aspect.element for aspect in load_labels().aspect}
    assert elements.pop("bukan_layanan") is None
    assert elements == {
        "persyaratan": "U1",
        "prosedur": "U2",
        "waktu": "U3",
        "biaya": "U4",
        "produk": "U5",
        "kompetensi": "U6",
        "perilaku": "U7",
        "pengaduan": "U8",
        "sarana": "U9",
    }


def test_every_topic_has_a_standard_an_example_and_a_lapor_name():
    for topic in load_labels().topic:
        assert 1 <= topic.standard_days <= 60, topic.code
        assert 0.5 <= topic.standard_share <= 1, topic.code
        assert topic.examples, topic.code
        assert topic.lapor, topic.code


def test_no_lapor_name_leads_to_two_topics():
    names = [name for topic in load_labels().topic for name in topic.lapor]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_no_two_codes_of_a_family_share_a_name():
    labels = load_labels()
    for family in FAMILIES:
        names = [label.name for label in labels.family(family)]
        assert len(names) == len(set(names)), family


def test_reads_every_field_of_an_own_file(write):
    path = write(SMALL)
    labels = load_labels(path)
    jalan = labels.topic[0]
    assert (jalan.code, jalan.name, jalan.meaning) == ("jalan", "Jalan", "Jalan rusak.")
    assert (jalan.standard_days, jalan.standard_share) == (14, 0.9)
    assert (jalan.examples, jalan.lapor) == (("Aspal berlubang",), ("infrastruktur jalan",))
    assert labels.topic[1].standard_days is None
    assert labels.aspect[0].element == "U3"
    assert labels.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_names_a_code_and_leaves_an_unknown_one_as_it_is():
    labels = load_labels()
    assert labels.name("topic", "sampah") == "Persampahan"
    assert labels.name("topic", "kode_lama") == "kode_lama"
    assert labels.name("unit", "Dinas Sosial") == "Dinas Sosial"


def test_an_unknown_family_is_a_key_error():
    with pytest.raises(KeyError, match="unit"):
        load_labels().codes("unit")


def test_files_of_the_same_content_are_equal_labels(write):
    assert load_labels(write(DEFAULT_PATH.read_text(encoding="utf-8") + "\n# catatan\n")) == load_labels()


WRONG = {
    "missing family": ("[kinds.", "[jenis.", "jenis"),
    "no kinds at all": (SMALL[SMALL.index("[kinds.") :], "", "'kinds'"),
    "one label only": (SMALL[SMALL.index("[topic.lainnya]") : SMALL.index("[aspect.waktu]")], "", "'topic'"),
    "family is no table": (SMALL[: SMALL.index("[aspect.waktu]")], 'topic = "jalan"\n', "'topic'"),
    "unknown key": ("standard_days = 14", "standar_hari = 14", "topic.jalan.standar_hari"),
    "label is no table": ("[topic.lainnya]", "[topic]\nlainnya = 5\n[topic.taman]", "topic.lainnya"),
    "name is a number": ('name = "Jalan"', "name = 5", "topic.jalan.name"),
    "name is blank": ('name = "Jalan"', 'name = " "', "topic.jalan.name"),
    "meaning is missing": ('meaning = "Jalan rusak."', "", "topic.jalan.meaning"),
    "examples is text": ('["Aspal berlubang"]', '"Aspal berlubang"', "topic.jalan.examples"),
    "lapor holds a number": ('["infrastruktur jalan"]', "[1]", "topic.jalan.lapor"),
    "days are zero": ("standard_days = 14", "standard_days = 0", "topic.jalan.standard_days"),
    "days are negative": ("standard_days = 14", "standard_days = -3", "topic.jalan.standard_days"),
    "days are not whole": ("standard_days = 14", "standard_days = 1.5", "topic.jalan.standard_days"),
    "days are text": ("standard_days = 14", 'standard_days = "14"', "topic.jalan.standard_days"),
    "days are true": ("standard_days = 14", "standard_days = true", "topic.jalan.standard_days"),
    "share is over one": ("standard_share = 0.9", "standard_share = 90", "topic.jalan.standard_share"),
    "share is no number": ("standard_share = 0.9", "standard_share = nan", "topic.jalan.standard_share"),
    "element is a number": ('element = "U3"', "element = 3", "aspect.waktu.element"),
    "element is unknown": ('element = "U3"', 'element = "U10"', "aspect.waktu.element"),
    "code has a capital": ("[topic.jalan]", "[topic.Jalan]", "topic.Jalan"),
    "code has a space": ("[topic.jalan]", '[topic."jalan raya"]', "topic.jalan raya"),
    "code has a bar": ("[kinds.suap_percaloan]", '[kinds."suap|calo"]', "kinds.suap|calo"),
    "code is too long": ("[topic.jalan]", f"[topic.{'a' * 41}]", f"topic.{'a' * 41}"),
    "band lacks a step": (SMALL[SMALL.index("[band.3]") : SMALL.index("[kinds.pungli")], "", "'band'"),
    "band is out of order": ("[band.0]", "[band.9]", "'band'"),
}


@pytest.mark.parametrize(("old", "new", "key"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_told_by_key_and_remedy(write, old, new, key):
    assert old in SMALL
    path = write(SMALL.replace(old, new))
    with pytest.raises(SuaraError) as caught:
        load_labels(path)
    message = str(caught.value)
    assert key in message
    assert path.name in message
    assert caught.value.remedy in message
    assert "nlp/labels.toml" in caught.value.remedy
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"[topic\n", b"topic = \xff\xfe", b"\x00\x01", b"[a]\nx = 1\nx = 2\n"])
def test_broken_toml_is_told_with_a_remedy(tmp_path, content):
    path = tmp_path / "rusak.toml"
    path.write_bytes(content)
    with pytest.raises(SuaraError, match=r"rusak\.toml: bukan TOML yang sah.*salin ulang") as caught:
        load_labels(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make_folder", [False, True])
def test_a_missing_file_or_a_folder_is_told_with_a_remedy(tmp_path, make_folder):
    path = tmp_path / "tidak_ada.toml"
    if make_folder:
        path.mkdir()
    with pytest.raises(SuaraError) as caught:
        load_labels(path)
    assert str(path) in str(caught.value)
    assert "salin nlp/labels.toml" in caught.value.remedy


def test_the_small_file_of_these_tests_is_sound(write):
    assert set(tomllib.loads(SMALL)) == {"version", *FAMILIES}
    assert load_labels(write(SMALL)).codes("topic") == ("jalan", "lainnya")
