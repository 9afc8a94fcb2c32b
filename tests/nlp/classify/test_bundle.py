"""A bundle is believed only whole, unchanged, of this format and this program; nothing in it is ever run."""

import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from nlp.classify.bundle import FILES, FORMAT_VERSION, SUMS, check_bundle, load_bundle, save_bundle
from nlp.classify.score import Scorer
from nlp.errors import SuaraError
from tests.bundles import change_manifest, reseal

ARRAYS = [name for name in FILES if name.endswith(".npy") and name != "example_vectors.npy"]  # empty in a model of words


def _refusal(folder: Path) -> str:
    """The line with which a bundle is refused; a bundle that loads or ends in another error fails the test."""
    with pytest.raises(SuaraError) as caught:
        Scorer.load(folder).assess(["Aspal di depan pasar berlubang"])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _saved(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


# ------------------------------------------------------------------------------------------------ whole
def test_what_was_saved_comes_back(plain_model, tmp_path):
    kept = load_bundle(plain_model)
    files = {name: content for name, content in _files(plain_model).items() if name in FILES}
    save_bundle(tmp_path / "salinan", files | {name: np.load(plain_model / name) for name in ARRAYS})
    back = load_bundle(tmp_path / "salinan")
    assert (back.words, back.ngrams, back.tasks, back.manifest) == (kept.words, kept.ngrams, kept.tasks, kept.manifest)
    assert back.labels == kept.labels
    for name in ("weights", "dense_weights", "biases", "idf"):
        assert np.array_equal(getattr(back, name), getattr(kept, name))


def test_a_bundle_names_itself_and_its_day(plain_model):
    bundle = load_bundle(plain_model)
    assert bundle.name == f"polos@{bundle.manifest['created_at'][:10]}"
    assert bundle.weights.dtype == np.float32
    assert bundle.weights.shape == (len(bundle.words) + len(bundle.ngrams), sum(task.n_outputs for task in bundle.tasks))


def test_a_bundle_may_be_moved_and_renamed(plain_model, tmp_path):
    moved = shutil.copytree(plain_model, tmp_path / "nama lain" / "é")
    assert load_bundle(moved).name == load_bundle(plain_model).name


def test_saving_over_an_older_bundle_replaces_it(own_model):
    files = _files(own_model)
    del files[SUMS]
    save_bundle(own_model, files | {"card.md": "# Kartu baru\n"})
    check_bundle(own_model)
    assert (own_model / "card.md").read_text(encoding="utf-8") == "# Kartu baru\n"


# ------------------------------------------------------------------------------------------------ unchanged
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", [0, 0.5, 1])
def test_one_flipped_bit_in_any_file_is_refused(own_model, name, where):
    content = bytearray((own_model / name).read_bytes())
    content[int(where * (len(content) - 1))] ^= 1
    (own_model / name).write_bytes(content)
    assert f"'{name}' berubah sejak dibuat" in _refusal(own_model)
    with pytest.raises(SuaraError, match="berubah"):
        check_bundle(own_model)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(own_model, name):
    (own_model / name).unlink()
    line = _refusal(own_model)
    assert f"'{name}' tidak ada" in line
    assert "suara train" in line, "the remedy is missing"


@pytest.mark.parametrize("name", FILES)
def test_a_file_the_list_of_hashes_lacks_is_refused(own_model, name):
    lines = (own_model / SUMS).read_text(encoding="ascii").splitlines(keepends=True)
    (own_model / SUMS).write_text("".join(line for line in lines if not line.endswith(f" {name}\n")), encoding="ascii")
    assert name in _refusal(own_model)


@pytest.mark.parametrize("name", ["weights.npy", "labels.toml"])
def test_a_link_is_no_file_of_a_bundle(own_model, tmp_path, name):
    elsewhere = tmp_path / "di luar"
    shutil.move(own_model / name, elsewhere)
    (own_model / name).symlink_to(elsewhere)
    assert name in _refusal(own_model)


@pytest.mark.parametrize("content", [b"", b"bukan daftar\n", b"\xff\xfe\x00"], ids=["empty", "no list", "no ascii"])
def test_an_unreadable_list_of_hashes_is_refused(own_model, content):
    (own_model / SUMS).write_bytes(content)
    _refusal(own_model)


def test_a_folder_without_hashes_or_none_at_all_is_refused_with_the_remedy(own_model, tmp_path):
    (own_model / SUMS).unlink()
    assert SUMS in _refusal(own_model)
    assert "suara train" in _refusal(tmp_path / "tidak ada")
    (tmp_path / "berkas").write_text("x", encoding="utf-8")
    assert "model tidak ada" in _refusal(tmp_path / "berkas")


# ------------------------------------------------------------------------------------------------ this format and program
@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, FORMAT_VERSION - 1, None, "satu"])
def test_another_format_version_is_refused(own_model, version):
    change_manifest(own_model, format_version=version)
    line = _refusal(own_model)
    assert f"format model {version}" in line
    assert "Latih ulang" in line


@pytest.mark.parametrize("part", ["suara-warga", "slang_sha256"])
@pytest.mark.parametrize("value", ["lain", None])
def test_a_bundle_of_another_program_or_slang_table_is_refused(own_model, part, value):
    made_with = json.loads((own_model / "manifest.json").read_text(encoding="utf-8"))["made_with"]
    made_with[part] = value
    change_manifest(own_model, made_with=made_with)
    line = _refusal(own_model)
    assert part in line
    assert "Latih ulang" in line


# ------------------------------------------------------------------------------------------------ forged with right hashes
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("shape", ["shorter", "longer", "flat", "deeper"])
def test_parts_of_other_sizes_are_refused(own_model, name, shape):
    array = np.load(own_model / name)
    other = {
        "shorter": array[:-1],
        "longer": np.concatenate([array, array]),
        "flat": array.reshape(-1)[:3],
        "deeper": array[..., None],
    }[shape]
    (own_model / name).write_bytes(_saved(other))
    reseal(own_model)
    assert "ukuran" in _refusal(own_model)


def test_a_missing_word_is_refused(own_model):
    words = (own_model / "words.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (own_model / "words.txt").write_text("".join(words[:-1]), encoding="utf-8")
    reseal(own_model)
    assert "ukuran" in _refusal(own_model)


class _Trap:
    """Makes a folder when unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return (os.mkdir, (str(self.folder),))


@pytest.mark.parametrize("name", ARRAYS)
def test_nothing_is_unpickled(own_model, tmp_path, name):
    trap = np.empty(np.load(own_model / name).shape, dtype=object)
    trap.flat[0] = _Trap(tmp_path / "sprung")
    (own_model / name).write_bytes(_saved(trap, allow_pickle=True))
    reseal(own_model)
    _refusal(own_model)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("content", ["empty", "text", "cut off", "pickle", "archive", "huge"])
def test_arrays_that_are_none_are_refused(own_model, name, content):
    whole = (own_model / name).read_bytes()
    archive = io.BytesIO()
    np.savez(archive, np.zeros(3))
    spoilt = {
        "empty": b"",
        "text": b"0.1 0.2 0.3\n",
        "cut off": whole[: len(whole) // 2],
        "pickle": b"\x80\x04K\x01.",
        "archive": archive.getvalue(),
        "huge": _saved(np.zeros(3, np.float32)).replace(b"(3,), ", b"(%d,)" % 10**15),
    }[content]
    (own_model / name).write_bytes(spoilt)
    reseal(own_model)
    _refusal(own_model)


@pytest.mark.parametrize("dtype", ["<U4", "complex64", "datetime64[s]"])
def test_weights_that_are_no_real_numbers_are_refused(own_model, dtype):
    array = np.load(own_model / "weights.npy")
    (own_model / "weights.npy").write_bytes(_saved(np.ones(array.shape).astype("int64").astype(dtype)))
    reseal(own_model)
    _refusal(own_model)


@pytest.mark.parametrize("name", ARRAYS)
def test_weights_that_are_not_finite_are_refused(own_model, name):
    array = np.load(own_model / name)
    array.flat[0] = np.nan
    (own_model / name).write_bytes(_saved(array))
    reseal(own_model)
    _refusal(own_model)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"teks"', b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_refused(own_model, content):
    (own_model / "manifest.json").write_bytes(content)
    reseal(own_model)
    _refusal(own_model)


@pytest.mark.parametrize(
    "key", ["made_with", "tasks", "name", "created_at", "features", "thresholds", "encoder", "encoder_identity"]
)
def test_a_manifest_that_lacks_a_part_is_refused(own_model, key):
    change_manifest(own_model, **{key: None})
    _refusal(own_model)


@pytest.mark.parametrize("key", ["made_with", "tasks", "features", "thresholds"])
@pytest.mark.parametrize("value", [7, "teks", [1], {"x": 1}], ids=["number", "text", "list", "object"])
def test_a_manifest_with_a_part_of_another_kind_is_refused(own_model, key, value):
    change_manifest(own_model, **{key: value})
    _refusal(own_model)


@pytest.mark.parametrize("form", ["pohon", "", None])
def test_a_task_of_unknown_form_is_refused(own_model, form):
    tasks = json.loads((own_model / "manifest.json").read_text(encoding="utf-8"))["tasks"]
    tasks[0]["form"] = form
    change_manifest(own_model, tasks=tasks)
    _refusal(own_model)


@pytest.mark.parametrize("task", ["topic", "urgency", "band", "kinds"])
def test_a_task_without_thresholds_is_refused_before_anything_is_scored(own_model, task):
    thresholds = json.loads((own_model / "manifest.json").read_text(encoding="utf-8"))["thresholds"]
    del thresholds[task]
    change_manifest(own_model, thresholds=thresholds)
    with pytest.raises(SuaraError):
        load_bundle(own_model)


@pytest.mark.parametrize("name", ["words.txt", "ngrams.txt", "labels.toml", "evidence.toml"])
def test_lists_that_are_no_utf8_are_refused(own_model, name):
    (own_model / name).write_bytes(b"\xff\xfe" + (own_model / name).read_bytes()[2:])
    reseal(own_model)
    _refusal(own_model)


# ------------------------------------------------------------------------------------------------ where it is written
def test_a_folder_with_other_things_is_refused_and_left_as_it_was(tmp_path):
    folder = tmp_path / "dokumen"
    folder.mkdir()
    (folder / "surat.txt").write_text("penting", encoding="utf-8")
    with pytest.raises(SuaraError, match="berisi hal lain"):
        save_bundle(folder, {"manifest.json": "{}", "surat.txt": "hilang"})
    assert _files(folder) == {"surat.txt": b"penting"}


def test_an_empty_folder_is_taken(tmp_path):
    save_bundle(tmp_path, {"card.md": "# Kartu\n"})
    assert sorted(_files(tmp_path)) == [SUMS, "card.md"]


@pytest.mark.parametrize("below", ["", "model"])
def test_a_file_in_the_way_is_told_in_one_line(tmp_path, below):
    (tmp_path / "berkas").write_text("penting", encoding="utf-8")
    with pytest.raises(SuaraError) as caught:
        save_bundle(tmp_path / "berkas" / below, {"card.md": "# Kartu\n"})
    assert "berkas" in str(caught.value)
    assert (tmp_path / "berkas").read_text(encoding="utf-8") == "penting"
