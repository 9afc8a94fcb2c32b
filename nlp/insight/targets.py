"""Indicators: a measure of a topic, aspect or unit, where it stood, where it should be and when, and whether it is on its way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from nlp.errors import SuaraError
from nlp.insight.intervals import poisson, wilson
from nlp.insight.satisfaction import indices
from nlp.insight.standards import as_known, kept_of_due, survival
from nlp.insight.wording import number, percent
from nlp.insight.working_days import WorkingDays
from nlp.labels import Labels

REACHED, ON_THE_WAY, MISSED, TOO_FEW = "tercapai", "di jalur", "terlewat", "data kurang"
MIN_N = 10
"""Messages, due messages or respondents below which no status is given."""
MIN_DAYS = 7
"""Observed days below which none is given to a count or a rate a day: a week, the shortest window there is."""
MIN_SHARE_OBSERVED = 0.5
"""Of a window's days; where fewer were observed few messages are no sign of little trouble, and their count is not known."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What an indicator is measured on: everything within the window that ends with `as_of`.

    `messages`: MESSAGES with the columns of `standards` and `sentiment`; `n_observed_days`: days of the window on which
    messages could come in (missing days are missing, not zero), of the window's `n_days`; `survey`: of `read_survey`, None
    without one.
    """

    messages: pd.DataFrame
    n_observed_days: int
    as_of: date
    days: WorkingDays
    labels: Labels
    survey: pd.DataFrame | None = None
    n_days: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure now, with its 95 % interval and on how much it rests; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Measure:
    """How an indicator is called, measured and written."""

    name: str
    estimate: Callable[[Sources], Estimate]
    write: Callable[[float], str]
    min_n: int = MIN_N


def _count(sources: Sources) -> Estimate:
    n = len(sources.messages)
    if sources.n_observed_days < MIN_SHARE_OBSERVED * sources.n_days:
        return Estimate(np.nan, np.nan, np.nan, sources.n_observed_days)
    return Estimate(n, *poisson(n), sources.n_observed_days)


def _per_day(sources: Sources) -> Estimate:
    n, days = len(sources.messages), sources.n_observed_days
    low, high = poisson(n)
    return Estimate(n / days, low / days, high / days, days) if days else Estimate(np.nan, np.nan, np.nan, 0)


def _share(hits: int, n: int) -> Estimate:
    low, high = wilson(hits, n)
    return Estimate(hits / n if n else np.nan, float(low), float(high), n)


def _share_negative(sources: Sources) -> Estimate:
    return _share(int(sources.messages["sentiment"].isin(sources.labels.negative).sum()), len(sources.messages))


def _share_kept(sources: Sources) -> Estimate:
    return _share(*kept_of_due(as_known(sources.messages, sources.as_of), sources.as_of))


def _median_days(sources: Sources) -> Estimate:
    known = as_known(sources.messages, sources.as_of)
    median = survival(known, sources.as_of, sources.days).quantile(0.5)
    # an end that lies beyond what was seen may be anything
    low, high = np.nan_to_num(median.low, nan=0.0), np.nan_to_num(median.high, nan=np.inf)
    return Estimate(median.value, float(low), float(high), len(known))


def _index(sources: Sources) -> Estimate:
    if sources.survey is None or sources.survey.empty:
        return Estimate(np.nan, np.nan, np.nan, 0)
    row = indices(sources.survey).iloc[0]
    return Estimate(float(row["index"]), float(row["low"]), float(row["high"]), int(row["n_respondents"]))


MEASURES = {
    "count": Measure("banyak pesan", _count, number, MIN_DAYS),
    "per_day": Measure("pesan per hari", _per_day, lambda x: number(x, 2), MIN_DAYS),
    "share_negative": Measure("bagian pesan yang tidak puas", _share_negative, percent),
    "share_kept": Measure("bagian yang selesai dalam batas waktu", _share_kept, percent),
    "median_days": Measure("median hari kerja sampai selesai", _median_days, number),
    "index": Measure("IKM", _index, lambda x: number(x, 2)),
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached by when. `should_rise`: whether more is better; a filter left None takes everything."""

    measure: str
    should_rise: bool
    baseline: float
    baseline_on: date
    target: float
    due_on: date
    topic: str | None = None
    aspect: str | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise _problem(f"ukuran '{self.measure}' tidak dikenal", f"Pilih salah satu: {', '.join(MEASURES)}.")
        if self.due_on <= self.baseline_on:
            raise _problem("tanggal target tidak sesudah tanggal awal", "Pilih tanggal target yang lebih kemudian.")
        if self.target != self.baseline and (self.target > self.baseline) != self.should_rise:
            raise _problem("target berlawanan dengan arahnya", "Periksa nilai awal, target, dan arah (naik atau turun).")
        if self.measure == "index" and self.aspect is not None:
            raise _problem("IKM tidak dapat disaring menurut unsur", "Kosongkan unsur, atau pilih ukuran lain.")

    def expected_on(self, day: date) -> float:
        """Where the straight path from baseline to target stands on a day; level before and after it."""
        gone = (day - self.baseline_on).days / (self.due_on - self.baseline_on).days
        return self.baseline + (self.target - self.baseline) * min(1.0, max(0.0, gone))


def _problem(what: str, remedy: str) -> SuaraError:
    return SuaraError(what, where="indikator", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Progress:
    """An indicator on a day. `done`: the part of the way from baseline to target, NaN where these are equal."""

    estimate: Estimate
    expected: float
    done: float
    status: str
    sentence: str


def progress(target: Target, sources: Sources) -> Progress:
    """Measure the indicator and say where it stands.

    data kurang: no value, or it rests on fewer than the measure's `min_n`. tercapai: the value is at the target or past it.
    terlewat: the due date is over, or the value is so far behind the straight path that even the better end of its interval is
    behind. di jalur: otherwise.
    """
    estimate = MEASURES[target.measure].estimate(_filtered(target, sources))
    expected = target.expected_on(sources.as_of)
    way = target.target - target.baseline
    done = (estimate.value - target.baseline) / way if way else float("nan")
    status = _status(target, estimate, expected, sources.as_of)
    return Progress(estimate, expected, done, status, _sentence(target, estimate, expected, status, sources.as_of))


def _filtered(target: Target, sources: Sources) -> Sources:
    messages, survey = sources.messages, sources.survey
    for name in ("topic", "aspect", "unit"):
        wanted = getattr(target, name)
        if wanted is not None:
            messages = messages[messages[name] == wanted]
            survey = survey[survey[name] == wanted] if survey is not None and name in survey else survey
    return replace(sources, messages=messages, survey=survey)


def _status(target: Target, estimate: Estimate, expected: float, as_of: date) -> str:
    if np.isnan(estimate.value) or estimate.n < MEASURES[target.measure].min_n:
        return TOO_FEW
    sign = 1 if target.should_rise else -1
    if sign * estimate.value >= sign * target.target:
        return REACHED
    better_end = estimate.high if target.should_rise else estimate.low
    return MISSED if as_of > target.due_on or sign * better_end < sign * expected else ON_THE_WAY


def _sentence(target: Target, estimate: Estimate, expected: float, status: str, as_of: date) -> str:
    measure = MEASURES[target.measure]
    label = measure.name[0].upper() + measure.name[1:]
    if status == TOO_FEW:
        return f"{label}: data kurang untuk menilai target {measure.write(target.target)}."
    now = f"{label} kini {measure.write(estimate.value)} dari target {measure.write(target.target)}"
    why = {
        REACHED: "target tercapai",
        ON_THE_WAY: f"masih di jalur (jalurnya kini {measure.write(expected)})",
        MISSED: "batas waktunya lewat" if as_of > target.due_on else f"tertinggal dari jalur ({measure.write(expected)})",
    }[status]
    return f"{now}; {why}."
