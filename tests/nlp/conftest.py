"""Small bundles that every folder below shares, trained once a session."""

import shutil
from pathlib import Path

import pytest

from nlp.classify.score import Scorer
from tests.bundles import train_small


@pytest.fixture(scope="session")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle without units. Read only: tests that change one take `own_model`."""
    folder = tmp_path_factory.mktemp("plain") / "polos"
    train_small(folder)
    return folder


@pytest.fixture(scope="session")
def unit_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that knows units, too."""
    folder = tmp_path_factory.mktemp("unit") / "berunit"
    train_small(folder, units=True)
    return folder


@pytest.fixture(scope="session")
def scorer(unit_model: Path) -> Scorer:
    return Scorer.load(unit_model)


@pytest.fixture
def own_model(plain_model: Path, tmp_path: Path) -> Path:
    """A copy of the bundle without units, to be spoilt."""
    return Path(shutil.copytree(plain_model, tmp_path / "model"))
