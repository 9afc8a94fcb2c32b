import re
import sys
import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text.normalise import SLANG_PATH, normalise, slang

ODD = (
    "\ud800", "\udfff", "\ue000", "\U0010ffff", "\u0378",  # surrogates, private, unassigned
    "\u202e", "\u200f", "\u2067", "שלום", "مرحبا", "\u0640",  # right to left
    "👍🏽", "👨\u200d👩\u200d👧", "🇮🇩", "\ufe0f",  # emoji
    "ﷺ", "ﬃ", "㏍", "½", "²", "ẛ̣",  # one code point that stands for several
    "İ", "ẞ", "Σ", "ς", "ǅ", "\u0301", "\u00ad",  # letters with odd cases, marks
    "jalan", "jalan2", "abc2", "qt", "abc2nya", "yg", "yggg", "g", "kk", "!!!!!", "....", "aaa", "_", "2", " ",
    "\n", "\t", "\x00", "\x85",
)  # fmt: skip
ODD_TEXT = st.lists(st.sampled_from(ODD), max_size=12).map("".join)
ANY_TEXT = st.text(st.characters()) | ODD_TEXT


@given(ANY_TEXT)
def test_normalising_twice_is_normalising_once(text):
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize("text", ["aac2\u0301", "qt\u0301", "ygggg\u0301", "jalan2\u0338", "====\u0338"])
def test_an_accent_after_a_replaced_word_is_stable(text):
    assert normalise(normalise(text)) == normalise(text)


@given(ANY_TEXT)
def test_result_is_at_most_twenty_times_as_long(text):
    assert len(normalise(text)) <= 20 * len(text)


@given(ANY_TEXT)
def test_result_is_lower_case_encodable_and_single_spaced(text):
    once = normalise(text)
    once.encode("utf-8")
    assert once == once.lower()
    assert not re.search(r"\s\s|[^\S ]", once)
    assert once == once.strip()
    assert not {unicodedata.category(c) for c in once} & {"Cc", "Cs", "Co", "Cn"}


def test_every_code_point_alone_is_stable_and_bounded():
    changing = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.normalize("NFKC", c).lower() != c]
    assert len(changing) > 5_000
    for character in changing:
        once = normalise(character)
        assert normalise(once) == once
        assert len(once) <= 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \n\t ", ""),
        ("LAMPU Mati", "lampu mati"),
        ("a\u00a0\u2003b\r\nc", "a b c"),
        ("saluran\u200bair\ufeff", "saluranair"),
        ("ＬＡＭＰＵ", "lampu"),
        ("ﬁlm", "film"),
        ("cafe\u0301", "café"),
        ("bagussss", "bagus"),
        ("tolooooong", "tolong"),
        ("maaf", "maaf"),
        ("!!!!!!", "!"),
        ("...", "..."),
        ("Rp 5.000", "rp 5.000"),
        ("5000000", "5000000"),
        ("👍", "👍"),
    ],
)
def test_brings_case_space_and_letters_to_one_form(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jalan2", "jalan-jalan"),
        ("Jalan2nya", "jalan-jalannya"),
        ("teman²", "teman-teman"),
        ("orang2 desa", "orang-orang desa"),
        ("jln2", "jalan-jalan"),
        ("gara2", "karena"),
    ],
)
def test_writes_out_a_doubled_word(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text", ["sdn2", "smpn2", "smkn2", "blok2", "gang2", "covid19", "jalan 2", "jalan22", "km2", "2an", "x2y"]
)
def test_keeps_a_number_that_is_no_doubling(text):
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jln yg rusak blm diperbaiki", "jalan yang rusak belum diperbaiki"),
        ("Tdk ada PJU", "tidak ada penerangan_jalan"),
        ("makasih, bpk", "terima_kasih, bapak"),
        ("yggg", "yang"),
        ("sdg yang_terhormat", "sdg yang_terhormat"),
        ("ganggu", "ganggu"),
    ],
)
def test_replaces_slang_as_whole_words(text, expected):
    assert normalise(text) == expected


def test_every_slang_spelling_becomes_its_meaning():
    assert len(slang()) > 300
    assert {met: normalise(met) for met in slang()} == slang()


def test_no_meaning_holds_a_slang_spelling():
    words = {met: set(re.findall(r"[^\W_]+", meant)) for met, meant in slang().items()}
    assert {met: found & slang().keys() for met, found in words.items() if found & slang().keys()} == {}


def test_no_spelling_has_two_meanings():
    meanings: dict[str, set[str]] = {}
    for meant, met in tomllib.loads(SLANG_PATH.read_text(encoding="utf-8"))["slang"].items():
        for spelling in met.split():
            meanings.setdefault(spelling, set()).add(meant)
    assert {spelling: found for spelling, found in meanings.items() if len(found) > 1} == {}
