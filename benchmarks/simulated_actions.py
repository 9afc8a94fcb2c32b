"""Streams of daily counts with an action of known effect: what `nlp.insight.effects` must recover."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

START = date(2024, 3, 4)  # a Monday; the first day of every stream
RATIOS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5)
WEEKDAY = np.array([1.25, 1.2, 1.1, 1.1, 1.0, 0.75, 0.6])  # mean 1


@dataclass(frozen=True)
class Scene:
    """How a stream is made; deviations are on the log scale, rates are messages a week."""

    ratio: float  # rate with the action against the rate without
    rate: float = 20.0
    n_before_weeks: int = 40
    n_after_weeks: int = 16
    n_comparisons: int = 6
    slope_sd: float = 0.2  # a year, each area its own
    season_sd: float = 0.15  # amplitude over the year, shared by all areas
    shock_sd: float = 0.2  # weekly, shared by all areas, correlated 0.6
    own_sd: float = 0.12  # weekly, each area its own
    own_correlation: float = 0.5
    dispersion: float = 0.05  # of the daily negative binomial: variance is mean + dispersion * mean**2
    missing_share: float = 0.06  # of days on which nothing was recorded anywhere
    common_ratio: float = 1.0  # at the action's start every area moves by it, target and comparisons alike


def mixed(seed: int) -> Scene:
    """A scene with everything drawn at random: base rates of 5 to 60 a week, 16 to 79 weeks before, 8 to 26 after."""
    random = np.random.default_rng([1, seed])
    return Scene(
        ratio=random.choice(RATIOS),
        rate=random.uniform(5, 60),
        n_before_weeks=int(random.integers(16, 80)),
        n_after_weeks=int(random.integers(8, 27)),
        n_comparisons=int(random.integers(2, 12)),
        slope_sd=random.uniform(0, 0.3),
        season_sd=random.uniform(0, 0.3),
        shock_sd=random.uniform(0, 0.4),
        own_sd=random.uniform(0, 0.25),
        own_correlation=random.uniform(0, 0.7),
        dispersion=random.uniform(0.01, 0.3),
        missing_share=random.uniform(0, 0.15),
        common_ratio=random.choice([0.7, 1.0, 1.0, 1.3]),
    )


def action_day(scene: Scene) -> date:
    """First day of the action."""
    return START + timedelta(weeks=scene.n_before_weeks)


@dataclass(frozen=True)
class Stream:
    """COUNTS with `day`, `topic`, `district` and `n`: district 'A0' has the action, 'A1', 'A2', ... none."""

    counts: pd.DataFrame
    expected_without: float  # messages that 'A0' would have had on average on the observed days after the start


def simulate(scene: Scene, seed: int) -> Stream:
    """A stream of daily counts; the same for the same seed."""
    random = np.random.default_rng(seed)
    n_weeks = scene.n_before_weeks + scene.n_after_weeks
    days = np.arange(7 * n_weeks)
    after = days >= 7 * scene.n_before_weeks
    phase = random.uniform(0, 2 * np.pi)
    shared = _autoregressive(random, n_weeks, scene.shock_sd, 0.6)[days // 7]
    shared = shared + scene.season_sd * np.sin(2 * np.pi * days / 365.25 + phase) + np.log(scene.common_ratio) * after
    seen = random.random(len(days)) >= scene.missing_share
    frames, expected_without = [], 0.0
    for area in range(scene.n_comparisons + 1):
        rate = scene.rate if area == 0 else scene.rate * random.lognormal(0, 0.6)
        own = _autoregressive(random, n_weeks, scene.own_sd, scene.own_correlation)[days // 7]
        log_mean = np.log(rate / 7) + shared + own + random.normal(0, scene.slope_sd) * days / 365.25 + np.log(WEEKDAY[days % 7])
        mean = np.exp(log_mean)
        if area == 0:
            expected_without = float(mean[after & seen].sum())
            mean = mean * np.where(after, scene.ratio, 1)
        count = random.poisson(mean * random.gamma(1 / scene.dispersion, scene.dispersion, len(days)))
        kept = seen & (count > 0)
        frame = pd.DataFrame({"day": pd.Timestamp(START) + pd.to_timedelta(days[kept], "D"), "n": count[kept]})
        frames.append(frame.assign(topic="jalan", district=f"A{area}"))
    return Stream(pd.concat(frames, ignore_index=True), expected_without)


def _autoregressive(random: np.random.Generator, n_weeks: int, deviation: float, correlation: float) -> np.ndarray:
    """A stationary series of order one, (n_weeks,)."""
    series = np.empty(n_weeks)
    series[0] = random.normal(0, deviation)
    for week in range(1, n_weeks):
        series[week] = correlation * series[week - 1] + random.normal(0, deviation * np.sqrt(1 - correlation**2))
    return series
