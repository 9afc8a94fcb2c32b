import re

import numpy as np
import pytest
from datasketch import MinHash

from nlp.corpus.reader import read_seed
from nlp.labels import FAMILIES, load_labels
from nlp.text.privacy import is_nik, mask


@pytest.fixture(scope="module")
def seed():
    return read_seed(load_labels())


@pytest.fixture(scope="module")
def words(seed):
    return [re.findall(r"\w+", text.lower()) for text in seed["text"]]


def runs(row, n):
    return [" ".join(row[i : i + n]) for i in range(len(row) - n + 1)]


def test_has_rows_enough_to_learn_from(seed):
    assert len(seed) >= 1_500


@pytest.mark.parametrize("family", FAMILIES)
def test_every_code_has_rows(seed, family):
    found = {code for cell in seed[family] for code in cell.split("|") if code}
    assert found == set(load_labels().codes(family))


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "kinds"])
def test_every_row_has_every_label(seed, family):
    assert seed["text"][seed[family] == ""].tolist() == []


def test_kinds_stand_exactly_where_the_band_is_2_or_3(seed):
    wrong = seed["band"].isin(["2", "3"]) != (seed["kinds"] != "")
    assert seed["text"][wrong].tolist() == []


def test_no_two_rows_are_nearly_alike(seed, words):
    shingles = [{run.encode() for run in runs(row, 3) or [" ".join(row)]} for row in words]
    signatures = np.stack([sketch.hashvalues for sketch in MinHash.bulk(shingles, num_perm=128)])
    alike = []
    for i, signature in enumerate(signatures[:-1]):
        similarity = (signatures[i + 1 :] == signature).mean(axis=1)
        alike += [(seed["text"][i], seed["text"][i + 1 + j]) for j in np.flatnonzero(similarity > 0.6)]
    assert alike == []


def test_most_runs_of_four_words_occur_once(words):
    found = [run for row in words for run in runs(row, 4)]
    assert len(set(found)) / len(found) >= 0.9


def test_every_number_that_looks_personal_is_plainly_invented(seed):
    real = []
    for text in seed["text"]:
        for span in mask(text).spans:
            stretch = text[span.start : span.end]
            digits = re.sub(r"\D", "", stretch)
            invented = {
                "NIK": not is_nik(digits),
                "KK": not is_nik(digits),
                "TELP": digits.endswith("00000000"),
                "PLAT": set(digits) == {"0"},
            }.get(span.kind, len(set(digits)) == 1)
            if not (invented or span.kind == "NAMA"):
                real.append((span.kind, stretch))
    assert real == []
