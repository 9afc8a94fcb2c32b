"""Simulated improvement actions with known effects: do the intervals of `nlp.insight.effects` hold, what are its verdicts.

    python benchmarks/insight_effects.py [--runs 500] [--first-seed 0] [--out FILE]

Prints a Markdown table; some ten minutes for 500 runs of each scene on one core. Coverage is the share of runs whose 95 %
interval holds the truth, with its own 95 % Wilson interval. The peer is the usual textbook way: the same regression
without priors and latent deviation by statsmodels, Newey-West errors over four weeks.
"""

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from simulated_actions import RATIOS, Scene, action_day, mixed, simulate

from nlp.insight.action_series import Action
from nlp.insight.effects import Effect, effect_of

RATES = (5.0, 12.0, 25.0, 60.0)  # messages a week
Scenes = Callable[[int], Scene]
HEADER = (
    "scene",
    "runs with an estimate",
    "coverage of the change",
    "coverage of messages expected without",
    "mean bias, log",
    "error, log",
    "half width, log",
    "membaik",
    "belum terlihat",
    "memburuk",
    "data kurang",
    "peer's coverage",
    "peer's half width, log",
)


def scenes() -> Iterator[tuple[str, Scenes]]:
    """Name and scene of each seed."""
    yield "mixed", mixed
    for ratio in RATIOS:
        yield f"mixed, ratio {ratio}", lambda seed, ratio=ratio: replace(mixed(seed), ratio=ratio)
    for rate in RATES:
        yield f"ratio 0.7, {rate:.0f} a week", lambda seed, rate=rate: Scene(0.7, rate)
    fixed = {
        "ratio 0.7, nothing but Poisson": Scene(0.7, slope_sd=0, season_sd=0, shock_sd=0, own_sd=0, dispersion=0.001),
        "ratio 0.7, strong slow drift": Scene(0.7, own_sd=0.3, own_correlation=0.8),
        "ratio 0.7, 16 weeks before, 8 after": Scene(0.7, n_before_weeks=16, n_after_weeks=8),
        "ratio 1, everything fell by 40 %": Scene(1.0, rate=40, common_ratio=0.6),
        "ratio 0.7, no comparison": Scene(0.7, rate=40, n_comparisons=0, shock_sd=0.1),
        "ratio 1, no comparison": Scene(1.0, rate=40, n_comparisons=0, shock_sd=0.1),
    }
    yield from ((name, lambda _, scene=scene: scene) for name, scene in fixed.items())


def peer_interval(effect: Effect) -> tuple[float, float]:
    """95 % interval of the ratio by a plain generalised linear model with Newey-West errors."""
    weeks = effect.weeks
    year = weeks["week"].to_numpy() * 7 / 365.25
    columns = np.column_stack([np.ones(len(weeks)), weeks["step"], year])
    if effect.compared:
        model = sm.GLM(weeks[["target", "comparison"]].to_numpy(), columns, family=sm.families.Binomial())
    else:
        columns = np.column_stack([columns, np.sin(2 * np.pi * year), np.cos(2 * np.pi * year)])
        model = sm.GLM(weeks["target"].to_numpy(), columns, family=sm.families.Poisson(), exposure=weeks["share"].to_numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        low, high = np.exp(model.fit(cov_type="HAC", cov_kwds={"maxlags": 4}).conf_int()[1])
    return float(low), float(high)


def run(scene: Scene, seed: int) -> dict[str, float | str]:
    """One stream judged."""
    stream = simulate(scene, seed)
    effect = effect_of(stream.counts, Action({"topic": ["jalan"], "district": ["A0"]}, action_day(scene)))
    found = effect.change
    if found is None:
        return {"verdict": effect.verdict}
    low, high = peer_interval(effect)
    return {
        "verdict": effect.verdict,
        "holds": found.ratio_low <= scene.ratio <= found.ratio_high,
        "expected_holds": found.expected_low <= stream.expected_without <= found.expected_high,
        "error": np.log(found.ratio / scene.ratio),
        "half_width": np.log(found.ratio_high / found.ratio_low) / 2,
        "peer_holds": low <= scene.ratio <= high,
        "peer_half_width": np.log(high / low) / 2,
    }


def row(name: str, runs: pd.DataFrame) -> list[str]:
    """One line of the table."""
    known = runs.dropna()
    verdicts = runs["verdict"].value_counts(normalize=True)
    return [
        name,
        str(len(known)),
        coverage(known["holds"]),
        coverage(known["expected_holds"]),
        f"{known['error'].mean():+.3f}",
        f"{known['error'].std():.3f}",
        f"{known['half_width'].mean():.3f}",
        *(f"{verdicts.get(name, 0):.3f}" for name in ("membaik", "belum terlihat", "memburuk", "data kurang")),
        coverage(known["peer_holds"]),
        f"{known['peer_half_width'].median():.3f}",
    ]


def coverage(holds: pd.Series) -> str:
    """'.950 (.93-.97)'."""
    n_held = int(holds.sum())
    bounds = stats.binomtest(n_held, len(holds)).proportion_ci(method="wilson")
    return f"{n_held / len(holds):.3f} ({bounds.low:.3f}-{bounds.high:.3f})"


def main() -> None:
    """Run every scene and print, and write if asked, the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    lines = ["| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"]
    print(*lines, sep="\n", flush=True)
    for name, scene_of in scenes():
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.runs)
        runs = pd.DataFrame([run(scene_of(seed), seed) for seed in seeds])
        lines.append("| " + " | ".join(row(name, runs)) + " |")
        print(lines[-1], flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
