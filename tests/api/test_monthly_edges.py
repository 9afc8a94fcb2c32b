"""The monthly report where months are thin, follow each other, or hold a flood or days without a record."""

import random
import re
from datetime import date, timedelta

import pandas as pd
from sqlalchemy.orm import Session

from api.app import create_app
from api.reports.charts import topics_chart, weeks_chart
from api.reports.monthly import MonthlyReport
from api.reports.scope import Scope
from api.routing.tables import Unit
from api.settings import Settings
from tests.api.conftest import serving
from tests.api.test_monthly import WORDS, app_of, made, message


def topics_of(report: MonthlyReport) -> pd.DataFrame:
    table = next(section.table for section in report.sections if section.key == "topik")
    assert table is not None
    return table.frame.set_index("topic")


def one_unit(session: Session) -> Unit:
    unit = Unit(code="satu", name="Satu", is_active=True)
    session.add(unit)
    session.flush()
    return unit


def test_two_reports_that_follow_each_other_hide_the_same_of_the_month_they_share(settings: Settings) -> None:
    """One small topic a month: hidden beside another one in its own report and beside a third in the next, it could be told."""
    counts = {
        "air_bersih": (4, 10, 10),
        "jalan": (5, 5, 5),
        "kesehatan": (7, 11, 7),
        "kependudukan": (2, 2, 3),
        "sampah": (2, 0, 3),
    }
    draw = random.Random(1)
    with serving(create_app(settings)) as client:
        with app_of(client).state.sessions.begin() as session:
            unit = one_unit(session)
            for topic, by_month in counts.items():
                for month, n in zip((7, 8, 9), by_month, strict=True):
                    rows = [message(draw, date(2026, month, 1 + i), "jalan", unit.id) for i in range(n)]
                    for row in rows:
                        row.topic = topic
                    session.add_all(rows)
        august = made(client, "luar", Scope(date(2026, 8, 1), date(2026, 9, 1)))
        september = made(client, "luar")
    own, again = topics_of(august)["n"], topics_of(september)["n_before"]
    assert own.isna().sum() >= 2
    shared = own.index.intersection(again.index)
    assert own[shared].isna().tolist() == again[shared].isna().tolist()


def test_where_every_topic_is_hidden_none_is_called_the_largest(settings: Settings) -> None:
    draw = random.Random(1)
    with serving(create_app(settings)) as client:
        with app_of(client).state.sessions.begin() as session:
            unit = one_unit(session)
            days = [date(2026, 9, n) for n in (1, 2, 3)]
            session.add_all(message(draw, day, topic, unit.id) for day in days for topic in WORDS)
        report = made(client, "luar")
    section = next(section for section in report.sections if section.key == "topik")
    assert section.table is not None and section.table.frame["n"].isna().all()
    assert section.chart is not None and "Terbanyak" not in section.chart.svg


def test_a_flood_and_days_without_a_record_are_told_beside_what_they_do_to_the_numbers(settings: Settings) -> None:
    """A thousand copies on one day are a campaign; a stream that stopped on the 7th makes no quiet month."""
    draw = random.Random(1)
    with serving(create_app(settings)) as client:
        with app_of(client).state.sessions.begin() as session:
            unit = one_unit(session)
            days = [date(2026, 4, 6) + timedelta(days=n) for n in range(155)]  # up to the 7th of September
            session.add_all(message(draw, day, topic, unit.id) for day in days for topic in ("jalan", "sampah"))
            copies = [message(draw, date(2026, 8, 12), "sampah", unit.id) for _ in range(100)]
            for row in copies:
                row.masked_text = "tutup tempat pembuangan sampah di melati sekarang juga, kami menolak keras"
            session.add_all(copies)
        august = made(client, "dalam", Scope(date(2026, 8, 1), date(2026, 9, 1)))
        september, outside = made(client, "dalam"), made(client, "luar")
    topics = next(section for section in august.sections if section.key == "topik")
    assert any(text.startswith("100 pesan yang hampir sama masuk 12 Agustus 2026 ") for text in topics.lead)
    assert "hari tidak tercatat" not in august.sentences[0]
    for report in (september, outside):
        assert "14 pesan pada 7 dari 30 hari (23 hari tidak tercatat)" in report.sentences[0]
        assert "hampir sama" not in str(report.sections)


def test_axes_count_whole_messages() -> None:
    topics = pd.DataFrame({"topic_name": ["Jalan"], "n": [1], "n_before": [1]})
    weeks = pd.DataFrame({"period": pd.to_datetime(["2026-09-07", "2026-09-14"]), "n": [1, 0], "low": [0, 0], "high": [1, 1]})
    for svg in (topics_chart(topics, "Topik", ("September", "Agustus")), weeks_chart(weeks, "Minggu")):
        assert len(re.findall(">1<", svg)) == 1, "one mark for one message, none for its parts"
