"""Deadlines kept and what is still open; training needs, praise, and what the software saves."""

import pandas as pd

from api.reports import repository
from api.reports.context import Context
from api.reports.report import Report, Table
from nlp.insight.people import praise, training_needs
from nlp.insight.savings import Factor, savings
from nlp.insight.standards import ageing, ageing_counts, deadlines_kept
from nlp.insight.wording import number, percent

MAX_AGEING_ROWS = 200
_KEPT = {
    "n": "Pesan",
    "n_open": "Masih terbuka",
    "median_days": "Median hari kerja",
    "p90_days": "Persentil 90",
    "n_due": "Sudah jatuh tempo",
    "n_kept": "Tepat waktu",
    "share_kept": "Bagian tepat waktu",
    "share_low": "Batas bawah",
    "share_high": "Batas atas",
    "standard_days": "Standar hari kerja",
    "standard_share": "Standar bagian",
    "verdict": "Hasil",
}


def standards(context: Context) -> Report:
    """Service standards by topic and by unit, and the ageing list."""
    messages, as_of = context.messages(), context.last_day
    days = context.working_days(context.scope.since)
    by_topic = context.with_names(deadlines_kept(messages, as_of, days, context.labels, ("topic",)))
    by_unit = deadlines_kept(messages[messages["unit"] != ""], as_of, days, context.labels, ("unit",))
    whole = deadlines_kept(messages, as_of, days, context.labels, ())
    aged = ageing(messages, as_of, days)
    topic, unit = {"topic": "Kode topik", "topic_name": "Topik"}, {"unit": "Unit"}
    oldest = context.with_names(_at_the_desk(aged).head(MAX_AGEING_ROWS))
    buckets = context.with_names(ageing_counts(aged, ("topic",)))
    names = {name: str(name) for name in buckets.columns if name not in topic}
    return Report(
        title="Standar layanan",
        scope=context.scope,
        tables={
            "topik": Table(by_topic, topic | _KEPT, "n", ["topic_name"]),
            # counted by unit the same messages stay inside: rules send a topic to a unit, so the two would tell each other
            "unit": Table(by_unit, unit | _KEPT),
            # open ones taken from all leave those that are closed, so of these two tables one stays inside as well
            "umur": Table(buckets, topic | names | {"n_overdue": "Lewat batas", "n": "Terbuka"}),
            "terlama": Table(
                oldest,
                {"id": "Pesan"}
                | topic
                | unit
                | {
                    "received_day": "Diterima",
                    "deadline_on": "Batas",
                    "age_days": "Umur",
                    "days_overdue": "Lewat",
                    "bucket": "Kelompok",
                },
            ),
        },
        sentences=_kept_sentence(whole),
        told_counts=_told(whole),
        private=(
            f"{number(len(aged))} pesan masih terbuka, {number(int((aged['days_overdue'].fillna(0) > 0).sum()))} lewat batas.",
        ),
    )


def _at_the_desk(messages: pd.DataFrame) -> pd.DataFrame:
    """Those whose row may be shown: of a message that an integrity unit looks at, unit, aspect and deadline are hidden."""
    return messages[~messages["has_case"].astype(bool)]


def _told(whole: pd.DataFrame) -> tuple[int, ...]:
    """What the sentence on deadlines tells beside the number of all messages: in time, late, not yet due."""
    if whole.empty:
        return ()
    n, n_due, n_kept = (int(whole[name].iloc[0]) for name in ("n", "n_due", "n_kept"))
    return n_kept, n_due - n_kept, n - n_due


def _kept_sentence(whole: pd.DataFrame) -> tuple[str, ...]:
    if whole.empty or not whole["n_due"].iloc[0]:
        return ("Belum ada pesan yang jatuh tempo.",)
    row = whole.iloc[0]
    if row["n_open"] == row["n"]:
        return (
            f"{number(row['n_due'])} pesan sudah jatuh tempo dan tidak satu pun ditutup. Bila penutupan dicatat di tempat lain, "
            "tenggat belum dapat dinilai.",
        )
    return (
        f"Dari {number(row['n_due'])} pesan yang jatuh tempo, {percent(row['share_kept'])} selesai dalam batas waktu "
        f"(95 %: {percent(row['share_low'])} sampai {percent(row['share_high'])}).",
    )


def people(context: Context) -> Report:
    """Training needs and praise by unit, and what routing by itself saves; no person is named."""
    messages = context.messages()
    shown = _at_the_desk(messages)
    needs, praised = context.with_names(training_needs(shown, context.labels)), praise(shown, context.labels)
    saved = saving_of(context, messages)
    share = {
        "n_unit": "Pesan unit",
        "share": "Bagian",
        "low": "Batas bawah",
        "high": "Batas atas",
        "examples": "Contoh",
        "sentence": "Kalimat",
    }
    return Report(
        title="Pelatihan, pujian, dan penghematan",
        scope=context.scope,
        tables={
            "pelatihan": Table(
                needs,
                {"unit": "Unit", "aspect": "Kode unsur", "aspect_name": "Unsur", "n_negative": "Pesan tidak puas"} | share,
                "n_negative",
                ["unit", "aspect_name"],
            ),
            "pujian": Table(praised, {"unit": "Unit", "n_positive": "Pesan memuji"} | share, "n_positive", ["unit"]),
            "penghematan": Table(
                saved, {"n": "Pesan", "n_auto": "Otomatis", "n_saved": "Tanpa tangan", "hours": "Jam", "sentence": "Kalimat"}
            ),
        },
        sentences=tuple(saved["sentence"]),
        told_counts=tuple(saved["n_saved"]),
    )


def saving_of(context: Context, messages: pd.DataFrame) -> pd.DataFrame:
    """One row: what messages that found their unit by themselves save."""
    settings = context.desk.settings
    steps = repository.first_steps(context.session, context.scope, context.desk.calendar.zone)
    frame = messages[["id"]].merge(steps, on="id", how="left")
    flags = {name: frame[name].eq(True) for name in ("is_auto", "is_rerouted")}
    return savings(frame.assign(**flags), Factor(settings.minutes_per_message, settings.minutes_source))
