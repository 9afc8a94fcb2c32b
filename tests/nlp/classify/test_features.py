import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from nlp.classify.features import FeatureSpace, char_ngrams, tokens, tokens_with_spans
from nlp.classify.vectoriser import TextFeatures
from nlp.corpus.reader import read_seed
from nlp.labels import load_labels
from nlp.text.normalise import normalise

FRAGMENTS = (
    "jln",
    "jalan2",
    "yg",
    "Lampu",
    "mati",
    "5.000",
    "07",
    "!!",
    "?",
    "...",
    "bagussss",
    "ﷺ",
    "é",
    "\u0301",
    "👍",
    "_",
    "\x1c",
)
TEXT = st.text() | st.lists(st.sampled_from((*FRAGMENTS, " ", " ", "\n", "\u00a0", "\u200b", "-")), max_size=20).map("".join)


@pytest.fixture(scope="module")
def messages():
    return read_seed(load_labels())["text"].tolist()[::15]


@pytest.fixture(scope="module")
def fitted(messages):
    return TextFeatures(min_texts=2).fit(messages)


def words_and_pairs(text):
    row = tokens(text)
    return [*row, *(f"{a} {b}" for a, b in pairwise(row))]


def characters(text):
    return [gram for token in tokens(text) for gram in char_ngrams(token, 2, 5)]


# ------------------------------------------------------------------------------------------------ tokens
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Jln yg RUSAK", ["jalan", "yang", "rusak"]),
        ("Rp 5.000 no 12A", ["rp", "0", "000", "nomor", "00a"]),
        ("jalan2 rusak!!", ["jalan", "jalan", "rusak", "!", "!"]),
        ("kapan? (mohon)", ["kapan", "?", "mohon"]),
        ("a" + "b" * 2 + "cd" * 40, ["abb" + "cd" * 13 + "c"]),
        ("makasih", ["terima_kasih"]),
    ],
)
def test_tokens_are_normalised_words_with_digits_as_zero(text, expected):
    assert tokens(text) == expected


@given(TEXT)
def test_normalising_before_changes_no_token(text):
    assert tokens(normalise(text)) == tokens(text)


@given(TEXT)
def test_tokens_with_spans_are_the_tokens_and_cover_the_text(text):
    found = tokens_with_spans(text)
    assert [token for token, _, _ in found] == tokens(text)
    spans = list(dict.fromkeys((start, end) for _, start, end in found))
    assert all(text[start:end] and not any(map(str.isspace, text[start:end])) for start, end in spans)
    borders = [0, *(border for span in spans for border in span), len(text)]
    assert borders == sorted(borders)
    between = zip(borders[::2], borders[1::2], strict=True)
    assert [tokens(text[start:end]) for start, end in between] == [[]] * (len(spans) + 1)


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=30), st.integers(1, 4), st.integers(0, 4))
def test_character_ngrams_are_those_of_scikit_learn(token, low, more):
    reference = TfidfVectorizer(analyzer="char_wb", ngram_range=(low, low + more), lowercase=False).build_analyzer()
    assert sorted(char_ngrams(token, low, low + more)) == sorted(reference(token))


# ------------------------------------------------------------------------------------------------ the space
def test_a_row_is_what_a_hand_computes():
    idf = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    space = FeatureSpace(["lampu", "lampu mati", "mati"], [], idf, chars=None)
    row = space.transform(["lampu mati mati, gelap"]).toarray()[0]
    raw = [1.0, 2.0, 3.0 * (1 + math.log(2))]
    assert row == pytest.approx([value / math.hypot(*raw) for value in raw], rel=1e-6)


def test_words_and_characters_have_a_length_each():
    idf = np.array([1.0, 1.0, 2.0, 5.0], dtype=np.float32)
    space = FeatureSpace(["air"], [" a", "ai", "zz"], idf, chars=(2, 2), char_weight=0.5)
    row = space.transform(["air"]).toarray()[0]
    assert row == pytest.approx([1.0, 0.5 / math.sqrt(5), 1.0 / math.sqrt(5), 0.0], rel=1e-6)


def test_idf_is_what_a_hand_computes():
    space = TextFeatures(min_texts=1, chars=None).fit(["lampu mati", "lampu lampu", "air keruh"]).space_
    idf = dict(zip(space.words, space.idf.tolist(), strict=True))
    assert set(idf) == {"lampu", "mati", "lampu mati", "lampu lampu", "air", "keruh", "air keruh"}
    assert idf["lampu"] == pytest.approx(math.log(4 / 3) + 1, rel=1e-6)
    assert idf["keruh"] == pytest.approx(math.log(4 / 2) + 1, rel=1e-6)


def test_unknown_words_and_empty_texts_give_empty_rows():
    space = FeatureSpace(["lampu"], [" l"], np.ones(2, np.float32), chars=(2, 2))
    rows = space.transform(["", "xyz", "lampu", "   "])
    assert rows.shape == (4, 2)
    assert np.diff(rows.indptr).tolist() == [0, 0, 2, 0]
    assert space.transform([]).shape == (0, 2)
    assert rows.dtype == np.float32


def test_wants_one_idf_for_every_column():
    with pytest.raises(ValueError, match="3 idf values for 1 words and 1 n-grams"):
        FeatureSpace(["lampu"], [" l"], np.ones(3, np.float32))


def test_a_batch_equals_one_by_one(fitted, messages):
    batch = fitted.transform(messages[:100])
    single = [fitted.transform([message]) for message in messages[:100]]
    assert all((batch[i] != row).nnz == 0 for i, row in enumerate(single))


def test_token_and_pair_features_point_at_their_words():
    space = TextFeatures(min_texts=1).fit(["jalan rusak", "di pasar"]).space_
    names = space.words + space.grams
    pairs = space.pair_features(tokens("jalan rusak di jalan rusak"))
    assert [(position, names[column]) for position, column in pairs] == [(0, "jalan rusak"), (3, "jalan rusak")]
    for _ in range(2):  # learnt once, remembered after
        assert [names[column] for column in space.token_features("jalan")] == ["jalan", *char_ngrams("jalan", 2, 5)]
    known = {gram for word in ("jalan", "rusak", "di", "pasar") for gram in char_ngrams(word, 2, 5)}
    assert [names[column] for column in space.token_features("jala")] == [g for g in char_ngrams("jala", 2, 5) if g in known]


@pytest.mark.parametrize(("min_texts", "char_weight"), [(1, 1.0), (2, 1.0), (3, 0.4)])
def test_rows_equal_a_union_of_two_scikit_learn_vectorisers(messages, min_texts, char_weight):
    learnt, unseen = messages[:300], messages[300:]
    mine = TextFeatures(min_texts=min_texts, char_weight=char_weight).fit(learnt)
    parts = [("words", words_and_pairs), ("characters", characters)]
    union = FeatureUnion(
        [(name, TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=min_texts)) for name, analyzer in parts],
        transformer_weights={"words": 1.0, "characters": char_weight},
    ).fit(learnt)
    assert mine.space_.words == union["words"].get_feature_names_out().tolist()
    assert mine.space_.grams == union["characters"].get_feature_names_out().tolist()
    for texts in (learnt, unseen):
        difference = abs(mine.transform(texts) - union.transform(texts))
        assert difference.max() < 1e-5


# ------------------------------------------------------------------------------------------------ learning it
def test_keeps_what_enough_texts_hold_and_no_more_than_asked():
    texts = ["lampu mati", "lampu mati", "lampu redup", "air mati"]
    assert TextFeatures(min_texts=3, chars=None).fit(texts).space_.words == ["lampu", "mati"]
    assert TextFeatures(min_texts=1, chars=None, max_words=1).fit(texts).space_.words == ["lampu"]
    space = TextFeatures(min_texts=1, max_words=2, max_chars=3).fit(texts).space_
    assert (len(space.words), len(space.grams), space.n_features) == (2, 3, 5)


def test_follows_the_scikit_learn_contract_for_parameters():
    features = TextFeatures(min_texts=3, chars=(3, 4), max_words=10, max_chars=20, char_weight=0.5)
    copy = clone(features)
    assert copy is not features
    assert copy.get_params() == features.get_params()
    assert copy.get_params() == {"min_texts": 3, "chars": (3, 4), "max_words": 10, "max_chars": 20, "char_weight": 0.5}
    assert copy.set_params(min_texts=1).min_texts == 1
    assert not hasattr(clone(features.set_params(min_texts=1).fit(["lampu mati"])), "space_")


def test_learns_in_a_pipeline():
    texts = ["lampu mati", "lampu padam", "sampah bau", "sampah menumpuk"] * 3
    topics = ["penerangan_jalan", "penerangan_jalan", "sampah", "sampah"] * 3
    model = clone(Pipeline([("features", TextFeatures(min_texts=1)), ("head", LogisticRegression())])).fit(texts, topics)
    assert model.predict(["lampunya", "tumpukan sampah"]).tolist() == ["penerangan_jalan", "sampah"]


def test_fitting_again_gives_the_same_space(messages):
    first, second = (TextFeatures().fit(messages[:100]).space_ for _ in range(2))
    assert (first.words, first.grams) == (second.words, second.grams)
    assert first.idf.tobytes() == second.idf.tobytes()
