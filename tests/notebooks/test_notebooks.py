"""Each notebook runs from top to bottom on small data, and is stored without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nlp.batch import score_file
from tests.bundles import labelled_rows, train_small, write_csv

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PLANTED = {"trend_report": ("Penerangan jalan naik", "40 pesan yang hampir sama", "image/svg+xml")}
"""What the invented data of a notebook holds, and its outputs must tell."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    train_small(folder / "model")
    data = write_csv(folder / "data.csv", labelled_rows(300, seed=9))
    return {"SUARA_NOTEBOOK_DATA": str(data), "SUARA_MODEL_DIR": str(folder / "model"), "SUARA_NOTEBOOK_ROWS": "200"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path, environment, monkeypatch, tmp_path):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = sum(bool(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
    assert shown >= 4, "figures and tables, not only imports"
    outputs = str([cell.get("outputs") for cell in notebook.cells])
    assert all(planted in outputs for planted in PLANTED.get(path.stem, ()))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"training_and_evaluation", "integrity_errors", "trend_report"}


def test_the_trend_report_reads_a_file_that_says_no_more_than_its_dates(environment, monkeypatch, tmp_path):
    rows = [row | {"tanggal": f"2026-{1 + k // 60:02}-{1 + k % 28:02}"} for k, row in enumerate(labelled_rows(300, seed=3))]
    for row in rows:
        del row["unit"]
    scored = tmp_path / "nilai.csv"
    score_file(write_csv(tmp_path / "asal.csv", rows), scored, Path(environment["SUARA_MODEL_DIR"]))
    monkeypatch.setenv("SUARA_NOTEBOOK_SCORED", str(scored))
    monkeypatch.setenv("SUARA_NOTEBOOK_COLUMNS", "received_at=tanggal")
    notebook = nbformat.read(FOLDER / "trend_report.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    told = str([cell.get("outputs") for cell in notebook.cells])
    assert "300 pesan, 1 Januari 2026 sampai 28 Mei 2026" in told
    assert "Berkas tidak memuat tanggal selesai" in told
