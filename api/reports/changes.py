"""Needs that change: drift beside a reference window, and floods of nearly the same message, each shown once."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd

from api.reports import repository
from api.reports.context import MAX_MESSAGES, Context
from api.reports.report import Report, Table
from nlp.insight.drift import REFERENCE_DAYS, WINDOW_DAYS, drift
from nlp.insight.floods import Floods, collapse, find_floods
from nlp.insight.vocabulary import rising_words
from nlp.insight.wording import number

MAX_WORD_MESSAGES = 50_000
MAX_WORDS = 50


def floods_of(messages: pd.DataFrame) -> Floods:
    """Floods among messages with `text` and `signature`; signatures are made anew where one lacks its own."""
    known = messages["signature"]
    return find_floods(messages, signatures=known.tolist() if known.notna().all() else None)


def changes(context: Context) -> Report:
    """Drift up to the last day of the scope, rising words, and floods within the scope."""
    since = context.scope.until - timedelta(days=2 * WINDOW_DAYS + REFERENCE_DAYS)
    wide = Context(context.session, context.desk, replace(context.scope, since=since))
    words = wide.messages("text", "signature", limit=MAX_WORD_MESSAGES)
    sure = repository.how_sure(context.session, wide.scope, context.desk.calendar.zone, MAX_MESSAGES)
    last_day = pd.Timestamp(context.last_day)
    shifts = drift(words.merge(sure, on="id", how="left"), last_day, context.labels)
    floods = floods_of(words)
    window = pd.Timestamp(context.scope.since)
    rising = rising_words(collapse(words, floods), last_day - pd.Timedelta(days=WINDOW_DAYS - 1), last_day)
    recent = floods.table[floods.table["last_day"] >= window]
    return Report(
        title="Kebutuhan yang berubah",
        scope=context.scope,
        tables={
            "pergeseran": Table(
                shifts,
                {
                    "measure": "Ukuran",
                    "n": "Pesan jendela",
                    "n_reference": "Pesan pembanding",
                    "distance": "Jarak",
                    "usual": "Jarak wajar",
                    "is_alarm": "Bergeser",
                    "sentence": "Kalimat",
                },
            ),
            "kata": Table(
                rising.head(MAX_WORDS),
                {"word": "Kata", "n": "Pesan", "n_before": "Sebelumnya", "ratio": "Kali", "is_new": "Baru"},
            ),
            "banjir": Table(
                recent,
                {
                    "flood": "Nomor",
                    "first_day": "Mulai",
                    "last_day": "Sampai",
                    "n": "Pesan",
                    "share_of_day": "Bagian hari tersibuk",
                    "example": "Contoh",
                    "sentence": "Kalimat",
                },
            ),
        },
        sentences=(
            f"{number(int(shifts['is_alarm'].sum()) if len(shifts) else 0)} ukuran bergeser, {number(len(recent))} banjir pesan.",
        ),
        private=(*shifts.loc[shifts["is_alarm"], "sentence"], *recent["sentence"]) if len(shifts) else (),
    )
