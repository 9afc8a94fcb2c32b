"""An office's own data: train on the earlier 80 % of surabaya.csv, judge on the last 20 % by date, beside a plain baseline.

Near-duplicates (dup_group) stay on one side. Prints topic and unit figures for this project and for scikit-learn's
TF-IDF + LinearSVC, and how long each took. The data never enter the repository; without them the script says so.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from nlp import Scorer
from nlp.classify.calibrate import coverage_at_precision
from nlp.classify.train import TrainOptions, train


def split(data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Earlier 80 % and last 20 % by date, without duplicates across."""
    data = data.sort_values("created_at", kind="stable")
    cut = int(0.8 * len(data))
    early, late = data.iloc[:cut], data.iloc[cut:]
    return early[~early["dup_group"].isin(late["dup_group"])], late


def row(name: str, truth: np.ndarray, predicted: np.ndarray, top3: float | None, coverage: float | None) -> str:
    """One line of the table."""
    macro = f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0)
    extra = "" if top3 is None else f"  top-3 {top3:.3f}  coverage at 95 % precision {coverage:.3f}"
    return f"{name:<34} accuracy {accuracy_score(truth, predicted):.3f}  macro-F1 {macro:.3f}{extra}"


def baseline(early: pd.DataFrame, late: pd.DataFrame, column: str) -> str:
    """Plain TF-IDF + LinearSVC."""
    known = early[early[column] != ""]
    model = make_pipeline(TfidfVectorizer(), LinearSVC(random_state=0)).fit(known["text"], known[column])
    judged = late[late[column] != ""]
    return row(f"{column}: TF-IDF + LinearSVC", judged[column].to_numpy(), model.predict(judged["text"]), None, None)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/surabaya.csv"))
    parser.add_argument("--no-seed", action="store_true")
    parser.add_argument("--encoder", default="bundled")
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        sys.exit(f"{arguments.data} is not at hand; nothing to measure")
    data = pd.read_csv(arguments.data, dtype=str, keep_default_na=False).rename(columns={"agency": "unit"})
    early, late = split(data)
    print(f"{len(early)} earlier, {len(late)} later rows")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "early.csv"
        early[["text", "topic", "unit"]].to_csv(file, index=False)
        started = time.perf_counter()
        train(TrainOptions(data=(file,), seed_corpus=not arguments.no_seed, encoder=arguments.encoder), Path(folder) / "own")
        print(f"trained in {time.perf_counter() - started:.0f} s")
        assessments = Scorer.load(Path(folder) / "own").assess(late["text"].tolist())
    for column in ("topic", "unit"):
        kept = (late[column] != "").to_numpy()
        truth = late[column].to_numpy()[kept]
        choices = [getattr(a, column) for a, keep in zip(assessments, kept, strict=True) if keep]
        predicted = np.array([choice.code for choice in choices])
        top3 = np.mean([t in {code for code, _ in choice.alternatives} for t, choice in zip(truth, choices, strict=True)])
        probability = np.array([choice.probability for choice in choices])
        coverage = coverage_at_precision(probability, predicted == truth, 0.95)
        print(baseline(early, late, column))
        print(row(f"{column}: Suara Warga", truth, predicted, float(top3), coverage))


if __name__ == "__main__":
    main()
