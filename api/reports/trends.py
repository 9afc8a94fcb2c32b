"""How many messages came, how many were to be expected, what rose, and where a level changed."""

from datetime import timedelta

import pandas as pd

from api.reports.context import Context
from api.reports.report import Report, Table
from nlp.insight.changepoints import change_points
from nlp.insight.expected import HISTORY_DAYS, expected
from nlp.insight.rises import RISE, what_rose
from nlp.insight.series import Frequency, series
from nlp.insight.wording import number

NAMES = {
    "topic": "Topik",
    "aspect": "Unsur",
    "unit": "Unit",
    "district": "Wilayah",
    "channel": "Kanal",
    "sentiment": "Sentimen",
    "urgency": "Urgensi",
    "band": "Pita integritas",
}
CODES = {"topic", "aspect", "sentiment", "urgency", "band"}


def trends(context: Context, by: str | None, every: Frequency) -> Report:
    """The trend of a scope by one dimension, or of all its messages together."""
    scope, keys = context.scope, [by] if by else []
    begin = scope.since - timedelta(days=HISTORY_DAYS)
    counts = context.counts(["day", *keys], begin)
    observed, free = context.observed_days(begin), context.free_days(begin)
    start, end = pd.Timestamp(scope.since), pd.Timestamp(context.last_day)
    plain = series(counts, keys, every, start, end, observed)
    outlook = expected(counts, keys, every, start, end, non_working=free, observed_days=observed)
    table = plain.merge(outlook.drop(columns=["n", "n_observed"]), on=[*keys, "period"], how="left")
    rises = what_rose(counts, keys, end, labels=context.labels, non_working=free, observed_days=observed)
    changes = change_points(counts, keys, start, end, non_working=free, observed_days=observed)
    heads = _heads(by)
    found = rises[rises["direction"] == RISE]["sentence"].tolist()
    return Report(
        title=f"Tren pesan menurut {NAMES[by].lower()}" if by else "Tren pesan",
        scope=scope,
        tables={
            "deret": Table(
                context.with_names(table),
                heads
                | {
                    "period": "Mulai",
                    "n": "Pesan",
                    "n_observed": "Hari teramati",
                    "rate": "Pesan per hari",
                    "expected": "Wajarnya",
                    "low": "Batas bawah",
                    "high": "Batas atas",
                    "method": "Cara",
                },
                "n",
                [*list(heads)[-1:], "period"],
            ),
            "berubah": Table(
                context.with_names(rises),
                heads
                | {
                    "direction": "Arah",
                    "weeks": "Minggu",
                    "first_day": "Sejak",
                    "n": "Pesan",
                    "expected": "Wajarnya",
                    "ratio": "Kali biasanya",
                    "ratio_low": "Batas bawah",
                    "ratio_high": "Batas atas",
                    "q_value": "Nilai q",
                    "sentence": "Kalimat",
                },
            ),
            "titik_ubah": Table(
                context.with_names(changes),
                heads
                | {
                    "day": "Sejak",
                    "day_low": "Paling awal",
                    "day_high": "Paling akhir",
                    "before": "Pesan seminggu sebelumnya",
                    "after": "Pesan seminggu sesudahnya",
                    "ratio": "Kali",
                    "ratio_low": "Batas bawah",
                    "ratio_high": "Batas atas",
                },
            ),
        },
        sentences=(_total(plain, observed, context),),
        private=tuple(found) or ("Tidak ada yang naik di luar kebiasaan dalam empat minggu terakhir.",),
    )


def _heads(by: str | None) -> dict[str, str]:
    if by is None:
        return {}
    return {by: f"Kode {NAMES[by].lower()}", f"{by}_name": NAMES[by]} if by in CODES else {by: NAMES[by]}


def _total(plain: pd.DataFrame, observed: pd.DatetimeIndex, context: Context) -> str:
    since = pd.Timestamp(context.scope.since)
    n_missing = (context.scope.until - context.scope.since).days - int((observed >= since).sum())
    missing = f" {n_missing} hari tanpa satu pesan pun dianggap tidak tercatat, bukan nol." if n_missing else ""
    return f"{number(float(plain['n'].sum()))} pesan dalam jendela ini.{missing}"
