"""Planted signals in simulated streams: how often `what_rose` finds a rise, and how often it calls one that is none.

24 topics of 2 to 100 messages a week with weekdays, Indonesian holidays, days off line; one topic of 20 a week rises by
half. One looks every week for four weeks. False alarms are counted in the same stream without the rise: topics newly called,
which the look a week before did not call; and all calls, so that one which stays for three looks counts three times.
Nothing is read or written; prints a table.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import holidays
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from statsmodels.stats.proportion import proportion_confint

from nlp.insight.changepoints import change_points
from nlp.insight.days import Floats
from nlp.insight.expected import expected
from nlp.insight.rises import FALL, RISE, what_rose
from nlp.insight.series import series, shares
from nlp.labels import load_labels

N_TOPICS, N_LOOKS = 24, 4
PLANTED, RISE_FACTOR = 12, 1.5
SIZES = np.geomspace(2, 100, N_TOPICS)  # messages a week
SIZES[PLANTED] = 20
WEEKDAYS = np.array([1.35, 1.25, 1.15, 1.1, 1.0, 0.65, 0.5])
FREE_DAY = 0.5
LABELS = load_labels()
END = pd.Timestamp("2024-08-04")  # a Sunday, outside the weeks of Idul Fitri


@dataclass(frozen=True)
class World:
    """What a simulated office is like."""

    name: str
    n_weeks: int
    weekly_spread: float = 0.0  # standard deviation of a week's factor, gamma, a topic its own
    carry_over: float = 0.0  # correlation of a week's factor with the next one's
    yearly: float = 0.0  # amplitude of the season, each topic its own phase
    trend: float = 0.0  # standard deviation of a topic's yearly trend, logarithm


WORLDS = (
    World("Poisson, 1 year", 52),
    World("Poisson, 2 years", 104),
    World("weeks spread by 8 %, 1 year", 52, weekly_spread=0.08),
    World("weeks spread by 8 %, 2 years", 104, weekly_spread=0.08),
    World("weeks spread by 12 %, 1 year", 52, weekly_spread=0.12),
    World("weeks spread by 12 %, 2 years", 104, weekly_spread=0.12),
    World("spread, carried over, season 15 %, trend 15 %, 1 year", 52, 0.12, 0.3, 0.15, 0.15),
    World("spread, carried over, season 15 %, trend 15 %, 2 years", 104, 0.12, 0.3, 0.15, 0.15),
)


def free_days(first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    """National holidays of Indonesia."""
    return pd.DatetimeIndex(sorted(holidays.country_holidays("ID", years=range(first.year, last.year + 1))))


def stream(world: World, rng: np.random.Generator) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex, Floats]:
    """Days (history and the four weeks looked at), free days, mean messages of each topic and day, (24, n_days)."""
    n_weeks = world.n_weeks + N_LOOKS
    days = pd.date_range(END - pd.Timedelta(days=7 * n_weeks - 1), END)
    free = free_days(days[0], days[-1])
    weight = WEEKDAYS[days.day_of_week] / WEEKDAYS.sum()
    weight = weight * np.where(days.isin(free) & (days.day_of_week < 5), FREE_DAY, 1.0)
    weight[rng.random(len(days)) < 0.01] = 0  # off line: nothing of any topic
    years = np.arange(len(days)) / 365.25
    phase, slope = rng.uniform(0, 2 * np.pi, (N_TOPICS, 1)), rng.normal(0, world.trend, (N_TOPICS, 1))
    shape = world.yearly * np.sin(2 * np.pi * years + phase) + slope * (years - years[-1])
    mean = SIZES[:, None] * weight * np.exp(shape)
    if world.weekly_spread:
        mean = mean * np.repeat(_week_factors(world, n_weeks, rng), 7, axis=1)
    return days, free, mean


def _week_factors(world: World, n_weeks: int, rng: np.random.Generator) -> Floats:
    """Log-normal factors with mean 1, correlated from week to week."""
    z = rng.normal(size=(N_TOPICS, n_weeks))
    for week in range(1, n_weeks):
        z[:, week] = world.carry_over * z[:, week - 1] + np.sqrt(1 - world.carry_over**2) * z[:, week]
    sigma = np.sqrt(np.log1p(world.weekly_spread**2))
    return np.asarray(np.exp(sigma * z - sigma**2 / 2))


def counts_from(days: pd.DatetimeIndex, n: Floats) -> pd.DataFrame:
    """COUNTS with the columns that are read here."""
    topic, day = np.nonzero(n)
    return pd.DataFrame({"day": days[day], "topic": [f"t{i:02d}" for i in topic], "n": n[topic, day].astype(int)})


def looks(days: pd.DatetimeIndex, free: pd.DatetimeIndex, n: Floats, n_looks: int = N_LOOKS) -> Iterator[pd.DataFrame]:
    """What each of the last weekly looks says."""
    counts = counts_from(days, n)
    for week in range(n_looks - 1, -1, -1):
        as_of = days[-1] - pd.Timedelta(days=7 * week)
        yield what_rose(counts[counts["day"] <= as_of], ["topic"], as_of, labels=LABELS, non_working=free)


def run(world: World, seed: int) -> dict[str, float]:
    """One stream with and without the rise."""
    rng = np.random.default_rng(seed)
    days, free, mean = stream(world, rng)
    n = rng.poisson(mean).astype(float)
    risen = n.copy()
    after = np.arange(len(days)) >= len(days) - 7 * N_LOOKS
    risen[PLANTED, after] += rng.poisson((RISE_FACTOR - 1) * mean[PLANTED, after])
    found_after = 0
    for week, told in enumerate(looks(days, free, risen), start=1):
        planted = told[told["topic"] == f"t{PLANTED:02d}"].iloc[0]
        if not found_after and planted["direction"] == RISE:
            found_after = week
    truth_inside = float(planted["ratio_low"] <= RISE_FACTOR <= planted["ratio_high"])
    quiet = list(looks(days, free, n, N_LOOKS + 1))
    alarms = [set(told.loc[told["direction"] == RISE, "topic"]) for told in quiet]
    return {
        "found": float(found_after > 0),
        "weeks": float(found_after) if found_after else np.nan,
        "inside": truth_inside,
        "rises": float(sum(map(len, alarms[1:]))),
        "new": float(sum(len(now - before) for before, now in pairwise(alarms))),
        "changes": float(len(change_points(counts_from(days, n), ["topic"], days[0], days[-1], non_working=free))),
        "falls": float(sum((told["direction"] == FALL).sum() for told in quiet[1:])),
    }


def row_of(world: World, n_runs: int, jobs: int) -> dict[str, str]:
    """Figures of one world; found: with its 95 % interval (Wilson)."""
    runs = pd.DataFrame(Parallel(n_jobs=jobs)(delayed(run)(world, seed) for seed in range(n_runs)))
    low, high = proportion_confint(runs["found"].sum(), n_runs, method="wilson")
    return {
        "world": world.name,
        "found": f"{runs['found'].mean():.3f} [{low:.3f}, {high:.3f}]",
        "after, weeks": f"{runs['weeks'].mean():.1f}",
        "interval holds 1.5": f"{runs['inside'].mean():.3f}",
        "false alarms a month": f"{runs['new'].mean():.2f}",
        "false calls in four looks": f"{runs['rises'].mean():.2f}",
        "of falls": f"{runs['falls'].mean():.2f}",
        "false changes a topic": f"{runs['changes'].mean() / N_TOPICS:.3f}",
    }


def speed() -> None:
    """Seconds on the counts of a million messages in two years, half a million rows."""
    rng = np.random.default_rng(0)
    n_rows = 500_000
    counts = pd.DataFrame({"day": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 730, n_rows), unit="D")})
    for name, n_codes in (("topic", 24), ("aspect", 9), ("unit", 30), ("district", 31), ("channel", 4), ("sentiment", 3)):
        counts[name] = np.array([f"{name}{i}" for i in range(n_codes)])[rng.integers(0, n_codes, n_rows)]
    counts["n"] = 1 + rng.poisson(1.0, n_rows)
    what_rose(counts.head(1000), ["topic"], "2022-06-30", labels=LABELS)  # imports
    first, last = "2022-01-01", "2023-12-31"
    tasks = {
        "series by topic and week": lambda: series(counts, ["topic"], "W", first, last),
        "series by topic, district and week": lambda: series(counts, ["topic", "district"], "W", first, last),
        "shares of sentiment by topic and month": lambda: shares(counts, "sentiment", ["topic"], "M", first, last),
        "expected by topic and day, 90 days": lambda: expected(counts, ["topic"], "D", "2023-10-03", last),
        "change points by topic": lambda: change_points(counts, ["topic"], first, last),
        "what rose by topic": lambda: what_rose(counts, ["topic"], last, labels=LABELS),
        "what rose by topic and district": lambda: what_rose(counts, ["topic", "district"], last, labels=LABELS),
    }
    for name, task in tasks.items():
        started = time.perf_counter()
        task()
        print(f"| {name} | {time.perf_counter() - started:.2f} s |", flush=True)


def main() -> None:
    """Run all worlds, 200 streams each, a quarter of an hour on two cores; then the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, choices=range(1, 2_001), metavar="1..2000")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    for number, world in enumerate(WORLDS):
        row = row_of(world, options.runs, options.jobs)
        if not number:
            print(f"| {' | '.join(row)} |\n{'|---' * len(row)}|")
        print(f"| {' | '.join(row.values())} |", flush=True)
    print("\n| a million messages | |\n|---|---|")
    speed()


if __name__ == "__main__":
    main()
