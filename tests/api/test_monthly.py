"""The monthly report: the same numbers in PDF, XLSX and JSON; nothing small or dangerous in it; four to six pages."""

import io
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import typst
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.feedback.tables import Feedback
from api.identifiers import new_public_id, new_receipt
from api.plans.tables import ImprovementAction, StoredTarget
from api.reports.charts import deadlines_chart, topics_chart, weeks_chart
from api.reports.context import Context
from api.reports.document import as_pdf, typst_files
from api.reports.figures import collect
from api.reports.monthly import MonthlyReport, monthly
from api.reports.report import Audience
from api.reports.scope import Scope
from api.routing.tables import Unit
from api.settings import Settings
from tests.api.command_line import suara
from tests.api.conftest import make_key, serving
from tests.api.messages import assert_problem

URL = "/api/v1/reports/monthly"
MONTH = Scope(date(2026, 9, 1), date(2026, 10, 1))
MADE_ON = date(2026, 10, 2)
HOSTILE = '#pagebreak() *a* $x$ @ref <b>&amp; \\ `r` = // {"a"} ' + "\u202e😀漢\x07"
UNITS = {"jalan": "Dinas PU", "sampah": HOSTILE, "air_bersih": "PDAM", "kependudukan": "Jumlah"}
SMALL_TOPIC = "kependudukan"  # two messages a month
WORDS = {
    "jalan": ("aspal berlubang dalam", "paving gang ambles", "trotoar pecah", "jembatan retak", "bahu jalan longsor"),
    "sampah": ("truk sampah terlambat", "bak sampah penuh", "kasur dibuang di kali", "tong sampah hilang", "sapu jalan libur"),
    "air_bersih": ("air keruh", "pipa bocor", "meteran macet", "air mati malam", "tekanan lemah"),
    "kependudukan": ("ktp belum jadi", "akta tertunda", "kartu keluarga keliru"),
}


def fill(session: Session, first: date, last: date) -> None:
    """Invented messages of some months: a few topics each day, one of them small, closings, praise, one free day."""
    draw = random.Random(3)
    units = {topic: Unit(code=topic[:8], name=name, is_active=True) for topic, name in UNITS.items()}
    session.add_all(units.values())
    session.flush()
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        if day == date(2026, 9, 13):
            continue
        topics = ["jalan"] * 3 + ["sampah"] * (8 if day >= date(2026, 9, 7) else 2) + ["air_bersih"] * (1 + n % 2)
        topics += [SMALL_TOPIC] if day.day in {3, 17} else []
        session.add_all(message(draw, day, topic, units[topic].id) for topic in topics)
    actor = {"actor_kind": "system", "actor_id": 0, "actor_name": "uji", "created_at": datetime.now(UTC)}
    session.add(
        ImprovementAction(
            public_id=new_public_id(), name=HOSTILE, topic="jalan", starts_on=date(2026, 8, 3), expected="fewer", **actor
        )
    )
    target = {"should_rise": True, "baseline": 0.5, "baseline_on": date(2026, 7, 1), "target": 0.9, "due_on": date(2026, 12, 31)}
    session.add(
        StoredTarget(public_id=new_public_id(), name="Tepat waktu", measure="share_kept", window_days=84, **target, **actor)
    )


def message(draw: random.Random, day: date, topic: str, unit_id: int) -> Feedback:
    received = datetime(day.year, day.month, day.day, 3, 0, tzinfo=UTC)
    took = timedelta(days=draw.choice((2, 5, 25)))
    return Feedback(
        public_id=new_public_id(),
        receipt=new_receipt(),
        channel="web",
        district=draw.choice(("Damar Barat", HOSTILE)),
        visibility="publik",
        received_at=received,
        created_at=received,
        masked_text=f"{draw.choice(WORDS[topic])} di {draw.choice(('melati', 'mawar', 'anggrek'))} {draw.randint(1, 9)}",
        state="selesai",
        unit_id=unit_id,
        deadline_on=day + timedelta(days=14),
        closed_at=received + took,
        has_case=False,
        routing={"band": "auto", "reason": "", "suggestions": []},
        topic=topic,
        aspect=draw.choice(("waktu", "sarana")),
        sentiment=draw.choices(("negatif", "netral", "positif"), (6, 3, 1))[0],
        urgency="biasa",
        band=draw.choices(("0", "2"), (20, 1))[0],
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Iterator[TestClient]:
    """A service with messages from May to September 2026, and a manager's key."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("monthly"), model_dir=bundle, office="Kota <Damar> #1 & $2")
    with serving(create_app(settings)) as client:
        with app_of(client).state.sessions.begin() as session:
            fill(session, date(2026, 5, 4), date(2026, 9, 30))
        client.headers.update(make_key(app_of(client), role="manager"))
        yield client


def app_of(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def made(client: TestClient, audience: Audience, scope: Scope = MONTH) -> MonthlyReport:
    app = app_of(client)
    with app.state.sessions() as session:
        return monthly(Context(session, app.state.desk, scope), audience, MADE_ON)


@pytest.fixture(scope="module", params=["dalam", "luar"])
def report(request: pytest.FixtureRequest, service: TestClient) -> MonthlyReport:
    return made(service, request.param)


@pytest.fixture(scope="module")
def inside(service: TestClient) -> MonthlyReport:
    return made(service, "dalam")


@pytest.fixture(scope="module")
def outside(service: TestClient) -> MonthlyReport:
    return made(service, "luar")


def n_pages(pdf: bytes) -> int:
    """Of a PDF whose page objects are not compressed, as Typst writes them."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def assert_settled(report: MonthlyReport) -> None:
    """Typst found nothing to warn of, such as a page number that depends on itself."""
    files: Any = typst_files(report)
    assert typst.compile_with_warnings(files, ignore_system_fonts=True, pdf_standards=["ua-1"], timestamp=0)[1] == []


def spoken(node: Any) -> str:
    """All text inside a piece of content as Typst tells of it."""
    if isinstance(node, dict):
        return (
            str(node["text"]) if node.get("func") == "text" else spoken([node.get(key) for key in ("body", "child", "children")])
        )
    return " ".join(filter(None, map(spoken, node))) if isinstance(node, list) else ""


def nodes(tree: Any, func: str) -> Iterator[Any]:
    """Every piece of content of one kind, wherever it lies."""
    if isinstance(tree, dict) and tree.get("func") == func:
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(inner, func)


def placed(report: MonthlyReport, selector: str, func: str) -> list[str]:
    """What the printed document says in each piece of a kind inside the elements of a kind."""
    files: Any = typst_files(report)
    found = json.loads(typst.query(files, selector, ignore_system_fonts=True))
    return [" ".join(spoken(node).split()) for node in nodes(found, func)]


def plain(text: str) -> str:
    """As the printed document writes it."""
    shown = re.sub(r"[\x07\u202e😀漢]", "?", text)
    return " ".join(shown.split())


# ------------------------------------------------------------------------------------------ the same everywhere
def test_the_printed_tables_hold_what_xlsx_and_json_hold(service: TestClient, report: MonthlyReport) -> None:
    cells = placed(report, "table", "cell")
    assert cells
    for section in report.sections:
        for row in section.rows:
            for text, below in row:
                assert plain(f"{text} {below}") in cells
    sheets = openpyxl.load_workbook(io.BytesIO(ask(service, "xlsx", report.audience).content))
    answer = ask(service, "json", report.audience).json()
    assert set(sheets.sheetnames) == {"Ringkasan", *answer["tables"]}
    for name, rows in answer["tables"].items():
        written = [list(row) for row in sheets[name].iter_rows(min_row=2, values_only=True)]
        assert len(written) == len(rows)
        for given, row in zip(written, rows, strict=True):
            for there, value in zip(given, row.values(), strict=True):
                assert same(there, value), (name, there, value)


def same(there: Any, value: Any) -> bool:
    """A cell and a JSON value; a workbook has no control characters and no empty text."""
    if isinstance(value, float):
        return there == pytest.approx(value)
    return (there or None) == (value or None) or str(there).lstrip("'")[:20] == str(value)[:20]


def ask(client: TestClient, form: str, audience: str) -> Any:
    answer = client.get(URL, params={"month": "2026-09", "format": form, "audience": audience})
    assert answer.status_code == 200, answer.text
    return answer


def test_numbers_are_those_of_the_other_reports(service: TestClient, inside: MonthlyReport) -> None:
    window = {"since": "2026-09-01", "until": "2026-10-01"}
    topics = service.get("/api/v1/reports/trends", params={**window, "by": "topic", "every": "M"}).json()["tables"]["deret"]
    table = next(section.table for section in inside.sections if section.key == "topik")
    assert table is not None
    assert dict(zip(table.frame["topic_name"], table.frame["n"], strict=True)) == {
        row["topic_name"]: row["n"] for row in topics if row["n"]
    }
    n_jalan, n_sampah = 3 * 29, 6 * 2 + 8 * 23  # 29 recorded days; waste twice a day up to the 6th, then eight times on 23 days
    assert table.frame.set_index("topic")["n"][["jalan", "sampah"]].tolist() == [n_jalan, n_sampah]
    total = n_jalan + n_sampah + sum(row["n"] for row in topics if row["topic"] in {"air_bersih", SMALL_TOPIC})
    assert f"mengirim {total:.0f} pesan" in inside.sentences[0]
    standards = service.get("/api/v1/reports/standards", params={"since": "2026-07-01", "until": "2026-10-01"}).json()
    assert inside.sentences[3].startswith(standards["sentences"][0].rstrip("."))


def test_the_most_important_things_are_said_in_five_sentences(inside: MonthlyReport) -> None:
    assert len(inside.sentences) == 5
    assert "lebih banyak dari kewajaran" in inside.sentences[0]
    assert re.search(r"naik: \d+ pesan dalam \d minggu terakhir", inside.sentences[1])
    items = placed(inside, "enum", "item")
    assert items == [plain(sentence) for sentence in inside.sentences]


# ------------------------------------------------------------------------------------------ the printed document
def test_the_pdf_has_four_to_six_pages_and_is_the_same_each_time(report: MonthlyReport, service: TestClient) -> None:
    pdf = as_pdf(report)
    assert pdf.startswith(b"%PDF-1.7")
    assert 4 <= n_pages(pdf) <= 6
    assert_settled(report)
    assert as_pdf(report) == pdf == as_pdf(made(service, report.audience))
    assert b"/Lang" in pdf and b"pdfuaid" in pdf


def test_every_sentence_and_chart_is_placed_and_says_for_whom(report: MonthlyReport) -> None:
    paragraphs = placed(report, "par", "par")
    for section in report.sections:
        assert set(map(plain, section.lead)) <= set(paragraphs), section.key
    headings = placed(report, "heading", "heading")
    assert {section.title for section in report.sections} <= set(headings)
    files: Any = typst_files(report)
    charts = [section.chart.alt for section in report.sections if section.chart]
    figures = json.loads(typst.query(files, "figure", field="alt", ignore_system_fonts=True))
    assert [plain(alt) for alt in figures] == [plain(alt) for alt in charts]
    assert len(charts) == 3
    data = json.loads(typst_files(report)["laporan.json"])
    assert data["footer"].startswith(f"Untuk {report.audience} kantor")


def test_hostile_words_are_words(inside: MonthlyReport) -> None:
    names = placed(inside, "table", "cell")
    assert any(plain(HOSTILE) in name for name in names)
    assert sum("#pagebreak()" in name for name in names) >= 3  # a district, a unit and an action


@pytest.mark.parametrize("seed", range(3))
def test_charts_are_the_same_each_time_and_hold_names_as_text(service: TestClient, seed: int) -> None:
    app = app_of(service)
    with app.state.sessions() as session:
        figures = collect(Context(session, app.state.desk, MONTH))
    topics = figures.topics.assign(topic_name=figures.topics["topic_name"] + "<script>&")
    draw = [
        lambda: weeks_chart(figures.weeks, "a < b & c"),
        lambda: topics_chart(topics, "a < b & c", ("September", "Agustus")),
        lambda: deadlines_chart(figures.deadlines, "a < b & c"),
    ][seed]
    svg = draw()
    assert svg == draw()
    assert "a &lt; b &amp; c" in svg and "<script" not in svg
    assert set(re.findall(r"https?://[^\"' ]+", svg)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert 'width="470"' in svg


# ------------------------------------------------------------------------------------------ outside
def test_outside_sees_no_small_count_and_none_by_subtraction(inside: MonthlyReport, outside: MonthlyReport) -> None:
    frames = {section.key: section.table.frame for section in outside.sections if section.table is not None}
    truth = {section.key: section.table.frame for section in inside.sections if section.table is not None}
    topics = frames["topik"]
    for column in ("n", "n_before"):
        total = truth["topik"][column].sum()
        shown = topics[column].dropna()
        assert (shown >= 5).all()
        assert topics[column].isna().sum() >= 2, "one hidden count alone is the rest of the total"
        assert total - shown.sum() >= 5
    for key, n in (("tema", "n_messages"), ("pujian", "n_positive"), ("mingguan", "n")):
        counts = frames[key][n].dropna()
        assert ((counts == 0) | (counts >= 5)).all()
    assert not {"n", "index", "reason"} & set(frames["prioritas"].columns)
    assert not {"n_due", "n_kept", "n_open", "median_days"} & set(frames["tenggat"].columns)
    assert not {"pelatihan", "integritas"} & set(frames)
    assert "told" not in frames["tindakan"] and "told" not in frames["target"]


def test_no_days_between_weeks_and_months_can_be_told(outside: MonthlyReport) -> None:
    """Whole weeks inside the month, taken from its total, leave days that hold five messages or more (or none)."""
    frames = {section.key: section.table.frame for section in outside.sections if section.table is not None}
    weeks = frames["mingguan"].set_index("period")["n"]
    whole = weeks["2026-09-07":"2026-09-21"].dropna()
    total = int(re.search(r"mengirim ([\d.]+) pesan", outside.sentences[0])[1].replace(".", ""))  # type: ignore[index]
    for size in range(len(whole) + 1):
        for some in combinations(whole, size):
            assert total - sum(some) >= 5 or total == sum(some)


def test_outside_words_and_charts_tell_no_small_count(outside: MonthlyReport) -> None:
    told = [*outside.sentences, *outside.method, *(text for section in outside.sections for text in section.lead)]
    charts = [section.chart for section in outside.sections if section.chart]
    for text in (*told, *(chart.alt for chart in charts)):
        assert not re.search(r"(?<![\d.,])[1-4] pesan", text), text
    topics = next(section.chart for section in outside.sections if section.key == "topik")
    assert topics is not None
    assert re.search(r">-  \(|\(-\)<", topics.svg)
    assert not re.search(r">[1-4]  \(|\([1-4]\)<", topics.svg)


def test_a_month_with_few_messages_is_not_for_outside(service: TestClient) -> None:
    app = app_of(service)
    few = Scope(date(2026, 9, 1), date(2026, 10, 1), unit_ids=frozenset({unit_id(service, "kependud")}))
    with app.state.sessions() as session, pytest.raises(Exception, match="Angkanya") as error:
        monthly(Context(session, app.state.desk, few), "luar", MADE_ON)
    assert getattr(error.value, "code", "") == "terlalu_sedikit_untuk_luar"


def unit_id(client: TestClient, code: str) -> int:
    with app_of(client).state.sessions() as session:
        found: int = session.query(Unit).filter_by(code=code).one().id
    return found


# ------------------------------------------------------------------------------------------ little to say
def test_what_is_empty_is_said_kindly_on_four_pages(service: TestClient) -> None:
    few = Scope(date(2026, 9, 1), date(2026, 10, 1), unit_ids=frozenset({unit_id(service, "kependud")}))
    report = made(service, "dalam", few)
    said = {section.key: section.empty for section in report.sections if section.table is not None and section.table.frame.empty}
    assert {"tema", "tindakan", "target", "skm"} <= set(said)
    paragraphs = placed(report, "par", "par")
    assert set(said.values()) <= set(paragraphs)
    assert report.unit == "Jumlah"
    assert 4 <= n_pages(as_pdf(report)) <= 6
    assert_settled(report)


# ------------------------------------------------------------------------------------------ over HTTP and by command
def test_the_report_comes_over_http_in_three_forms(both: TestClient) -> None:
    with app_of(both).state.sessions.begin() as session:
        fill(session, date(2026, 6, 1), date(2026, 9, 30))
    both.headers.update(make_key(app_of(both), role="manager"))
    pdf = both.get(URL, params={"month": "2026-09", "format": "pdf"})
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.headers["content-disposition"] == 'attachment; filename="laporan-2026-09-luar.pdf"'
    answer = both.get(URL, params={"month": "2026-09", "unit": "sampah"})
    assert [row["topic_name"] for row in answer.json()["tables"]["topik"]] == ["Persampahan"]


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"month": "2099-01"}, 422, "bulan_belum_berakhir"),
        ({"month": "2026-01"}, 404, "bulan_tanpa_pesan"),
        ({"month": "2026-13"}, 422, "isi_tidak_sah"),
        ({"month": "2026-09", "unit": "tidak_ada"}, 422, None),
        ({}, 422, "isi_tidak_sah"),
    ],
    ids=str,
)
def test_a_month_that_cannot_be_reported_is_refused(
    service: TestClient, wanted: dict[str, str], status: int, code: str | None
) -> None:
    assert_problem(service.get(URL, params=wanted), status, code)


def test_the_command_writes_pdf_and_xlsx(service: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app_of(service).state.desk.settings
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SUARA_MODEL_DIR", str(settings.model_dir))
    for name, head in (("laporan.pdf", b"%PDF"), ("laporan.xlsx", b"PK")):
        ran = suara("report", "--month", "2026-09", "--out", str(tmp_path / name), "--audience", "dalam")
        assert ran.code == 0, ran.err
        assert name in ran.out
        assert (tmp_path / name).read_bytes().startswith(head)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--month", "2026-09", "--out", "laporan.docx"), ".pdf atau .xlsx"),
        (("--month", "September", "--out", "laporan.pdf"), "--month"),
        (("--month", "2026-09", "--out", "laporan.pdf", "--audience", "semua"), "--audience"),
        (("--month", "2026-01", "--out", "laporan.pdf"), "Januari 2026"),
    ],
    ids=str,
)
def test_the_command_says_what_was_wrong_in_one_line(
    service: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], named: str
) -> None:
    settings = app_of(service).state.desk.settings
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUARA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SUARA_MODEL_DIR", str(settings.model_dir))
    ran = suara("report", *arguments)
    assert ran.code == 2
    assert named in ran.err.splitlines()[-1]
    assert not list(tmp_path.glob("laporan.*"))
