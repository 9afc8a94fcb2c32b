"""Scoring: order, honesty of shape, restraint with flags, and reasons that add up."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlp
from nlp.classify.bundle import load_bundle
from nlp.classify.features import FeatureSpace
from nlp.classify.reasons import MAX_REASONS
from nlp.classify.score import MAX_EVIDENCE, Assessment, Choice, Scorer, text_problem
from nlp.errors import SuaraError
from nlp.text import MAX_TEXT_CHARS
from tests.bundles import BAND_WORDS, UNITS, labelled_rows, reseal

TEXTS = [row["text"] for row in labelled_rows(150, seed=21)]
UNREADABLE = {
    "": "kosong",
    "  \n\t ": "kosong",
    "=SUM(A1:A9)": "rumus",
    ' =IF(B2>3;"a";"b")': "rumus",
    "#REF!": "galat rumus",
    "#name?": "galat rumus",
    "?!... 😡": "tanpa huruf",
    "x" * (MAX_TEXT_CHARS + 1): "20.001 huruf",
}


@pytest.fixture(scope="module")
def assessments(scorer: Scorer) -> list[Assessment]:
    return scorer.assess(TEXTS)


@pytest.fixture(scope="module")
def flagged(assessments: list[Assessment]) -> list[Assessment]:
    found = [a for a in assessments if a.flagged]
    assert 20 < len(found) < 100, "the small table must hold flagged and unflagged texts, or the tests below show nothing"
    return found


def _choices(assessment: Assessment) -> list[Choice]:
    return [c for c in (assessment.topic, assessment.aspect, assessment.sentiment, assessment.unit) if c is not None]


# ------------------------------------------------------------------------------------------------ order
def test_one_by_one_and_all_at_once_are_the_same(scorer, assessments):
    assert [scorer.assess([text])[0] for text in TEXTS] == assessments


def test_the_company_and_the_order_of_a_text_change_nothing(scorer, assessments):
    backwards = scorer.assess([text for text in reversed(TEXTS) for text in (text, "")])
    assert backwards[::2][::-1] == assessments


def test_no_texts_give_no_assessments(scorer):
    assert scorer.assess([]) == []


def test_sixteen_threads_see_what_one_sees(unit_model, assessments):
    shared = Scorer.load(unit_model)  # with nothing cached yet
    starts = range(0, 120, 4)
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda start: shared.assess(TEXTS[start : start + 30]), starts))
    for start, result in zip(starts, results, strict=True):
        assert result == assessments[start : start + 30]


def test_the_package_offers_the_scorer(unit_model, assessments):
    assert nlp.Scorer is Scorer
    assert nlp.Scorer.load(unit_model).assess(TEXTS[:3]) == assessments[:3]


# ------------------------------------------------------------------------------------------------ unreadable
@pytest.mark.parametrize(
    ("text", "says"), UNREADABLE.items(), ids=["empty", "blank", "sum", "if", "ref", "name", "signs", "long"]
)
def test_an_unreadable_text_gives_a_problem_and_goes_to_people(scorer, text, says):
    readable, assessment, other = scorer.assess(["aspal berlubang", text, "sampah menumpuk"])
    assert says in assessment.problem
    assert text_problem(text) == assessment.problem
    assert assessment.decision == "manual"
    assert not assessment.flagged
    assert _choices(assessment) == []
    assert (assessment.urgency, assessment.band, assessment.integrity_risk) == (None, None, None)
    assert (assessment.kinds, assessment.evidence) == ((), ())
    assert assessment.model == readable.model
    assert (readable.topic.code, other.topic.code) == ("jalan", "sampah")


@pytest.mark.parametrize(
    "text",
    [
        "x" * MAX_TEXT_CHARS,
        "1",
        "= mohon diperbaiki (segera)",
        "#jalanrusak tolong",
        "道路が壊れている",
        "k\u200br\u200b e",
        "\x00a",
    ],
    ids=["just short enough", "a digit", "equal sign", "hashtag", "another script", "invisible", "control"],
)
def test_an_odd_text_is_assessed_all_the_same(scorer, text):
    assert text_problem(text) is None
    assessment = scorer.assess([text])[0]
    assert assessment.problem is None
    assert assessment.topic is not None


# ------------------------------------------------------------------------------------------------ shape
def _check_shape(scorer: Scorer, assessment: Assessment) -> None:
    for choice in _choices(assessment):
        codes, probabilities = zip(*choice.alternatives, strict=True)
        assert (choice.code, choice.probability) == choice.alternatives[0]
        assert list(probabilities) == sorted(probabilities, reverse=True)
        assert len(set(codes)) == len(codes) == 3
        assert all(0 <= p <= 1 for p in probabilities)
        assert sum(probabilities) <= 1 + 1e-9
    labels = scorer.bundle.labels
    for name in ("topic", "aspect", "sentiment", "urgency", "band"):
        assert getattr(assessment, name).code in labels.codes(name)
    assert 0 <= assessment.urgency.probability <= 1
    assert 0 <= assessment.band.probability <= 1
    assert 0 <= assessment.integrity_risk <= 1
    at_least_1 = {"0": 1 - assessment.band.probability, "1": assessment.band.probability}
    assert assessment.integrity_risk <= at_least_1.get(assessment.band.code, 1.0) + 1e-9
    assert assessment.unit.code in UNITS.values()
    assert assessment.flagged == (assessment.band.code in {"2", "3"})
    assert assessment.flagged == (assessment.integrity_risk >= scorer.bundle.manifest["thresholds"]["band"]["2"])
    assert not (assessment.flagged and assessment.decision == "auto")
    assert bool(assessment.kinds) == assessment.flagged
    assert set(assessment.kinds) <= set(labels.codes("kinds"))
    assert assessment.flagged or not assessment.evidence
    assert len(assessment.evidence) <= MAX_EVIDENCE
    for item in assessment.evidence:
        assert assessment.masked_text[item.start : item.end] == item.text != ""


def test_every_assessment_keeps_to_the_shape(scorer, assessments):
    for assessment in assessments:
        _check_shape(scorer, assessment)


@settings(max_examples=40)
@given(st.text(max_size=120))
def test_any_text_at_all_keeps_to_the_shape(scorer, text):
    assessment = scorer.assess([text])[0]
    if assessment.problem is None:
        _check_shape(scorer, assessment)
    else:
        assert assessment.decision == "manual"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(" ".join(TEXTS).split()), min_size=1, max_size=25).map(" ".join))
def test_any_mix_of_known_words_keeps_to_the_shape(scorer, text):
    _check_shape(scorer, scorer.assess([text])[0])


# ------------------------------------------------------------------------------------------------ decisions and flags
def test_sure_messages_go_their_way_and_flagged_ones_do_not(assessments):
    assert {a.decision for a in assessments if a.flagged} <= {"suggest", "manual"}
    assert "auto" in {a.decision for a in assessments if not a.flagged}


def test_a_flag_alone_takes_a_message_from_the_automatic_way(scorer):
    plain, flagged = scorer.assess(
        [
            "bak sampah penuh di mawar mohon informasinya warga setempat melapor",
            "bak sampah penuh di mawar mohon informasinya oknum memeras minta uang tanpa kuitansi",
        ]
    )
    assert plain.topic.code == flagged.topic.code == "sampah"
    assert (plain.flagged, flagged.flagged) == (False, True)
    assert (plain.decision, flagged.decision) == ("auto", "suggest")


def test_words_nobody_knows_are_left_to_people_or_suggested(scorer):
    assert scorer.assess(["qwzx vbkj ghtp"])[0].decision != "auto"


def test_without_units_the_topic_decides(plain_model):
    scorer = Scorer.load(plain_model)
    assert not scorer.has_units
    assessment = scorer.assess(["bak sampah penuh di mawar mohon informasinya warga setempat melapor"])[0]
    assert assessment.unit is None
    assert assessment.decision == "auto"


def test_bands_and_kinds_follow_the_words(scorer):
    calm, rude, hint, claim = scorer.assess(
        [
            "pipa air bocor di kenanga warga setempat melapor",
            "pipa air bocor di kenanga pegawai membentak tamu",
            "pipa air bocor di kenanga kabarnya calo berkeliaran",
            "pipa air bocor di kenanga oknum memeras minta uang tanpa kuitansi",
        ]
    )
    assert [a.band.code for a in (calm, rude, hint, claim)] == ["0", "1", "2", "3"]
    assert calm.integrity_risk < rude.integrity_risk + 0.05 < 0.3 < hint.integrity_risk
    assert hint.kinds[0] == "suap_percaloan"
    assert claim.kinds[0] == "pungli_pemerasan"


# ------------------------------------------------------------------------------------------------ evidence and reasons
def test_evidence_of_a_flagged_text_points_at_the_words_of_the_finding(scorer):
    assessment = scorer.assess(["aspal berlubang di dahlia oknum memeras minta uang tanpa kuitansi"])[0]
    weight_of = {item.text: item.weight for item in assessment.evidence}
    finding = {
        text: weight
        for text, weight in weight_of.items()
        if set(text.split()) <= set(BAND_WORDS["3", "pungli_pemerasan"].split())
    }
    assert len(finding) >= 3
    assert sum(finding.values()) > 0.9 * sum(weight_of.values()), "the place and the hole in the road prove nothing"


def test_evidence_stands_in_the_order_of_the_text_and_its_words_raise_the_risk(flagged):
    for assessment in flagged:
        assert assessment.evidence
        assert [item.start for item in assessment.evidence] == sorted(item.start for item in assessment.evidence)
        assert all(item.weight > 0 for item in assessment.evidence if item.role == "kata")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("5 juta", "5 juta"),
        ("150rb", "150rb"),
        ("100 ribu rupiah", "100 ribu"),
        ("Rp500.000", "Rp500.000"),
        ("Rp1.500.000", "Rp1.500.000"),
        ("1.500.000 rupiah", "1.500.000 rupiah"),
    ],
)
def test_an_amount_in_the_evidence_is_whole(scorer, written, shown):
    [assessment] = scorer.assess([f"aspal berlubang di dahlia oknum memeras tanpa kuitansi, kena {written} tiap bulan"])
    assert [item.text for item in assessment.evidence if item.role == "jumlah"] == [shown]


def test_evidence_points_into_the_masked_text_behind_placeholders(scorer):
    text = "Nama saya Budi Santoso, hp 081234567890, aspal berlubang, oknum memeras minta uang tanpa kuitansi"
    assessment = scorer.assess([text])[0]
    assert assessment.flagged
    assert "[TELP]" in assessment.masked_text
    for item in assessment.evidence:
        assert assessment.masked_text[item.start : item.end] == item.text


@pytest.mark.parametrize("text", ["Hubungi 0812-3456-7890 soal aspal berlubang", "", "=A1(081234567890)", "?? +62 812 3456 7890"])
def test_no_phone_in_the_masked_text(scorer, text):
    masked = scorer.assess([text])[0].masked_text
    assert not any(character.isdigit() and character != "1" for character in masked), masked


def test_the_text_of_an_overlong_message_is_not_kept(scorer):
    assert scorer.assess(["hp 081234567890 " * 2_000])[0].masked_text == ""


def _direction(scorer: Scorer, name: str, code: str) -> np.ndarray:
    """Weights of the question that `explain` answers: the code against the mean of the others, or the last step reached."""
    start = 0
    for task in scorer.bundle.tasks:
        if task.name == name:
            break
        start += task.n_outputs
    weights = scorer.bundle.weights[:, start : start + task.n_outputs].astype(np.float64)
    k = task.codes.index(code)
    if task.form == "single":
        return weights[:, k] - np.delete(weights, k, axis=1).mean(axis=1)
    return weights[:, k - 1] if k else -weights[:, 0]


@pytest.mark.parametrize(
    "text",
    [
        "aspal berlubang",
        "sampah sampah sampah menumpuk",
        "bak sampah penuh kecewa sekali kami",
        "Rp50.000 dipungut, oknum memeras!!",
        "jln2 rusak bgt, kabarnya pungutan liar",
        "kata asing belaka",
        "oknum calo minta uang pelicin segera",
    ],
)
def test_the_weights_of_single_words_add_up_to_the_logit(scorer, text):
    assessment = scorer.assess([text])[0]
    assert len(assessment.masked_text.split()) <= MAX_REASONS, "with more words the lightest are left out"
    space = FeatureSpace(scorer.bundle.words, scorer.bundle.ngrams, scorer.bundle.idf)
    row = space.transform([assessment.masked_text])
    reasons = {name: explanation.words for name, explanation in scorer.explain(assessment).items()}
    assert set(reasons) == {"topic", "aspect", "sentiment", "urgency", "band", "unit"}
    for name, words in reasons.items():
        logit = float((row @ _direction(scorer, name, getattr(assessment, name).code))[0])
        assert sum(word.weight for word in words) == pytest.approx(logit, abs=1e-4), name


def test_the_heaviest_reason_is_a_word_of_the_label(scorer):
    assessment = scorer.assess(["truk sampah tidak datang di melati mawar terima kasih bagus sekali segera hari ini juga"])[0]
    reasons = {name: explanation.words for name, explanation in scorer.explain(assessment).items()}
    assert reasons["topic"][0].text in {"truk", "sampah", "tidak", "datang"}
    assert reasons["sentiment"][0].text in {"terima", "kasih", "bagus"}
    assert reasons["urgency"][0].text in {"segera", "hari", "ini", "juga"}
    for words in reasons.values():
        assert len(words) <= MAX_REASONS
        assert [abs(word.weight) for word in words] == sorted((abs(word.weight) for word in words), reverse=True)
        for word in words:
            assert assessment.masked_text[word.start : word.end] == word.text


@pytest.mark.parametrize("text", ["aspal berlubang, oknum memungut Rp50.000", "terima kasih banyak", "x"])
def test_the_parts_of_an_explanation_add_up_to_the_odds_of_the_code(scorer, text):
    assessment = scorer.assess([text])[0]
    explanations = scorer.explain(assessment)
    chosen, *others = (np.log(p) for _, p in assessment.sentiment.alternatives)  # all three, so the logits are known
    assert explanations["sentiment"].total == pytest.approx(chosen - np.mean(others), abs=1e-3)
    reached = assessment.band.probability if assessment.band.code != "0" else 1 - assessment.band.probability
    odds = np.log(reached / (1 - reached)) * (1 if assessment.band.code != "0" else -1)
    assert explanations["band"].total == pytest.approx(odds, abs=1e-3)


def test_an_unreadable_text_has_no_reasons(scorer):
    assert scorer.explain(scorer.assess([""])[0]) == {}
    assert scorer.nearest_examples(scorer.assess([""])[0]) == ()


def test_a_model_that_never_saw_the_seed_corpus_shows_no_examples_of_it(scorer):
    assert scorer.nearest_examples(scorer.assess(["aspal berlubang"])[0]) == ()


# ------------------------------------------------------------------------------------------------ loading
def test_a_missing_model_says_how_to_make_one(tmp_path):
    with pytest.raises(SuaraError, match="suara train"):
        Scorer.load(tmp_path / "tidak ada")


def test_assessments_name_the_model(scorer, assessments):
    assert {a.model for a in assessments} == {scorer.bundle.name}


def test_a_higher_band_is_never_likelier_than_a_lower_one(own_model):
    """Weights that contradict themselves: surely at least band 2 and surely not at least band 1."""
    tasks = load_bundle(own_model).tasks
    first = sum(task.n_outputs for task in tasks[: [task.name for task in tasks].index("band")])
    biases = np.load(own_model / "biases.npy")
    biases[first : first + 2] = [-50, 50]
    np.save(own_model / "biases.npy", biases)
    reseal(own_model)
    assessment = Scorer.load(own_model).assess(["aspal berlubang"])[0]
    assert assessment.integrity_risk < 1e-6
    assert assessment.band.code == "0"
    assert not assessment.flagged
