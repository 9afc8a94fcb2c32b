"""What rose, and what fell: each group's last weeks against what its past let expect, with false alarms controlled."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nlp.insight.days import Daily, Day, Days, Floats, daily
from nlp.insight.expected import HISTORY_DAYS, Outlook, interval_of, outlook_of
from nlp.insight.looks import any_window, false_discovery, most_telling
from nlp.insight.wording import number
from nlp.labels import FAMILIES, Labels

MAX_WEEKS = 4
FALSE_DISCOVERY_RATE = 0.20
"""Of the groups said to have risen, the share that may be chance.

Chosen on simulated streams (docs/experiments.md): a rise by half in a topic of 20 messages a week is found within four weeks
in about nine of ten, with just under one false alarm a month over 24 topics.
"""
MAX_CHANCE = 0.05
"""Of a group that did not change to be said to have risen, and as much to have fallen: where one or few groups are looked at,
the share above alone would call every fifth look a change."""
RISE, FALL = "rise", "fall"
_TAIL = 0.025  # of the interval of a ratio


def what_rose(
    counts: pd.DataFrame,
    by: Sequence[str],
    as_of: Day,
    weeks: int = MAX_WEEKS,
    *,
    labels: Labels,
    non_working: Days = (),
    observed_days: Days | None = None,
) -> pd.DataFrame:
    """Groups of COUNTS by how surely they rose or fell in the last weeks up to and with the day `as_of`.

    Windows of the last 1, 2, ... `weeks` (1 to 4) weeks are each held against the past before all of them; the most telling
    one speaks for its group, and its chance is corrected for having been picked and then across groups (Benjamini and
    Hochberg, rises and falls each at 20 %, and at 5 % for a group by itself). A group that did neither shows the longest
    window. Groups with a missing label are left out.

    Columns: those of `by`, `direction` ('rise', 'fall' or '': as expected), `weeks` (of the window), `first_day`, `n`,
    `expected`, `low`, `high` (95 % prediction interval), `ratio` (n over expected) with `ratio_low`, `ratio_high` (95 %
    interval), `p_value` (corrected for the windows), `q_value` (also across groups), `method` (see `expected`), `sentence`
    (Indonesian). Rises come first, then falls, then the rest, the surest first. Other arguments: `expected`.
    """
    if not 1 <= weeks <= MAX_WEEKS:
        raise ValueError(f"weeks must be 1 to {MAX_WEEKS}, not {weeks}")
    known = counts[np.logical_and.reduce([counts[name] != "" for name in by])] if by else counts
    first = pd.Timestamp(as_of).normalize() - pd.Timedelta(days=7 * weeks - 1)
    begin = first - pd.Timedelta(days=HISTORY_DAYS)
    if observed_days is None:
        everything = daily(counts, [], begin, as_of)
        observed_days = everything.days[everything.is_observed]
    table = daily(known, by, begin, as_of, observed_days)
    windows = [np.arange(len(table.days) - 7 * w, len(table.days)) for w in range(1, weeks + 1)]
    windows = [days[table.is_observed[days]] for days in windows]
    outlook = outlook_of(table, HISTORY_DAYS, windows, non_working)
    n = np.column_stack([table.n[:, days].sum(axis=1) for days in windows])
    frame = _told(table, n, outlook, weeks)
    frame["sentence"] = [_sentence(row, by, labels) for row in frame.to_dict("records")]
    return frame


def _told(table: Daily, n: Floats, outlook: Outlook, weeks: int) -> pd.DataFrame:
    rise, fall = _chances(n, outlook)
    p_rise, p_fall = any_window(rise), any_window(fall)
    rises = p_rise <= p_fall
    p, q = np.where(rises, p_rise, p_fall), np.where(rises, false_discovery(p_rise), false_discovery(p_fall))
    is_sure = (q <= FALSE_DISCOVERY_RATE) & (p <= MAX_CHANCE)
    best = np.where(is_sure, most_telling(np.where(rises[:, None], rise, fall)), weeks - 1)
    row = np.arange(len(n))
    low, high = interval_of(outlook)
    ratio, ratio_low, ratio_high = _ratios(n, outlook)
    frame = table.groups.copy()
    frame["direction"] = np.where(is_sure, np.where(rises, RISE, FALL), "")
    frame["weeks"] = best + 1
    frame["first_day"] = table.days[-1] - pd.to_timedelta(7 * (best + 1) - 1, unit="D")
    for name, values in (
        ("n", n), ("expected", outlook.mean), ("low", low), ("high", high),
        ("ratio", ratio), ("ratio_low", ratio_low), ("ratio_high", ratio_high),
    ):  # fmt: skip
        frame[name] = values[row, best]
    frame["p_value"], frame["q_value"] = p, q
    frame["method"] = outlook.method
    order = np.lexsort((frame["p_value"], frame["direction"].map({RISE: 0, FALL: 1, "": 2})))
    return frame.iloc[order].reset_index(drop=True)


def _chances(n: Floats, outlook: Outlook) -> tuple[Floats, Floats]:
    """Chance of so many messages or more, and of so few or fewer, half of the count itself in either (mid-p).

    Both (n_groups, n_windows); nan where nothing is expected, since no day is observed or the past is too short.
    """
    from scipy.stats import nbinom

    success = outlook.size / (outlook.size + outlook.mean)
    at = np.where(outlook.mean > 0, nbinom.pmf(n, outlook.size, success), np.nan) / 2
    return nbinom.sf(n, outlook.size, success) + at, nbinom.cdf(n - 1, outlook.size, success) + at


def _ratios(n: Floats, outlook: Outlook) -> tuple[Floats, Floats, Floats]:
    """Count over expected, and the ratios of true to expected level that leave the count inside its 95 %.

    Clopper and Pearson's way (1934): P(X <= x) of a negative binomial variable with size k and mean m is 1 - I(x + 1, k) at
    m / (m + k), the incomplete beta function, so its inverse gives m.
    """
    from scipy.special import betaincinv

    mean = np.where(outlook.mean > 0, outlook.mean, np.nan)
    low = betaincinv(np.maximum(n, 1), outlook.size, _TAIL) * (n > 0)
    high = betaincinv(n + 1, outlook.size, 1 - _TAIL)
    return n / mean, outlook.size * low / (1 - low) / mean, outlook.size * high / (1 - high) / mean


def _sentence(row: dict[Hashable, Any], by: Sequence[str], labels: Labels) -> str:
    name = ", ".join(labels.name(of, row[of]) if of in FAMILIES else row[of] for of in by) or "Semua pesan"
    if np.isnan(row["ratio"]):
        return f"{name}: data belum cukup untuk menilai."
    seen = f"{number(row['n'])} pesan dalam {row['weeks']} minggu terakhir"
    usual = number(row["expected"], 0 if row["expected"] >= 10 else 1)
    if not row["direction"]:
        return f"{name}: {seen}, tidak jelas berbeda dari biasanya (sekitar {usual})."
    verb = "naik" if row["direction"] == RISE else "turun"
    times = (
        f"{number(row['ratio'], 1)} kali biasanya; antara {number(row['ratio_low'], 1)} dan {number(row['ratio_high'], 1)} kali"
    )
    return f"{name} {verb}: {seen}, biasanya sekitar {usual} ({times})."
