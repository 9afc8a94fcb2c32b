"""Every table and column of a report, and every field of plans and surveys, stands in docs/laporan.md, and none that is gone."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from api.plans.schemas import ActionDetail, ActionIn, EffectOut, ProgressOut, TargetIn, TargetOut
from api.reports.changes import changes
from api.reports.context import Context
from api.reports.endpoints import router
from api.reports.priorities import PLACES, priorities
from api.reports.report import Report
from api.reports.scope import Scope
from api.reports.standards import people, standards
from api.reports.themes import themes
from api.reports.trends import NAMES, trends
from api.surveys.schemas import SurveyIn, SurveyOut
from api.surveys.service import satisfaction
from nlp.insight.reasons import PART_NAMES

GUIDE = (Path(__file__).parents[2] / "docs" / "laporan.md").read_text(encoding="utf-8")
SCOPE = Scope(date(2026, 8, 1), date(2026, 11, 1))
Make = Callable[[Context], Report]
MADE: dict[str, tuple[Make, ...]] = {
    "trends": tuple(lambda context, by=by: trends(context, by, "W") for by in (None, *NAMES)),
    "priorities": tuple(lambda context, place=place: priorities(context, place, 5) for place in PLACES),
    "themes": (lambda context: themes(context, context.labels.codes("topic")[0]),),
    "standards": (standards,),
    "skm": (satisfaction,),
    "people": (people,),
    "changes": (changes,),
}
MODELS: dict[str, tuple[type[BaseModel], ...]] = {
    "actions": (ActionIn, ActionDetail, EffectOut),
    "targets": (TargetIn, TargetOut, ProgressOut),
    "surveys": (SurveyIn, SurveyOut),
}


def chapter(name: str) -> str:
    """What the guide says under the heading of a report."""
    found = re.search(rf"^### `{name}`.*?(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/laporan.md has no chapter ### `{name}`"
    return found.group()


def documented(name: str) -> dict[str, dict[str, str]]:
    """Of a chapter, each table with its columns: code and how people read it, written `code` Name and parted by ·."""
    tables: dict[str, dict[str, str]] = {}
    for names, columns in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \|", chapter(name), re.MULTILINE):
        for table in re.findall(r"\w+", names):
            tables.setdefault(table, {}).update(re.findall(r"`([^`]+)` ([^·]+?)(?: ·|$)", columns))
    return tables


@pytest.fixture(scope="module")
def context(shared_app: FastAPI, shared_client: TestClient) -> Iterator[Context]:
    """An empty service."""
    with shared_app.state.sessions.begin() as session:
        yield Context(session, shared_app.state.desk, SCOPE)


def columns_of(context: Context, name: str) -> dict[str, dict[str, str]]:
    """Each table of a report with its columns, whatever it is asked by."""
    tables: dict[str, dict[str, str]] = {}
    for make in MADE[name]:
        for table, content in make(context).tables.items():
            tables.setdefault(table, {}).update(content.heads)
    if name == "priorities":  # parts without data are left out, on an empty service all
        tables["prioritas"] |= {f"part_{part}": f"Bagian: {title}" for part, title in PART_NAMES.items()}
    return tables


def test_every_report_is_looked_at() -> None:
    paths = {route.path.removeprefix(f"{router.prefix}/") for route in router.routes}
    assert paths == set(MADE)


@pytest.mark.parametrize("name", MADE)
def test_every_column_of_a_report_is_documented_as_it_is_called(context: Context, name: str) -> None:
    assert documented(name) == columns_of(context, name)


@pytest.mark.parametrize("name", MODELS)
def test_every_field_of_plans_and_surveys_is_documented(name: str) -> None:
    told = set(re.findall(r"`(\w+)`", chapter(name)))
    assert {field for model in MODELS[name] for field in model.model_fields} - told == set()
