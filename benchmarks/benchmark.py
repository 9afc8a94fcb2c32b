"""This project and its peers side by side on the project's real data, in one go; writes docs/benchmarks.md.

The data never enter the repository; without them the script says so and ends. Seeds are fixed; intervals are 95 %
percentile bootstraps over the judged messages.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from peers import PEERS, Peer, tfidf_svm
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, precision_recall_curve

from nlp import Scorer
from nlp.classify.calibrate import coverage_at_precision, expected_calibration_error
from nlp.classify.train import TrainOptions, train
from nlp.corpus import read_seed
from nlp.encoders import load_encoder
from nlp.labels import load_labels

OUT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
N_RESAMPLES = 1_000
SENTIMENT = {"positive": "positif", "neutral": "netral", "negative": "negatif"}
Metric = Callable[[np.ndarray, np.ndarray], float]
Table = list[dict[str, str]]


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Share right."""
    return float(accuracy_score(truth, predicted))


def macro_f1(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean F1 over the codes that occur in the truth."""
    return float(f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0))


def positive_f1(truth: np.ndarray, predicted: np.ndarray) -> float:
    """F1 of the positive rows."""
    return float(f1_score(truth, predicted, zero_division=0))


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under the precision-recall curve."""
    return float(average_precision_score(truth, score))


def precision_at_95_recall(truth: np.ndarray, score: np.ndarray) -> float:
    """Best precision with at least 95 % of the positive rows found."""
    precision, recall, _ = precision_recall_curve(truth, score)
    return float(precision[recall >= 0.95].max())


def share(_: np.ndarray, found: np.ndarray) -> float:
    """Share of rows found."""
    return float(found.mean())


def interval(metric: Metric, truth: np.ndarray, given: np.ndarray) -> str:
    """'.750 (.71-.79)': the figure and its bootstrap interval."""
    draw = np.random.default_rng(0)
    values = []
    for _ in range(N_RESAMPLES):
        rows = draw.integers(0, len(truth), len(truth))
        values.append(metric(truth[rows], given[rows]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return f"{metric(truth, given):.3f} ({low:.2f}-{high:.2f})"


def read(folder: Path, name: str) -> pd.DataFrame:
    """A file of the data folder, all text."""
    return pd.read_csv(folder / name, dtype=str, keep_default_na=False)


def chosen(peer: Peer, texts: Sequence[str]) -> np.ndarray:
    """The label of each text."""
    scores = peer.decision_function(texts)
    return peer.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]


# ------------------------------------------------------------------------------------------------ places never seen
def unseen_places(data: Path, scorers: dict[str, Scorer]) -> Table:
    """Everything trained on the seed corpus alone, judged on gold_dev."""
    gold, seed = read(data, "gold_dev.csv"), read_seed(load_labels())
    talk = read(data, "corruption_talk.csv")["text"].tolist()
    table = []
    for name, scorer in scorers.items():
        found = scorer.assess(gold["text"].tolist())
        table.append(
            gold_figures(
                gold,
                {task: np.array([getattr(a, task).code for a in found]) for task in ("topic", "sentiment", "urgency")},
                np.array([a.integrity_risk for a in found]),
            )
            | flag_figures(gold, np.array([a.flagged for a in found]), np.array([a.flagged for a in scorer.assess(talk)]))
            | {"": name}
        )
    for name, make in PEERS.items():
        labels = {task: chosen(make().fit(seed["text"], seed[task]), gold["text"]) for task in ("topic", "sentiment", "urgency")}
        integrity = make().fit(seed["text"], np.where(seed["band"] >= "2", "ya", "tidak"))
        table.append(gold_figures(gold, labels, integrity.decision_function(gold["text"])) | {"": name})
        print(name, "done", flush=True)
    return table


def gold_figures(gold: pd.DataFrame, labels: dict[str, np.ndarray], risk: np.ndarray) -> dict[str, str]:
    """Columns of the first table."""
    topic, sentiment = gold["topic"].to_numpy(), gold["sentiment"].to_numpy()
    urgent, integrity = (gold["urgency"] != "biasa").to_numpy(), (gold["band"] >= "2").to_numpy()
    return {
        "topic accuracy": interval(accuracy, topic, labels["topic"]),
        "topic macro-F1": interval(macro_f1, topic, labels["topic"]),
        "sentiment macro-F1": interval(macro_f1, sentiment, labels["sentiment"]),
        "urgent F1": interval(positive_f1, urgent, labels["urgency"] != "biasa"),
        "integrity AP": interval(average_precision, integrity, risk),
        "integrity P at 95 % R": interval(precision_at_95_recall, integrity, risk),
    }


def flag_figures(gold: pd.DataFrame, flagged: np.ndarray, talk_flagged: np.ndarray) -> dict[str, str]:
    """What the flag threshold gives; peers have none."""
    strong, none = (gold["band"] == "3").to_numpy(), (gold["band"] < "2").to_numpy()
    return {
        "strong allegations found": interval(share, strong[strong], flagged[strong]),
        "others flagged": interval(share, none[none], flagged[none]),
        "corruption talk flagged": interval(share, talk_flagged, talk_flagged),
    }


# ------------------------------------------------------------------------------------------------ an office's own data
def own_data(data: Path, encoders: Sequence[str], work: Path) -> Table:
    """surabaya.csv: trained on the earlier 80 % (and, ours, the seed corpus), judged on the last 20 % by date."""
    rows = read(data, "surabaya.csv").rename(columns={"agency": "unit"}).sort_values("created_at", kind="stable")
    cut = int(0.8 * len(rows))
    early, late = rows.iloc[:cut], rows.iloc[cut:]
    early = early[~early["dup_group"].isin(late["dup_group"])]  # near-duplicates stay on one side
    file = work / "early.csv"
    early[["text", "topic", "unit"]].to_csv(file, index=False)
    table = []
    for encoder in encoders:
        started = time.perf_counter()
        train(TrainOptions(data=(file,), encoder=encoder), work / f"own-{encoder}")
        seconds = time.perf_counter() - started
        found = Scorer.load(work / f"own-{encoder}").assess(late["text"].tolist())
        figures = {"": f"Suara Warga, encoder {encoder}", "training": f"{seconds:.0f} s"}
        for task in ("topic", "unit"):
            known = (late[task] != "").to_numpy()
            choices = [getattr(a, task) for a, keep in zip(found, known, strict=True) if keep]
            figures |= own_figures(task, late[task].to_numpy()[known], choices)
        table.append(figures)
    figures = {"": "TF-IDF + LinearSVC"}
    for task in ("topic", "unit"):
        known = early[early[task] != ""]
        judged = late[late[task] != ""]
        labels = chosen(tfidf_svm().fit(known["text"], known[task]), judged["text"])
        truth = judged[task].to_numpy()
        figures |= {f"{task} accuracy": interval(accuracy, truth, labels), f"{task} macro-F1": interval(macro_f1, truth, labels)}
    return [*table, figures]


def own_figures(task: str, truth: np.ndarray, choices: list[Any]) -> dict[str, str]:
    """Columns of the second table for one task."""
    labels = np.array([choice.code for choice in choices])
    probability, correct = np.array([choice.probability for choice in choices]), labels == truth
    in_top3 = np.array([t in dict(choice.alternatives) for t, choice in zip(truth, choices, strict=True)])
    return {
        f"{task} accuracy": interval(accuracy, truth, labels),
        f"{task} macro-F1": interval(macro_f1, truth, labels),
        f"{task} top-3": f"{in_top3.mean():.3f}",
        f"{task} coverage at 90 % precision": f"{coverage_at_precision(probability, correct, 0.90):.3f}",
        f"{task} coverage at 95 % precision": f"{coverage_at_precision(probability, correct, 0.95):.3f}",
        f"{task} calibration error": f"{expected_calibration_error(probability, correct):.3f}",
    }


# ------------------------------------------------------------------------------------------------ sentiment elsewhere
def sentiment_elsewhere(data: Path, work: Path) -> Table:
    """SmSA and NusaX with their own training rows, no seed corpus: a check of the sentiment head."""
    nusax = read(data, "sentiment_nusax.csv")
    sets = {
        "SmSA": (read(data, "sentiment_smsa_train.csv"), read(data, "sentiment_smsa_valid.csv")),
        "NusaX": (nusax[nusax["split"] == "train"], nusax[nusax["split"] != "train"]),
    }
    table = []
    for name, (learnt, judged) in sets.items():
        file = work / f"{name}.csv"
        learnt.assign(sentiment=learnt["sentiment"].map(SENTIMENT))[["text", "sentiment"]].to_csv(file, index=False)
        train(TrainOptions(data=(file,), seed_corpus=False), work / name)
        truth = judged["sentiment"].map(SENTIMENT).to_numpy()
        found = np.array(
            [a.sentiment.code if a.sentiment else "" for a in Scorer.load(work / name).assess(judged["text"].tolist())]
        )
        peer = chosen(tfidf_svm().fit(learnt["text"], learnt["sentiment"].map(SENTIMENT)), judged["text"])
        table.append(
            {
                "": f"{name} ({len(learnt)} training rows, {len(judged)} judged)",
                "Suara Warga macro-F1": interval(macro_f1, truth, found),
                "TF-IDF + LinearSVC macro-F1": interval(macro_f1, truth, peer),
            }
        )
    return table


# ------------------------------------------------------------------------------------------------ speed
def speed(data: Path, models: dict[str, Path]) -> Table:
    """Texts a second, one text's latency, time and memory until ready."""
    texts = read(data, "surabaya.csv")["text"].tolist()
    table = []
    for name, folder in models.items():
        scorer = Scorer.load(folder)
        part = texts[: 300 if scorer.bundle.manifest["encoder"] != "none" else 5_000]
        scorer.assess(part[:50])
        started = time.perf_counter()
        scorer.assess(part)
        rate = len(part) / (time.perf_counter() - started)
        latencies = []
        for text in part[:200]:
            started = time.perf_counter()
            scorer.assess([text])
            latencies.append(time.perf_counter() - started)
        ready, memory = readiness(folder)
        table.append(
            {
                "": name,
                "texts a second": f"{rate:.0f}",
                "one text, p50": f"{1000 * statistics.median(latencies):.1f} ms",
                "ready after": f"{ready:.1f} s",
                "memory when ready": f"{memory:.0f} MB",
            }
        )
    encoder = load_encoder("bundled")
    seventy = [" ".join(["warga", "lapor", "jalan"] * 22)] * 100  # 70 tokens with the prefix and both ends
    started = time.perf_counter()
    encoder.encode(seventy)
    table.append({"": "encoder alone, 70 tokens", "texts a second": f"{100 / (time.perf_counter() - started):.0f}"})
    peer = tfidf_svm().fit(texts[:2_000], ["a", "b"] * 1_000)
    started = time.perf_counter()
    peer.decision_function(texts[:5_000])
    table.append({"": "TF-IDF + LinearSVC, one label", "texts a second": f"{5_000 / (time.perf_counter() - started):.0f}"})
    return table


def readiness(folder: Path) -> tuple[float, float]:
    """Seconds from the start of a fresh process until it has scored a text, and its memory then, MB."""
    code = (
        "import sys; from pathlib import Path; from nlp import Scorer; "
        "Scorer.load(Path(sys.argv[1])).assess(['lampu padam']); print(Path('/proc/self/status').read_text())"
    )
    started = time.perf_counter()
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    # Not getrusage: a child's peak begins at its parent's.
    peak_kb = next(line.split()[1] for line in ran.stdout.splitlines() if line.startswith("VmHWM:"))
    return seconds, int(peak_kb) / 1024


# ------------------------------------------------------------------------------------------------ the page
def machine() -> str:
    """What these figures were measured on."""
    matrix = np.random.default_rng(0).random((1_500, 1_500), np.float32)
    matrix @ matrix
    started = time.perf_counter()
    for _ in range(10):
        matrix @ matrix
    gflops = 10 * 2 * 1_500**3 / (time.perf_counter() - started) / 1e9
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii") if Path("/proc/cpuinfo").exists() else ""
    vector = "AVX-512 VNNI" if "avx512_vnni" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{os.cpu_count()} cores, {platform.machine()}, {vector}, {gflops:.0f} GFLOP/s in 32-bit matrix products"


def markdown(title: str, note: str, table: Table) -> str:
    """One section."""
    columns = list(dict.fromkeys(column for row in table for column in row if column))
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {row['']} | {' | '.join(row.get(column, '-') for column in columns)} |" for row in table]
    section = "\n".join([f"## {title}", "", note, "", *lines, ""])
    print(section, flush=True)
    return section


def main() -> None:
    """Run all parts, half an hour on two cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data: Path = parser.parse_args().data
    if not (data / "gold_dev.csv").is_file():
        sys.exit(f"{data} is not at hand; nothing to measure")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        models = {f"Suara Warga, encoder {encoder}": work / encoder for encoder in ("bundled", "none")}
        for path in models.values():
            train(TrainOptions(encoder=path.name), path)
        sections = [
            markdown("Speed", "Messages of surabaya.csv (about 60 tokens), masked, assessed for all tasks.", speed(data, models)),
            markdown(
                "Places never seen",
                "Trained on the seed corpus alone, judged on gold_dev: 669 messages, 143 of band 2 or 3, 61 of band 3.",
                unseen_places(data, {name: Scorer.load(path) for name, path in models.items()}),
            ),
            markdown(
                "An office's own data",
                "surabaya.csv: trained on the earlier 80 %, judged on the last 20 % by date.",
                own_data(data, ("bundled", "none"), work),
            ),
            markdown("Sentiment elsewhere", "Trained on their own training rows only.", sentiment_elsewhere(data, work)),
        ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    head = [
        "# Benchmarks",
        "",
        f"Made by `make bench` on {date.today().isoformat()}: {machine()}. Figures in brackets are 95 % bootstrap intervals. "
        f"Memory of the whole run: {peak:.0f} MB.",
        "",
    ]
    OUT.write_text("\n".join([*head, *sections]), encoding="utf-8")


if __name__ == "__main__":
    main()
