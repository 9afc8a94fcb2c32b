"""Each notebook runs from top to bottom on small data, and is stored without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.bundles import labelled_rows, train_small, write_csv

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"training_and_evaluation", "integrity_errors"}
