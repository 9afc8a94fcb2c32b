"""Time and memory of finding themes, and how well planted ones come back; on the seed corpus, and on real data if there is any.

Each measurement runs in a process of its own, so that the peak of one is not the peak of the next.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from nlp.corpus import read_seed
from nlp.insight.themes import find_themes, theme_of
from nlp.labels import load_labels

DIMENSIONS = 384  # of the bundled encoder


def large(n: int, with_vectors: bool) -> str:
    """`n` messages, each of three sentences of the seed corpus drawn at random; vectors, where asked for, are noise."""
    draw = np.random.default_rng(0)
    sentences = read_seed(load_labels())["text"].str.split(r"(?<=[.!?])\s+", regex=True).explode()
    sentences = sentences[sentences.str.len() > 25].to_numpy()
    texts = [" ".join(sentences[row]) for row in draw.integers(0, len(sentences), (n, 3))]
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(draw.integers(0, 300, n), "D")
    vectors = draw.standard_normal((n, DIMENSIONS), np.float32) if with_vectors else None
    start = time.perf_counter()
    found = find_themes(pd.DataFrame({"text": texts, "day": days}), vectors)
    seconds = time.perf_counter() - start
    return f"{n} messages, {'vectors and words' if with_vectors else 'words'}: {seconds:.1f} s, {len(found)} themes"


def planted(n_topics: int) -> str:
    """Mean agreement with topics of the seed corpus, mixed 120 each, over five draws of topics."""
    frame = read_seed(load_labels())
    common = frame["topic"].value_counts()
    common = [topic for topic in common.index if topic and common[topic] >= 120]
    scores, sizes = [], []
    for seed in range(5):
        draw = np.random.default_rng(seed)
        chosen = frame[frame["topic"].isin(draw.choice(common, n_topics, replace=False))]
        mixed = chosen.groupby("topic").sample(120, random_state=seed).reset_index(drop=True)
        mixed["day"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(draw.integers(0, 90, len(mixed)), "D")
        found = find_themes(mixed)
        sizes.append(len(found))
        scores.append(adjusted_rand_score(mixed["topic"], theme_of(found, mixed.index)["theme"]))
    return f"{n_topics} topics mixed: {np.mean(sizes):.1f} themes, adjusted Rand index {np.mean(scores):.2f} (0 is chance)"


def real(data: Path) -> str:
    """The three largest topics of a city: themes, messages in none, agreement with the city's own categories; no words."""
    frame = pd.read_csv(data / "surabaya.csv")
    frame["day"] = pd.to_datetime(frame["created_at"])
    lines = []
    for topic in frame["topic"].value_counts().index[:3]:
        messages = frame[frame["topic"] == topic]
        start = time.perf_counter()
        found = find_themes(messages)
        seconds = time.perf_counter() - start
        table = theme_of(found, messages.index)
        agreement = normalized_mutual_info_score(messages["platform_topic"], table["theme"])
        lines.append(
            f"{topic}: {len(messages)} messages, {seconds:.1f} s, {len(found)} themes, "
            f"in none {(table['theme'] == '').mean():.0%}, stability {np.mean([theme.stability for theme in found]):.2f}, "
            f"agreement with the city's categories {agreement:.2f} (normalised mutual information)"
        )
    return "\n".join(lines)


def main() -> None:
    """Run one measurement, or all of them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the project's real messages")
    parser.add_argument("--only", choices=["words", "vectors", "planted", "real"])
    options = parser.parse_args()
    if options.only is None:
        for one in ["words", "vectors", "planted", *(["real"] if options.data else [])]:
            data = ["--data", str(options.data)] if options.data else []
            subprocess.run([sys.executable, __file__, "--only", one, *data], check=True)
        return
    if options.only == "planted":
        print("\n".join(planted(n) for n in (3, 5, 8)))
    elif options.only == "real":
        print(real(options.data))
    else:
        print(large(50_000, options.only == "vectors"))
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
