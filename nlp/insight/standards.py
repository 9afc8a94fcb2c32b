"""Deadlines kept, days to settle, and what is open for how long; by topic, unit or both.

MESSAGES here: `received_day`, `deadline_on` (NaT where none was set), `closed_day` (NaT while open), `topic`, `unit`.
`as_of` is the last day that is known whole: what was closed later counts as open, what came later is left out.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from nlp.insight.durations import Survival
from nlp.insight.intervals import MIN_MESSAGES, wilson
from nlp.insight.working_days import WorkingDays
from nlp.labels import Labels

BUCKETS = ("0-5", "6-14", "15-30", ">30")
"""Working days that an open message has waited; 5 and 14 are deadlines of PermenPANRB 62/2018."""
_BUCKET_ENDS = (5, 14, 30)
MET, UNMET, UNSURE, TOO_FEW = "memenuhi", "belum memenuhi", "belum pasti", "data kurang"


def as_known(messages: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """MESSAGES as they stood at the end of `as_of`."""
    end = pd.Timestamp(as_of)
    frame = messages.assign(**{name: pd.to_datetime(messages[name]) for name in ("received_day", "deadline_on", "closed_day")})
    frame["closed_day"] = frame["closed_day"].where(frame["closed_day"] <= end)
    return frame[frame["received_day"] <= end]


def survival(known: pd.DataFrame, as_of: date, days: WorkingDays) -> Survival:
    """Working days to settle of messages as `as_known` gives them; open ones count as longer than their age."""
    is_over = known["closed_day"].notna()
    end = known["closed_day"].fillna(pd.Timestamp(as_of))
    return Survival(days.between(known["received_day"], end), is_over)


def deadlines_kept(
    messages: pd.DataFrame, as_of: date, days: WorkingDays, labels: Labels, by: Sequence[str] = ("topic",)
) -> pd.DataFrame:
    """A row for each group of `by` (one row for `by=()`), sorted by it.

    `n`, `n_open`; `median_days`, `median_low`, `median_high`, `p90_days` in working days, NaN where too many are open to
    know; `n_due`, `n_kept`, `share_kept`, `share_low`, `share_high`: of the messages whose deadline day is over, those
    settled by it. Messages still within their deadline are left out of the share even when they are settled: counting
    the quick ones before the slow ones can fail would flatter. `standard_days`: where all topics of the group share one;
    `standard_share`: what the topics of the due messages ask, on average; `verdict`: the interval against it.
    """
    known = as_known(messages, as_of)
    groups: Any = known.groupby(list(by), sort=True, observed=True) if by else [((), known)]
    rows = [dict(zip(by, key, strict=True)) | _figures(group, as_of, days, labels) for key, group in groups if len(group)]
    return pd.DataFrame(rows, columns=[*by, *_FIGURES])


_FIGURES = (
    "n", "n_open", "median_days", "median_low", "median_high", "p90_days",
    "n_due", "n_kept", "share_kept", "share_low", "share_high", "standard_days", "standard_share", "verdict",
)  # fmt: skip


def kept_of_due(known: pd.DataFrame, as_of: date) -> tuple[int, int]:
    """How many deadlines were kept, and how many are over, of messages as `as_known` gives them."""
    due = known[known["deadline_on"] <= pd.Timestamp(as_of)]
    return int((due["closed_day"] <= due["deadline_on"]).sum()), len(due)


def _figures(group: pd.DataFrame, as_of: date, days: WorkingDays, labels: Labels) -> dict[str, Any]:
    curve = survival(group, as_of, days)
    median, p90 = curve.quantile(0.5), curve.quantile(0.9)
    n_kept, n_due = kept_of_due(group, as_of)
    low, high = (float(end) for end in wilson(n_kept, n_due))
    standard_days, standard_share = _standard(group, as_of, labels)
    return {
        "n": len(group),
        "n_open": int(group["closed_day"].isna().sum()),
        "median_days": median.value,
        "median_low": median.low,
        "median_high": median.high,
        "p90_days": p90.value,
        "n_due": n_due,
        "n_kept": n_kept,
        "share_kept": n_kept / n_due if n_due else np.nan,
        "share_low": low,
        "share_high": high,
        "standard_days": standard_days,
        "standard_share": standard_share,
        "verdict": _verdict(n_due, low, high, standard_share),
    }


def _standard(group: pd.DataFrame, as_of: date, labels: Labels) -> tuple[float, float]:
    topics = {label.code: label for label in labels.topic}
    asked = {topics[code].standard_days if code in topics else None for code in group["topic"].unique()}
    only = asked.pop() if len(asked) == 1 else None
    due = group.loc[group["deadline_on"] <= pd.Timestamp(as_of), "topic"]
    shares = due.map({code: label.standard_share for code, label in topics.items()}).astype(float)
    return float("nan") if only is None else float(only), float(shares.mean())


def _verdict(n_due: int, low: float, high: float, standard_share: float) -> str:
    if n_due < MIN_MESSAGES or np.isnan(standard_share):
        return TOO_FEW
    if low >= standard_share:
        return MET
    return UNMET if high < standard_share else UNSURE


def ageing(messages: pd.DataFrame, as_of: date, days: WorkingDays) -> pd.DataFrame:
    """Open messages, the oldest first, with all their columns and three more.

    `age_days`: working days since receipt; `days_overdue`: working days since the deadline, 0 within it, missing where
    none was set; `bucket`: of the age, ordered as BUCKETS.
    """
    known = as_known(messages, as_of)
    still_open = known[known["closed_day"].isna()].sort_values("received_day", kind="stable")
    age = days.between(still_open["received_day"], as_of)
    deadline = still_open["deadline_on"]
    overdue = days.between(deadline.fillna(pd.Timestamp(as_of)), as_of)
    return still_open.assign(
        age_days=age,
        days_overdue=pd.Series(overdue, index=still_open.index, dtype="Int64").mask(deadline.isna()),
        bucket=pd.Categorical.from_codes(np.searchsorted(_BUCKET_ENDS, age, "left"), categories=list(BUCKETS), ordered=True),
    ).reset_index(drop=True)


def ageing_counts(aged: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """How many messages of `ageing` lie in each bucket (0 where none does) and how many are overdue, by group."""
    keys = [aged[name] for name in by] if by else [pd.Series("", index=aged.index)]
    counts = pd.DataFrame({bucket: (aged["bucket"] == bucket).astype(int) for bucket in BUCKETS})
    counts["n_overdue"] = (aged["days_overdue"].fillna(0) > 0).astype(int)
    counts["n"] = 1
    table = counts.groupby(keys, observed=True, sort=True).sum()
    return table.reset_index() if by else table.reset_index(drop=True)
