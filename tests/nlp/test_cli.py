"""The command `suara` as other tools call it: columns in and out, and one line for every mistake."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from nlp.classify.bundle import load_bundle
from nlp.labels import load_labels
from tests.api.command_line import Ran, suara
from tests.bundles import PLAIN_COLUMNS, change_manifest, labelled_rows, write_csv

CONTRACT = (
    "topic topic_probability topic_alternatives aspect aspect_probability sentiment sentiment_probability urgency "
    "urgency_probability band integrity_risk kinds evidence unit unit_probability decision masked_text model problem"
).split()
CONTRACT_WITHOUT_UNITS = [name for name in CONTRACT if not name.startswith("unit")]
SUFFIXES = (".csv", ".xlsx", ".parquet")
RUDE_CLAIM = "aspal berlubang di dahlia oknum memeras minta uang tanpa kuitansi"
ROWS = [
    {"nomor": "001", "keluhan": "aspal berlubang di melati, hp 081234567890", "catatan": "a,b"},
    {"nomor": "002", "keluhan": "", "catatan": 'tanda "kutip"'},
    {"nomor": "003", "keluhan": RUDE_CLAIM, "catatan": "dua\nbaris"},
    {"nomor": "004", "keluhan": "=SUM(A1:A3)", "catatan": ""},
    {"nomor": "005", "keluhan": "pipa air bocor di mawar mohon informasinya", "catatan": "é 😀"},
]


def write_table(path: Path, rows: list[dict[str, Any]]) -> Path:
    frame = pd.DataFrame(rows)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        book = openpyxl.Workbook()
        book.active.append(list(frame.columns))
        for row in frame.itertuples(index=False):
            book.active.append(list(row))
            for cell in book.active[book.active.max_row]:
                cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type  # '=SUM(...)' as text
        book.save(path)
    return path


def read_table(path: Path) -> pd.DataFrame:
    """A written table, missing cells as ''."""
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        header, *rows = openpyxl.load_workbook(path).active.values
        frame = pd.DataFrame(rows, columns=header, dtype=object)
    return frame.astype(object).where(frame.notna(), "")


def score(source: Path, out: Path, model: Path, *more: str) -> Ran:
    return suara("score", str(source), "--out", str(out), "--model", str(model), *more)


# ------------------------------------------------------------------------------------------------ score: the contract
@pytest.mark.parametrize("given", SUFFIXES)
@pytest.mark.parametrize("wanted", SUFFIXES)
def test_score_keeps_rows_order_and_columns_and_adds_the_contracts(unit_model, tmp_path, given, wanted):
    source, out = write_table(tmp_path / f"pesan{given}", ROWS), tmp_path / f"hasil{wanted}"
    ran = score(source, out, unit_model, "--columns", "text=keluhan")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("\n") == 1
    assert "5 baris" in ran.out
    assert "2 bermasalah" in ran.out
    table = read_table(out)
    assert list(table.columns) == ["nomor", "keluhan", "catatan", *CONTRACT]
    for name in ("nomor", "keluhan", "catatan"):
        assert [str(cell) for cell in table[name]] == [row[name] for row in ROWS]
    assert list(table["topic"]) == ["jalan", "", "jalan", "", "air_bersih"]
    assert list(table["unit"])[::2] == ["Dinas Pekerjaan Umum", "Dinas Pekerjaan Umum", "PDAM Tirta Karya"]
    assert [bool(problem) for problem in table["problem"]] == [False, True, False, True, False]
    _check_cells(table)


def _check_cells(table: pd.DataFrame) -> None:
    labels = load_labels()
    for row in table.to_dict("records"):
        if row["problem"]:
            assert row["decision"] == "manual"
            assert row["evidence"] == "[]"
            empty = set(CONTRACT) & set(row) - {"problem", "decision", "masked_text", "model", "evidence"}
            assert {row[name] for name in empty} == {""}
            continue
        for name in ("topic", "aspect", "sentiment", "urgency", "band"):
            assert row[name] in labels.codes(name)
        for name in CONTRACT:
            if (name.endswith("_probability") or name == "integrity_risk") and name in row:
                assert 0 <= float(row[name]) <= 1
        assert re.fullmatch(r"\w+:[01]\.\d{4}(\|\w+:[01]\.\d{4}){2}", row["topic_alternatives"])
        first, probability = row["topic_alternatives"].split("|")[0].split(":")
        assert first == row["topic"]
        assert float(probability) == pytest.approx(float(row["topic_probability"]), abs=1e-4)
        assert row["decision"] in {"auto", "suggest", "manual"}
        assert "081234567890" not in row["masked_text"]
        flagged = row["band"] in {"2", "3"}
        assert set(filter(None, row["kinds"].split("|"))) <= set(labels.codes("kinds"))
        assert bool(row["kinds"]) == flagged
        evidence = json.loads(row["evidence"])
        assert bool(evidence) == flagged
        for item in evidence:
            assert row["masked_text"][item["start"] : item["end"]] == item["text"]


def test_score_without_units_adds_no_unit_columns(plain_model, tmp_path):
    source = write_table(tmp_path / "pesan.csv", [{"text": RUDE_CLAIM}])
    assert score(source, tmp_path / "hasil.csv", plain_model).code == 0
    table = read_table(tmp_path / "hasil.csv")
    assert list(table.columns) == ["text", *CONTRACT_WITHOUT_UNITS]
    assert table["band"].item() == "3"
    assert table["decision"].item() != "auto"
    assert table["model"].item() == load_bundle(plain_model).name
    _check_cells(table)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_columns_of_the_same_name_come_back_as_given_ones_in_their_place(unit_model, tmp_path, suffix):
    rows = [{"topic": "lama", "text": "aspal berlubang", "unit": "Seksi 3", "problem": "tidak", "given_x": "y"}]
    source, out = write_table(tmp_path / f"pesan{suffix}", rows), tmp_path / f"hasil{suffix}"
    assert score(source, out, unit_model).code == 0
    table = read_table(out)
    assert list(table.columns) == ["given_topic", "text", "given_unit", "given_problem", "given_x", *CONTRACT]
    assert table.iloc[0, :5].tolist() == ["lama", "aspal berlubang", "Seksi 3", "tidak", "y"]
    assert table["topic"].item() == "jalan"
    assert table["problem"].item() == ""


def test_the_text_column_itself_may_bear_a_contract_name(plain_model, tmp_path):
    source = write_table(tmp_path / "pesan.csv", [{"masked_text": "sampah menumpuk"}])
    assert score(source, tmp_path / "hasil.csv", plain_model, "--columns", "text=masked_text").code == 0
    table = read_table(tmp_path / "hasil.csv")
    assert list(table.columns) == ["given_masked_text", *CONTRACT_WITHOUT_UNITS]
    assert table["topic"].item() == "sampah"


def test_numbers_and_dates_of_a_sheet_keep_their_kind(plain_model, tmp_path):
    when = pd.Timestamp("2026-03-01 08:30")
    source = write_table(tmp_path / "pesan.xlsx", [{"text": "sampah menumpuk", "skor": 4.5, "hari": 3, "masuk": when}])
    assert score(source, tmp_path / "hasil.xlsx", plain_model).code == 0
    table = read_table(tmp_path / "hasil.xlsx")
    assert (table["skor"].item(), table["hari"].item(), table["masuk"].item()) == (4.5, 3, when)
    assert isinstance(table["topic_probability"].item(), float | int)


def test_parquet_keeps_its_types_and_gets_numbers(plain_model, tmp_path):
    rows = [{"text": "sampah menumpuk", "nomor": 7, "baik": True}, {"text": None, "nomor": 8, "baik": False}]
    source = write_table(tmp_path / "pesan.parquet", rows)
    assert score(source, tmp_path / "hasil.parquet", plain_model).code == 0
    table = pd.read_parquet(tmp_path / "hasil.parquet")
    assert (table["nomor"].tolist(), table["baik"].tolist()) == ([7, 8], [True, False])
    assert table["topic_probability"].dtype == "float64"
    assert table["problem"].tolist() == ["", "teks kosong"]
    assert math.isnan(table["integrity_risk"][1])


def test_many_rows_come_out_in_their_order(plain_model, tmp_path):
    texts = ["sampah menumpuk", "aspal berlubang", ""]
    rows = [{"nomor": str(i), "text": texts[i % 3]} for i in range(2_300)]
    for row in rows[:1_000]:
        row["text"] *= 40  # so that the first part is ready after the others
    source = write_csv(tmp_path / "pesan.csv", rows)
    ran = score(source, tmp_path / "hasil.csv", plain_model)
    assert ran.code == 0
    assert "2300 baris" in ran.out
    table = read_table(tmp_path / "hasil.csv")
    assert table["nomor"].tolist() == [row["nomor"] for row in rows]
    assert table["topic"].tolist() == [("sampah", "jalan", "")[i % 3] for i in range(2_300)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_rows_gives_the_columns_alone(unit_model, tmp_path, suffix):
    (tmp_path / "pesan.csv").write_text("nomor,text\n", encoding="utf-8")
    assert score(tmp_path / "pesan.csv", tmp_path / f"hasil{suffix}", unit_model).code == 0
    table = read_table(tmp_path / f"hasil{suffix}")
    assert list(table.columns) == ["nomor", "text", *CONTRACT]
    assert len(table) == 0


def test_the_same_file_scored_twice_gives_the_same_bytes(unit_model, tmp_path):
    source = write_csv(tmp_path / "pesan.csv", labelled_rows(30), ("text",))
    for name in ("a.csv", "b.csv"):
        assert score(source, tmp_path / name, unit_model).code == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_scoring_goes_with_the_model_as_it_is_now(tmp_path):
    """A model trained anew in the same place is the one that scores, also in a process that has scored before."""
    source = write_table(tmp_path / "pesan.csv", [{"text": "aspal berlubang"}])
    rows = labelled_rows(60)
    for topics in ({}, {"jalan": "lingkungan"}):
        changed = [row | {"topic": topics.get(row["topic"], row["topic"])} for row in rows]
        data = write_csv(tmp_path / "data.csv", changed, ("text", "topic"))
        assert suara("train", "--data", str(data), "--no-seed", "--encoder", "none", "--out", str(tmp_path / "model")).code == 0
        assert score(source, tmp_path / "hasil.csv", tmp_path / "model").code == 0
        assert read_table(tmp_path / "hasil.csv")["topic"].item() == topics.get("jalan", "jalan")


# ------------------------------------------------------------------------------------------------ score: bad cells
def test_a_cell_of_fifty_megabytes_is_a_problem_of_its_row_only(plain_model, tmp_path):
    source = tmp_path / "pesan.csv"
    source.write_text("nomor,text\n1," + "kata " * 10_000_000 + "\n2,sampah menumpuk\n", encoding="ascii")
    ran = score(source, tmp_path / "hasil.parquet", plain_model)
    assert (ran.code, ran.err) == (0, "")
    table = pd.read_parquet(tmp_path / "hasil.parquet")
    assert table["nomor"].tolist() == ["1", "2"]
    assert "50.000.000 huruf" in table["problem"][0]
    assert (table["decision"][0], table["masked_text"][0]) == ("manual", "")
    assert table["text"].str.len().tolist() == [50_000_000, 15]
    assert (table["topic"][1], table["problem"][1]) == ("sampah", "")


@pytest.mark.parametrize("value", [None, "", "   ", "=SUM(B1:B9)", "#REF!", "???"])
def test_a_sheets_unreadable_cell_is_a_problem_of_its_row_only(plain_model, tmp_path, value):
    book = openpyxl.Workbook()
    for row in (["nomor", "text"], [1, "sampah menumpuk"], [2, value], [3, "aspal berlubang"]):
        book.active.append(row)  # '=SUM(...)' becomes a real formula here
    book.save(tmp_path / "pesan.xlsx")
    assert score(tmp_path / "pesan.xlsx", tmp_path / "hasil.csv", plain_model).code == 0
    table = read_table(tmp_path / "hasil.csv")
    assert table["nomor"].tolist() == ["1", "2", "3"]
    assert table["topic"].tolist() == ["sampah", "", "jalan"]
    assert [bool(problem) for problem in table["problem"]] == [False, True, False]
    assert table["decision"][1] == "manual"


def test_a_number_as_text_is_scored_as_its_digits(plain_model, tmp_path):
    source = write_table(tmp_path / "pesan.xlsx", [{"text": 12.0}])
    assert score(source, tmp_path / "hasil.csv", plain_model).code == 0
    assert read_table(tmp_path / "hasil.csv")["masked_text"].item() == "12"


# ------------------------------------------------------------------------------------------------ one line for a mistake
Mistake = Callable[[Path, Path], list[str]]


def _csv(folder: Path, content: bytes) -> Path:
    (folder / "pesan.csv").write_bytes(content)
    return folder / "pesan.csv"


def _scoring(folder: Path, model: Path, source: Path, out: str = "hasil.csv") -> list[str]:
    return ["score", str(source), "--out", str(folder / out), "--model", str(model)]


def _cut_xlsx(folder: Path, _: Path) -> list[str]:
    path = write_table(folder / "pesan.xlsx", labelled_rows(40))
    path.write_bytes(path.read_bytes()[:3_000])
    return _scoring(folder, _, path)


def _cut_parquet(folder: Path, model: Path) -> list[str]:
    path = write_table(folder / "pesan.parquet", labelled_rows(40))
    path.write_bytes(path.read_bytes()[:-9])
    return _scoring(folder, model, path)


def _flipped_bundle(folder: Path, model: Path) -> list[str]:
    weights = bytearray((model / "weights.npy").read_bytes())
    weights[len(weights) // 2] ^= 1
    (model / "weights.npy").write_bytes(weights)
    return _scoring(folder, model, _csv(folder, b"text\nsampah\n"))


def _other_version(folder: Path, model: Path) -> list[str]:
    change_manifest(model, format_version=99)
    return _scoring(folder, model, _csv(folder, b"text\nsampah\n"))


def _training(folder: Path, *more: str, rows: list[dict[str, str]] | None = None) -> list[str]:
    data = write_csv(folder / "data.csv", rows or labelled_rows(40), PLAIN_COLUMNS)
    return ["train", "--data", str(data), "--no-seed", "--out", str(folder / "hasil"), *more]


def _unknown_code(folder: Path, _: Path) -> list[str]:
    rows = labelled_rows(40)
    rows[4]["sentiment"] = "negatip"
    return _training(folder, rows=rows)


SCORE_MISTAKES: dict[str, tuple[Mistake, list[str]]] = {
    "empty file": (lambda d, m: _scoring(d, m, _csv(d, b"")), ["pesan.csv", "kosong"]),
    "blank file": (lambda d, m: _scoring(d, m, _csv(d, b"\n\n")), ["pesan.csv", "kosong"]),
    "no text column": (
        lambda d, m: _scoring(d, m, _csv(d, b"nomor,keluhan\n1,sampah\n")),
        ["pesan.csv", "'text'", "keluhan", "--columns text="],
    ),
    "named column absent": (
        lambda d, m: [*_scoring(d, m, _csv(d, b"text,b\nsampah,c\n")), "--columns", "text=teks"],
        ["pesan.csv", "'teks'", "text=text"],
    ),
    "columns not understood": (
        lambda d, m: [*_scoring(d, m, _csv(d, b"text\nsampah\n")), "--columns", "teks=text"],
        ["--columns", "teks=text", "Contoh"],
    ),
    "broken encoding": (
        lambda d, m: _scoring(d, m, _csv(d, b"text\nsampah\njalan ber\xe9lubang\n")),
        ["pesan.csv", "UTF-8", "baris 3", "0xe9"],
    ),
    "sixteen bit encoding": (lambda d, m: _scoring(d, m, _csv(d, "text\nsampah\n".encode("utf-16"))), ["pesan.csv", "UTF-8"]),
    "quote left open": (lambda d, m: _scoring(d, m, _csv(d, b'text\nsampah\n"jalan\n')), ["pesan.csv", "baris 3", "kutip"]),
    "too many cells": (lambda d, m: _scoring(d, m, _csv(d, b"text\nsampah, menumpuk\n")), ["pesan.csv", "baris 2", "2 sel"]),
    "double column": (lambda d, m: _scoring(d, m, _csv(d, b"text,a,a\nx,1,2\n")), ["pesan.csv", "'a'"]),
    "name and given name": (
        lambda d, m: _scoring(d, m, _csv(d, b"text,topic,given_topic\nx,1,2\n")),
        ["pesan.csv", "'topic'", "'given_topic'"],
    ),
    "truncated XLSX": (_cut_xlsx, ["pesan.xlsx", "rusak atau terpotong", "simpan ulang"]),
    "truncated Parquet": (_cut_parquet, ["pesan.parquet", "rusak atau terpotong"]),
    "flipped byte": (_flipped_bundle, ["weights.npy", "berubah", "Latih ulang"]),
    "other version": (_other_version, ["format model 99", "Latih ulang"]),
    "no model": (
        lambda d, m: _scoring(d, d / "tiada", _csv(d, b"text\nsampah\n")),
        ["tiada", "model tidak ada", "suara train"],
    ),
    "missing file": (lambda d, m: _scoring(d, m, d / "tiada.csv"), ["tiada.csv", "tidak dapat dibuka", "foldernya tidak ada"]),
    "folder as file": (lambda d, m: _scoring(d, m, d), ["jenis berkas", "tanpa akhiran"]),
    "this folder as file": (lambda d, m: _scoring(d, m, Path()), [".: jenis berkas"]),
    "unknown suffix": (lambda d, m: _scoring(d, m, d / "pesan.docx"), ["pesan.docx", "'.docx'", ".csv, .xlsx, atau .parquet"]),
    "unknown suffix of the result": (
        lambda d, m: _scoring(d, m, _csv(d, b"text\nsampah\n"), "hasil.json"),
        ["hasil.json", "'.json'", ".csv, .xlsx, atau .parquet"],
    ),
    "a file where the result's folder should be": (
        lambda d, m: _scoring(d, m, _csv(d, b"text\nsampah\n"), "pesan.csv/hasil.csv"),
        ["hasil.csv", "tidak dapat menulis", "sudah dipakai berkas lain"],
    ),
    "a cell too long for a sheet": (
        lambda d, m: _scoring(d, m, _csv(d, b"text\n" + b"a " * 20_000 + b"\n"), "hasil.xlsx"),
        ["hasil.xlsx", "baris 2", "'text'", ".csv atau .parquet"],
    ),
}
TRAIN_MISTAKES: dict[str, tuple[Mistake, list[str]]] = {
    "unknown code": (_unknown_code, ["data.csv", "baris 6", "'sentiment'", "'negatip'", "'negatif'"]),
    "unknown encoder": (
        lambda d, m: _training(d, "--encoder", str(d / "tiada")),
        ["tiada", "--encoder", "folder penyandi tidak ada"],
    ),
    "no data": (lambda d, m: ["train", "--no-seed", "--out", str(d / "hasil")], ["tidak ada data latih", "--data"]),
    "too few rows": (lambda d, m: _training(d, rows=labelled_rows(12)), ["terlalu sedikit", "30"]),
    "missing data": (
        lambda d, m: ["train", "--data", str(d / "tiada.csv"), "--out", str(d / "hasil")],
        ["tiada.csv", "tidak dapat dibuka"],
    ),
    "missing label list": (lambda d, m: _training(d, "--labels", str(d / "tiada.toml")), ["tiada.toml", "daftar label"]),
    "nowhere to write": (  # told before the data is read, which may be the first of many minutes
        lambda d, m: ["train", "--no-seed", "--data", str(d / "tiada.csv"), "--out", "/proc/hasil"],
        ["/proc/hasil", "tidak dapat menulis model"],
    ),
    "a file in the way": (
        lambda d, m: ["train", "--no-seed", "--data", str(_csv(d, b"text\nx\n")), "--out", str(d / "pesan.csv")],
        ["pesan.csv", "bukan folder", "--out"],
    ),
}
OTHER_MISTAKES: dict[str, tuple[Mistake, list[str]]] = {
    "evaluate without labels": (
        lambda d, m: ["evaluate", str(_csv(d, b"text\nsampah\n")), "--model", str(m)],
        ["pesan.csv", "tidak ada kolom label"],
    ),
    "evaluate an unknown code": (
        lambda d, m: ["evaluate", str(_csv(d, b"text,topic\nsampah,sampahh\n")), "--model", str(m)],
        ["pesan.csv", "baris 2", "'topic'", "'sampahh'"],
    ),
    "evaluate to nowhere": (
        lambda d, m: [
            "evaluate",
            str(write_csv(d / "p.csv", labelled_rows(8))),
            "--model",
            str(m),
            "--json",
            str(d / "p.csv/a.json"),
        ],
        ["a.json", "tidak dapat menulis"],
    ),
    "no option": (lambda d, m: ["train"], ["suara train: --out belum diisi", "suara train --help"]),
    "no argument": (lambda d, m: ["score"], ["suara score: FILE belum diisi"]),
    "no number": (lambda d, m: [*_training(d), "--seed", "satu"], ["--seed", "Benih acak, bilangan bulat"]),
    "option misspelt": (lambda d, m: ["card", str(m), "--jsn"], ["suara card: pilihan '--jsn' tidak dikenal"]),
    "option without its value": (lambda d, m: ["score", "a.csv", "--out"], ["pilihan '--out'", "kurang"]),
    "word too many": (lambda d, m: ["card", str(m), "lagi"], ["suara card: kata 'lagi' berlebih"]),
    "unknown command": (lambda d, m: ["nilai"], ["suara: perintah 'nilai' tidak ada", "suara --help"]),
    "a command that steers the terminal": (lambda d, m: ["\x1b[31mmerah"], ["[31mmerah' tidak ada"]),
    "card of no model": (lambda d, m: ["card", str(d / "tiada")], ["tiada", "model tidak ada", "suara train"]),
}


@pytest.mark.parametrize(
    ("mistake", "names"),
    [pytest.param(*case, id=name) for name, case in {**SCORE_MISTAKES, **TRAIN_MISTAKES, **OTHER_MISTAKES}.items()],
)
def test_a_mistake_ends_with_code_2_and_one_line_and_leaves_nothing(own_model, tmp_path, mistake, names):
    folder = tmp_path / "kerja"
    folder.mkdir()
    arguments = mistake(folder, own_model)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran = suara(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.endswith("\n")
    assert ran.err.count("\n") == 1, ran.err
    assert ran.err.startswith("Galat: ")
    assert "\x1b" not in ran.err
    for name in names:
        assert name in ran.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (folder / "hasil").exists()


@pytest.mark.parametrize("other_way", [False, True])
def test_the_result_never_takes_the_inputs_place(own_model, tmp_path, other_way):
    source = _csv(tmp_path, b"text\nsampah menumpuk\n")
    (tmp_path / "kerja").mkdir()
    out = tmp_path / "kerja" / ".." / "pesan.csv" if other_way else source
    ran = score(source, out, own_model)
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "--out sama dengan berkas masukan" in ran.err
    assert source.read_bytes() == b"text\nsampah menumpuk\n"


def test_an_earlier_result_stays_when_scoring_fails(own_model, tmp_path):
    (tmp_path / "hasil.csv").write_text("lama", encoding="utf-8")
    ran = score(_csv(tmp_path, b"text\nsampah\n\xff\n"), tmp_path / "hasil.csv", own_model)
    assert ran.code == 2
    assert (tmp_path / "hasil.csv").read_text(encoding="utf-8") == "lama"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_no_partial_result_is_left_when_a_long_file_breaks_off(plain_model, tmp_path):
    ran = score(_csv(tmp_path, b"text\n" + b"sampah\n" * 2_500 + b"\xff\n"), tmp_path / "hasil.csv", plain_model)
    assert ran.code == 2
    assert "baris 2502" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["pesan.csv"]


# ------------------------------------------------------------------------------------------------ train, evaluate, card
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_train_skips_missing_labels_for_their_task_only(tmp_path, suffix):
    rows = [
        {"text": row["text"], "topic": row["topic"], "sentiment": row["sentiment"] if i < 40 else None, "band": math.nan}
        for i, row in enumerate(labelled_rows(60))
    ]
    data = write_table(tmp_path / f"data{suffix}", rows)
    ran = suara("train", "--data", str(data), "--no-seed", "--encoder", "none", "--seed", "3", "--out", str(tmp_path / "model"))
    assert (ran.code, ran.err) == (0, "")
    assert "60 pesan" in ran.out
    manifest = load_bundle(tmp_path / "model").manifest
    assert {name: metrics["rows"] for name, metrics in manifest["metrics"].items()} == {"topic": 60, "sentiment": 40}
    assert manifest["seed"] == 3


def test_train_takes_columns_by_other_names_and_learns_units(tmp_path):
    rows = [{"keluhan": row["text"], "dinas": row["unit"]} for row in labelled_rows(60)]
    data, model = write_table(tmp_path / "data.csv", rows), tmp_path / "model"
    columns = ["--columns", "text=keluhan,unit=dinas"]
    ran = suara("train", "--data", str(data), *columns, "--no-seed", "--encoder", "none", "--out", str(model))
    assert ran.code == 0, ran.err
    assert score(data, tmp_path / "hasil.csv", model, "--columns", "text=keluhan").code == 0
    table = read_table(tmp_path / "hasil.csv")
    assert (table["unit"] == table["dinas"]).mean() > 0.9
    assert set(table["topic"]) == {""}, "a task the model lacks stays empty"
    assert list(table.columns) == ["keluhan", "dinas", *CONTRACT]


def test_evaluate_writes_the_figures_it_shows(unit_model, tmp_path):
    data, path = write_csv(tmp_path / "uji.csv", labelled_rows(60, seed=77)), tmp_path / "angka" / "mutu.json"
    ran = suara("evaluate", str(data), "--model", str(unit_model), "--json", str(path))
    assert (ran.code, ran.err) == (0, "")
    figures = json.loads(path.read_text(encoding="utf-8"))
    assert list(figures) == ["topic", "aspect", "sentiment", "urgency", "unit", "integrity", "kinds"]
    assert figures["topic"]["rows"] == 60
    assert figures["topic"]["accuracy"] > 0.9
    for task, values in figures.items():
        assert task in ran.out
        assert set(values) <= set(re.findall(r"\w+", ran.out))


def test_card_shows_the_card_as_it_is(plain_model):
    ran = suara("card", str(plain_model))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (plain_model / "card.md").read_text(encoding="utf-8").rstrip("\n") + "\n"
    assert "# Kartu model: polos" in ran.out


def test_card_of_a_changed_bundle_is_not_shown(own_model):
    (own_model / "card.md").write_text("# Sempurna\n", encoding="utf-8")
    ran = suara("card", str(own_model))
    assert ran.code == 2
    assert ran.out == ""
    assert "'card.md' berubah" in ran.err


# ------------------------------------------------------------------------------------------------ the installed command
def run_installed(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("suara")), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=folder)


def test_the_installed_command_is_silent_but_for_its_result(unit_model, tmp_path):
    write_table(tmp_path / "pesan.csv", ROWS)
    ran = run_installed(
        "score", "pesan.csv", "--out", "hasil.xlsx", "--model", str(unit_model), "--columns", "text=keluhan", folder=tmp_path
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("\n") == 1
    assert list(read_table(tmp_path / "hasil.xlsx").columns)[3:] == CONTRACT


def test_the_installed_command_tells_a_mistake_in_one_long_line(tmp_path):
    name = "berkas-dengan-nama-yang-sangat-panjang-" * 4 + ".csv"
    ran = run_installed("score", name, "--out", "hasil.csv", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert name in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "out", "says"),
    [
        (b"a\n" * 4_500 + b"\xff\n", "hasil.csv", "baris 4502"),
        (b"a\n" * 10 + b"a " * 17_000 + b"\n" + b"a\n" * 1_500, "hasil.xlsx", "baris 12"),
    ],
    ids=["met when reading", "met when writing"],
)
def test_a_mistake_met_while_all_cores_work_is_one_line_too(plain_model, tmp_path, content, out, says):
    """Chunks after the first few are read in a thread of the pool, where an error could be lost or shown as a traceback."""
    _csv(tmp_path, b"text\n" + content)
    ran = run_installed("score", "pesan.csv", "--out", out, "--model", str(plain_model), folder=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert says in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pesan.csv"]
