"""Reports over HTTP: numbers worked by hand, the same in every form, no more than the reader may see."""

import csv
import io
import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from api.reports.tables import DailyCount
from tests.api.conftest import make_key
from tests.api.messages import BRIBE, FAMILY_CARD, ROAD, WASTE, WATER, assert_problem

URL = "/api/v1/feedback"
WORDS = {"jalan": ROAD, "sampah": WASTE, "air_bersih": WATER, "kependudukan": FAMILY_CARD}
TODAY = datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("Asia/Jakarta"))  # a Friday


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=True):
        yield


def _app(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def send(client: TestClient, topic: str, days_ago: int, district: str = "Damar", **fields: Any) -> str:
    when = TODAY - timedelta(days=days_ago)
    body = {"text": WORDS.get(topic, topic), "received_at": when.isoformat(), "district": district, **fields}
    response = client.post(URL, json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def report(client: TestClient, name: str, **params: Any) -> dict[str, Any]:
    response = client.get(f"/api/v1/reports/{name}", params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
def service(both: TestClient) -> Iterator[TestClient]:
    """Two units, waste sent to one of them by rule; asked by an integrity key, which may do all that is done here."""
    admin = make_key(_app(both), role="admin")
    for code in ("dlh", "pu"):
        both.post("/api/v1/units", json={"code": code, "name": f"Dinas {code.upper()}"}, headers=admin)
    both.post("/api/v1/rules", json={"unit": "dlh", "topic": "sampah"}, headers=admin)
    both.headers.update(make_key(_app(both), role="integrity"))
    yield both


# ------------------------------------------------------------------------------------------------ trends
def test_a_trend_counts_each_period_and_leaves_silent_days_missing(service: TestClient) -> None:
    for days_ago, topic, n in ((1, "sampah", 3), (2, "sampah", 2), (2, "jalan", 1), (9, "sampah", 4)):
        for _ in range(n):
            send(service, topic, days_ago)
    since = (TODAY - timedelta(days=10)).date()
    body = report(service, "trends", by="topic", every="D", since=since.isoformat())
    found = {(row["topic"], row["period"]): row["n"] for row in body["tables"]["deret"]}
    day = {ago: (TODAY - timedelta(days=ago)).date().isoformat() for ago in range(12)}
    assert [found["sampah", day[ago]] for ago in (9, 2, 1)] == [4, 2, 3]
    assert (found["jalan", day[9]], found["jalan", day[2]]) == (0, 1)  # others came that day, so it is zero
    assert found["sampah", day[5]] is None  # nothing came at all, so it is missing
    assert body["sentences"][0].startswith("10 pesan")
    assert "7 hari tanpa satu pesan pun" in body["sentences"][0]


def test_a_part_of_the_messages_can_be_asked_for(service: TestClient) -> None:
    for district in ("Damar", "Damar", "Cemara"):
        send(service, "sampah", 1, district)
    send(service, "jalan", 1)
    only = report(service, "trends", by="semua", topic="sampah", district="Damar")
    assert sum(row["n"] or 0 for row in only["tables"]["deret"]) == 2
    by_unit = report(service, "trends", by="unit", unit="dlh")
    assert sum(row["n"] or 0 for row in by_unit["tables"]["deret"]) == 3


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"by": "cuaca"}, 422),
        ({"topic": "cuaca"}, 422),
        ({"unit": "tidak_ada"}, 422),
        ({"since": "2026-02-01", "until": "2026-01-01"}, 422),
        ({"since": "2020-01-01", "until": "2026-01-01"}, 422),
        ({"format": "docx"}, 422),
        ({"format": "csv", "table": "tidak_ada"}, 422),
        ({"since": "2026-01-01", "until": "2026-02-01"}, 200),
    ],
    ids=str,
)
def test_what_a_report_can_be_asked_for(service: TestClient, params: dict[str, str], status: int) -> None:
    response = service.get("/api/v1/reports/trends", params=params)
    assert response.status_code == status, response.text
    if status == 422:
        assert_problem(response, 422)


# ------------------------------------------------------------------------------------------------ one set of numbers
def test_json_csv_and_xlsx_hold_the_same_numbers(service: TestClient) -> None:
    for days_ago in (1, 2, 3, 9, 15):
        for topic, n in (("sampah", 6), ("jalan", 5)):
            for _ in range(n):
                send(service, topic, days_ago)
    params = {"by": "topic", "every": "W", "audience": "dalam"}
    expected = {(r["topic"], r["period"]): r["n"] for r in report(service, "trends", **params)["tables"]["deret"]}
    answer = service.get("/api/v1/reports/trends", params=params | {"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    from_csv = {(r["Kode topik"], r["Mulai"]): float(r["Pesan"]) if r["Pesan"] else None for r in rows}
    assert from_csv == expected
    book = openpyxl.load_workbook(io.BytesIO(service.get("/api/v1/reports/trends", params=params | {"format": "xlsx"}).content))
    heads, *lines = book["deret"].iter_rows(values_only=True)
    sheet = [dict(zip(heads, line, strict=True)) for line in lines]
    assert {(r["Kode topik"], r["Mulai"]): r["Pesan"] for r in sheet} == expected
    assert sum(n or 0 for n in expected.values()) == 55


def test_outside_the_office_no_small_count_is_told_nor_can_be_worked_out(service: TestClient) -> None:
    for topic, n in (("sampah", 7), ("jalan", 2), ("air_bersih", 9), ("kependudukan", 6)):
        for _ in range(n):
            send(service, topic, 1)
    inside = report(service, "standards")["tables"]["topik"]
    assert {row["topic"]: row["n"] for row in inside if row["n"]}["jalan"] == 2
    outside = report(service, "standards", audience="luar")
    assert set(outside["tables"]) == {"topik"}  # open ones by topic, taken from all, would leave the closed ones
    told = {row["topic_name"]: row["n"] for row in outside["tables"]["topik"]}
    shown = [n for n in told.values() if n is not None]
    assert told["Jalan dan jembatan"] is None
    assert min(n for n in shown if n) >= 5
    total = told["Jumlah"]
    assert total is None or sum(1 for n in told.values() if n is None) >= 2  # a lone hidden one could be subtracted
    assert all(set(row) == {"topic_name", "n"} for row in outside["tables"]["topik"])


def test_a_file_is_for_outside_unless_asked_otherwise(service: TestClient) -> None:
    for _ in range(2):
        send(service, "jalan", 1)
    for audience, hidden in ((None, True), ("dalam", False)):
        params = {"format": "csv"} | ({"audience": audience} if audience else {})
        rows = list(
            csv.DictReader(io.StringIO(service.get("/api/v1/reports/standards", params=params).content.decode("utf-8-sig")))
        )
        [road] = [row for row in rows if row["Topik"] == "Jalan dan jembatan"]
        assert (road["Pesan"] == "") is hidden


def test_no_sentence_for_outside_tells_a_small_count(service: TestClient) -> None:
    for _ in range(3):
        send(service, "sampah", 1)
    for name, params in (("trends", {"by": "semua"}), ("themes", {"topic": "sampah"}), ("people", {})):
        inside, outside = (report(service, name, audience=audience, **params) for audience in ("dalam", "luar"))
        assert any("3 pesan" in sentence for sentence in inside["sentences"]), name
        assert not any(re.search(r"\b[1-4] pesan", sentence) for sentence in outside["sentences"]), name


def test_a_share_for_outside_does_not_tell_of_the_one_that_was_late(service: TestClient) -> None:
    due = {"unit": "pu", "reason": "Sesuai tugas.", "deadline_on": (TODAY - timedelta(days=5)).date().isoformat()}
    for n in range(12):
        one = send(service, "jalan", 20, external_id=f"J-{n}")
        service.post(f"{URL}/{one}/dispositions", json=due)
        if n:
            with time_machine.travel(TODAY - timedelta(days=8)):
                service.post(f"{URL}/{one}/state", json={"state": "selesai"})
    told = "Dari 12 pesan yang jatuh tempo, 92 %"
    assert report(service, "standards")["sentences"][0].startswith(told)
    assert told not in str(report(service, "standards", audience="luar"))


def test_respondents_without_a_unit_cannot_be_told_by_subtraction(service: TestClient) -> None:
    rows = ["3,3,3,3,3,3,3,3,3,Dinas PU"] * 20 + ["2,2,2,2,2,2,2,2,2,"] * 2
    heads = ",".join(f"U{n}" for n in range(1, 10)) + ",unit"
    manager = make_key(_app(service), "survei", role="manager")
    body = "\n".join([heads, *rows]).encode()
    answer = service.post("/api/v1/surveys", params={"name": "SKM", "day": "2026-11-01"}, content=body, headers=manager)
    assert answer.status_code == 201, answer.text
    outside = report(service, "skm", audience="luar")
    assert outside["tables"]["unit"][-1]["n_respondents"] == 20
    assert "22 responden" not in str(outside["sentences"])
    assert "22 responden" in report(service, "skm")["sentences"][0]


def test_days_that_were_not_recorded_stay_missing_in_files_for_outside(service: TestClient) -> None:
    for days_ago in (1, 2, 4):
        for _ in range(6):
            send(service, "sampah", days_ago)
    params = {"by": "semua", "every": "D", "since": (TODAY - timedelta(days=4)).date().isoformat(), "format": "csv"}
    answer = service.get("/api/v1/reports/trends", params=params).content.decode("utf-8-sig")
    rows = {row["Mulai"]: row["Pesan"] for row in csv.DictReader(io.StringIO(answer))}
    day = {ago: (TODAY - timedelta(days=ago)).date().isoformat() for ago in range(5)}
    assert [rows[day[ago]] for ago in (4, 3, 2, 1)] == ["6", "", "6", "6"]
    assert rows["Jumlah"] == "18"


def test_a_district_may_bear_the_name_of_totals(service: TestClient) -> None:
    for district in ("Jumlah", "Damar"):
        for _ in range(6):
            send(service, "sampah", 1, district)
    rows = report(service, "trends", by="district", every="M", audience="luar")["tables"]["deret"]
    told = {row["district"]: row["n"] for row in rows if row["period"] == "Jumlah"}
    assert told == {"Jumlah (nama)": 6, "Damar": 6, "Jumlah": 12}


def test_more_areas_than_totals_can_be_proved_for_still_come_as_a_file(service: TestClient) -> None:
    app = _app(service)
    when = TODAY - timedelta(days=5)
    aspects = ("waktu", "sarana", "biaya", "prosedur", "perilaku")
    with app.state.sessions.begin() as session:
        session.add_all(
            DailyCount(
                day=when.date(), topic=topic, aspect=aspect, unit_id=0, district=f"Desa {n}", channel="web", sentiment="negatif",
                urgency="biasa", band="0", n=12, n_repeat=0, n_settled=0, n_late=0,
            )
            for topic in WORDS for aspect in aspects for n in range(40)
        )  # fmt: skip
    answer = service.get("/api/v1/reports/priorities", params={"format": "csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 800 and {row["Pesan"] for row in rows} == {"12"}


def test_a_table_too_large_for_outside_is_refused_with_a_remedy(service: TestClient) -> None:
    app = _app(service)
    with app.state.sessions.begin() as session:
        session.add_all(
            DailyCount(
                day=(TODAY - timedelta(days=1 + day)).date(), topic="jalan", aspect="waktu", unit_id=0, district=f"Desa {n}",
                channel="web", sentiment="negatif", urgency="biasa", band="0", n=6, n_repeat=0, n_settled=0, n_late=0,
            )
            for day in range(60) for n in range(51)
        )  # fmt: skip
    params = {"by": "district", "every": "D", "format": "csv"}
    answer = service.get("/api/v1/reports/trends", params=params)
    body = assert_problem(answer, 422, "terlalu_besar_untuk_luar")
    assert "audience=dalam" in str(body["detail"])
    assert service.get("/api/v1/reports/trends", params=params | {"audience": "dalam"}).status_code == 200


# ------------------------------------------------------------------------------------------------ priorities
def test_the_area_with_more_trouble_comes_first_and_says_why(service: TestClient) -> None:
    for _ in range(14):
        send(service, "jalan", 5, "Cemara")
    for n in range(14):
        send(service, "sampah", 5, "Damar", external_id=f"S-{n}")
    for n in range(14):  # kind words weigh nothing
        send(service, "kependudukan", 5, "Damar", external_id=f"K-{n}")
    body = report(service, "priorities", budget=1)
    rows = body["tables"]["prioritas"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    first, last = rows[0], rows[-1]
    assert (first["topic"], first["district"], first["n"], first["chosen"]) == ("jalan", "Cemara", 14, True)
    assert last["topic"] == "kependudukan" and last["chosen"] is False
    assert first["rank_low"] <= 1 <= first["rank_high"]
    assert "14 pesan" in first["reason"] and "Cemara" in first["reason"]
    assert first["stability"] == f"Semua {len(rows)} area masuk 5 besar"


def test_messages_past_their_deadline_count_as_late(service: TestClient) -> None:
    for n in range(12):
        late = send(service, "jalan", 10, "Cemara", external_id=f"J-{n}")
        step = {"unit": "pu", "reason": "Sesuai tugas.", "deadline_on": (TODAY - timedelta(days=3)).date().isoformat()}
        assert service.post(f"{URL}/{late}/dispositions", json=step).status_code == 201
        fine = send(service, "sampah", 10, "Damar", external_id=f"S-{n}")
        assert service.post(f"{URL}/{fine}/state", json={"state": "selesai"}).status_code == 200
    parts = {row["topic"]: row["part_late"] for row in report(service, "priorities")["tables"]["prioritas"]}
    assert parts["jalan"] > 0.5 > parts["sampah"]


# ------------------------------------------------------------------------------------------------ standards, people
def test_standards_say_what_was_kept_and_what_is_open(service: TestClient) -> None:
    step = {"unit": "pu", "reason": "Sesuai tugas."}
    for n in range(6):
        one = send(service, "jalan", 20, external_id=f"J-{n}")
        due = TODAY - timedelta(days=5 if n < 4 else 15)
        service.post(f"{URL}/{one}/dispositions", json=step | {"deadline_on": due.date().isoformat()})
        if n == 0:
            with time_machine.travel(TODAY - timedelta(days=2)):  # three days too late
                service.post(f"{URL}/{one}/state", json={"state": "selesai"})
    body = report(service, "standards")
    [road] = [row for row in body["tables"]["topik"] if row["topic"] == "jalan"]
    assert (road["n"], road["n_open"], road["n_due"], road["n_kept"]) == (6, 5, 6, 0)
    assert body["tables"]["terlama"][0]["days_overdue"] > 0
    assert "6 pesan yang jatuh tempo" in body["sentences"][0]


def test_training_and_praise_name_units_alone_and_savings_say_their_factor(service: TestClient) -> None:
    for n in range(7):
        send(service, "sampah", 2, external_id=f"S-{n}")
    thanks = f"{WASTE.replace('mohon informasinya', 'terima kasih bagus sekali')}"
    for n in range(6):
        send(service, thanks, 2, external_id=f"T-{n}")
    body = report(service, "people")
    [praised] = body["tables"]["pujian"]
    assert (praised["unit"], praised["n_positive"], praised["n_unit"]) == ("Dinas DLH", 6, 13)
    [saved] = body["tables"]["penghematan"]
    assert (saved["n"], saved["n_auto"], saved["n_saved"], saved["hours"]) == (13, 13, 13, pytest.approx(13 * 3 / 60))
    assert "3 menit per pesan" in body["sentences"][0]


# ------------------------------------------------------------------------------------------------ who sees what
def test_a_limited_reader_sees_its_own_unit_alone(service: TestClient) -> None:
    send(service, "sampah", 1)
    send(service, "jalan", 1)
    limited = make_key(_app(service), "lingkungan", role="manager")
    with _app(service).state.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO api_key_units (api_key_id, unit_id)"
                " SELECT (SELECT max(id) FROM api_keys), id FROM units WHERE code = 'dlh'"
            )
        )
    for path in ("trends?by=unit", "priorities?place=unit", "standards", "people", "changes"):
        body = service.get(f"/api/v1/reports/{path}", headers=limited).json()
        assert "Dinas PU" not in str(body) and "jalan" not in str(body).lower()
    other = service.get("/api/v1/reports/trends", params={"by": "semua", "unit": "pu"}, headers=limited).json()
    assert sum(row["n"] or 0 for row in other["tables"]["deret"]) == 0


def test_rahasia_messages_are_in_no_report_and_case_words_in_none(service: TestClient) -> None:
    send(service, BRIBE, 1, visibility="rahasia")
    for name in ("trends", "priorities", "standards", "people", "changes"):
        body = report(service, name)
        assert "kependudukan" not in str(body["tables"]).lower(), name
    send(service, BRIBE, 1)
    words = "oknum memeras"
    for name, params in (("changes", {}), ("themes", {"topic": "kependudukan"})):
        assert words not in str(report(service, name, **params))


def test_themes_of_a_topic_are_found_and_told(service: TestClient) -> None:
    draw = random.Random(3)
    about = {
        "lubang": ("aspal berlubang", "ban pecah", "mohon ditambal", "lubang dalam", "pengendara jatuh", "aspal mengelupas"),
        "galian": ("bekas galian", "pipa ditanam", "tanah ambles", "galian belum ditutup", "timbunan tanah", "paving dibongkar"),
    }
    places = ("pasar", "sekolah", "lapangan", "jembatan", "balai", "pertigaan", "gapura", "tikungan")
    for _ in range(25):
        for phrases in about.values():
            told = draw.sample(phrases, 4)
            send(
                service, f"jalan kampung rusak dekat {draw.choice(places)}, {', '.join(told)} sejak {draw.randint(2, 90)} hari", 3
            )
    body = report(service, "themes", topic="jalan")
    assert body["title"] == "Tema pesan tentang Jalan dan jembatan"
    rows = body["tables"]["tema"]
    assert len(rows) >= 2
    assert sum(row["n_messages"] for row in rows) <= 50
    assert all(row["examples"] and row["name"] for row in rows)
    assert report(service, "themes", topic="jalan") == body, "the same messages, the same themes"
