"""Five plain sentences that say the most important things of a month. They read figures as their reader may see them."""

import math

import pandas as pd

from api.reports.figures import Figures
from api.reports.scope import Scope
from nlp.insight.wording import day, interval, month, number

MAX_NAMED = 3


def sentences(scope: Scope, figures: Figures) -> tuple[str, ...]:
    """How many came, what rose, where to improve first, deadlines kept, what actions did and who was praised."""
    return (
        volume(scope, figures),
        rises(figures),
        first_area(scope, figures),
        deadlines(scope, figures),
        results(figures),
    )


def volume(scope: Scope, figures: Figures) -> str:
    """How many messages came against what was to be expected."""
    row = figures.month
    came = f"Pada {month(pd.Timestamp(scope.since))} warga mengirim {number(row['n'])} pesan{on_days(scope, figures)}"
    if math.isnan(row["expected"]):
        return f"{came}; catatan sebelumnya belum cukup untuk mengatakan berapa wajarnya."
    usual = f"sekitar {number(row['expected'])} (95 %: {interval(row['low'], row['high'])})"
    return f"{came}, {position(row)}; wajarnya {usual}."


def on_days(scope: Scope, figures: Figures) -> str:
    """' pada 7 dari 30 hari (23 hari tidak tercatat)'; '' for a whole month: what is usual is told for recorded days alone."""
    n_days, n_missing = (scope.until - scope.since).days, len(figures.missing_days)
    return f" pada {n_days - n_missing} dari {n_days} hari ({n_missing} hari tidak tercatat)" if n_missing else ""


def position(row: "pd.Series[float]") -> str:
    """Where a count lies: in its expected range, above or below it."""
    if row["n"] > row["high"]:
        return "lebih banyak dari kewajaran"
    return "lebih sedikit dari kewajaran" if row["n"] < row["low"] else "masih dalam kewajaran"


def rises(figures: Figures) -> str:
    """What rose, the surest first."""
    frame = figures.rises
    if frame.empty:
        return "Tidak ada topik yang naik di luar kebiasaan pada empat minggu terakhir bulan itu."
    first = frame.iloc[0]
    told = first["sentence"] if "sentence" in frame else f"{first['topic_name']} naik: {number(first['ratio'], 1)} kali biasanya."
    others = frame["topic_name"].iloc[1 : 1 + MAX_NAMED].tolist()
    return f"{told} Juga naik: {', '.join(others)}." if others else str(told)


def first_area(scope: Scope, figures: Figures) -> str:
    """Where to improve first, and how firm that is."""
    if figures.areas.empty:
        return "Pesan tiga bulan terakhir belum cukup untuk menyusun prioritas perbaikan."
    row = figures.areas.iloc[0]
    firm = f" ({row['stability'][:1].lower()}{row['stability'][1:]})" if row["stability"] else ""
    return f"Yang perlu diperbaiki lebih dahulu: {area_name(row)}{firm}."


def area_name(row: "pd.Series[str]") -> str:
    """'Kesehatan, unsur Perilaku pelaksana, Damar Barat'."""
    return f"{row['topic_name']}, unsur {row['aspect_name'].lower()}, {row['place']}"


def deadlines(scope: Scope, figures: Figures) -> str:
    """Deadlines kept in the three months."""
    if not figures.kept:
        return (
            "Bagian pesan yang selesai tepat waktu tidak dapat disebutkan: yang jatuh tempo terlalu sedikit, "
            "atau penutupannya tidak dicatat di sini."
        )
    window = f"pesan tiga bulan terakhir sampai {day(last(scope))}"
    if not figures.kept.startswith("Dari "):  # nothing due yet, or nothing closed
        return f"{figures.kept} Yang dilihat: {window}."
    return f"{figures.kept.rstrip('.')}, dihitung atas {window}."


def results(figures: Figures) -> str:
    """What actions did; without any that worked, who was praised."""
    actions, praise = figures.actions, figures.praise
    better = actions.loc[actions["verdict"] == "membaik", "name"].head(MAX_NAMED).tolist()
    thanked = ""
    if len(praise):
        top = praise.sort_values("n_positive", ascending=False, kind="stable").iloc[0]
        thanked = f"Pujian terbanyak untuk {top['unit']} ({number(top['n_positive'])} pesan)."
    if better:
        return f"Tindakan yang tampak membuahkan hasil: {'; '.join(better)}. {thanked}".strip()
    lacking = "terlihat hasilnya" if len(actions) else "tercatat"
    return f"Belum ada tindakan perbaikan yang {lacking}. {thanked}".strip()


def last(scope: Scope) -> pd.Timestamp:
    """The last day of a scope."""
    return pd.Timestamp(scope.until) - pd.Timedelta(days=1)
