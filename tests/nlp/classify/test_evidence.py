import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.classify.evidence import DEFAULT_PATH, EvidenceFinder, circumstances, completeness, load_rules
from nlp.classify.features import tokens
from nlp.errors import SuaraError

FINDER = EvidenceFinder()
ENTRIES = [
    pytest.param(entry, id=f"{entry.get('role', 'context')}-{entry.get('kind', '')}-{n}")
    for n, entry in enumerate(FINDER.rules.entries)
]


def roles_of(entry):
    return entry.get("role") or entry["kind"]


def found_roles(text):
    return {(item.role, item.kind) for item in FINDER.find(tokens(text)) if not item.weakened}


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_entry_is_found_in_its_example_and_not_in_the_other(entry):
    wanted = (roles_of(entry), entry.get("kind", "") if "role" in entry else "")
    assert wanted in found_roles(entry["match"])
    assert wanted not in found_roles(entry["no_match"])


@pytest.mark.parametrize(
    "text",
    [
        "Pelayanan cepat, tidak ada pungli sama sekali",
        "Stop pungli di negeri kita",
        "Semoga korupsi di daerah ini cepat hilang",
        "Jukir liar memeras pengunjung minimarket",
        "Koruptor triliunan itu disuap siapa lagi",
    ],
)
def test_denials_wishes_news_and_street_parking_take_the_force_away(text):
    acts = [item for item in FINDER.find(tokens(text)) if item.role == "act"]
    assert acts, "the word itself is seen"
    assert all(item.weakened for item in acts)


@pytest.mark.parametrize(
    "text",
    [
        "Ada pungli di loket pendaftaran",
        "Waktu tanda tangan dimintai 50rb oleh pak RT",
        "Jukir resmi dishub memeras, minta uang lebih dari karcis",
        "bantuan ibu saya dipotong kader seratus ribu",
    ],
)
def test_a_plain_report_keeps_its_force(text):
    assert any(item.role == "act" and not item.weakened for item in FINDER.find(tokens(text)))


def test_completeness_tells_what_a_report_still_lacks():
    assert completeness("pungli merajalela", FINDER) == {
        "siapa": False, "apa": True, "di mana": False, "kapan": False, "berapa": False,
    }  # fmt: skip
    full = "Kemarin di kelurahan Tanjung gang 3, staf minta uang 50 ribu untuk tanda tangan"
    assert all(completeness(full, FINDER).values())


def test_cues_have_a_fixed_shape_and_stay_between_zero_and_one():
    rows = [tokens(text) for text in ("", "pungli pungli pungli oleh oknum lurah 50rb", "jalan rusak")]
    cues = FINDER.cues([FINDER.find(row) for row in rows])
    assert cues.shape == (3, len(FINDER.cue_names))
    assert 0 <= cues.min() <= cues.max() <= 1
    assert not cues[0].any()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[[phrase]]\nrole='act'\nwords=['x']\nmatch='x'\n", "butir ke-1"),
        ("[[phrase]]\nrole='entah'\nwords=['x']\nmatch='x'\nno_match='y'\n", "butir ke-1"),
        ("[[phrase]\n", "daftar petunjuk"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path, content, named):
    path = tmp_path / "petunjuk.toml"
    path.write_text(content)
    with pytest.raises(SuaraError, match=named):
        load_rules(path)


def test_an_office_adds_a_phrase_of_its_own(tmp_path):
    path = tmp_path / "petunjuk.toml"
    own = "\n[[phrase]]\nrole='act'\nkind='pungli_pemerasan'\nwords=['uang map']\nmatch='uang map wajib'\nno_match='map hilang'\n"
    path.write_text(DEFAULT_PATH.read_text() + own)
    assert any(item.role == "act" for item in EvidenceFinder(load_rules(path)).find(tokens("ada uang map di sini")))
    assert not any(item.role == "act" for item in FINDER.find(tokens("ada uang map di sini")))


# ------------------------------------------------------------------------------------------------ where and when
@pytest.mark.parametrize(
    ("text", "places", "times"),
    [
        ("di Kantor Kelurahan Sukasari, tanggal 12 Maret 2021", ["Kantor Kelurahan Sukasari"], ["tanggal 12 Maret 2021"]),
        ("pungli di RT 04 RW 02 hari Senin pagi", ["RT 04 RW 02"], ["hari Senin pagi"]),
        ("di jl Melati Baru no 3 kemarin jam 09.30", ["jl Melati Baru"], ["kemarin", "jam 09.30"]),
        ("jalan rusak dan pasar kotor", [], []),
        ("sejak bulan Juli 2020 di SMPN 99", ["SMPN 99"], ["bulan Juli 2020"]),
    ],
)  # fmt: skip
def test_where_and_when_are_found_where_they_are_written_out(text, places, times):
    found = circumstances(text)
    assert [text[start:end] for start, end, role in found if role == "place"][: len(places)] == places
    assert [text[start:end] for start, end, role in found if role == "time"] == times


@given(st.text(alphabet="jalan RT 04 Senin 12/3/2020 Mei pasar Ab", max_size=200))
def test_where_and_when_are_stretches_of_the_text(text):
    assert all(0 <= start < end <= len(text) for start, end, _ in circumstances(text))
