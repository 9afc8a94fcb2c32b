"""Why an area stands where it does, in one Indonesian sentence, and how firm its rank is."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from nlp.insight.areas import place_of
from nlp.insight.wording import change, number, percent
from nlp.labels import Labels

PART_NAMES = {
    "volume": "banyaknya pesan",
    "urgency": "urgensi",
    "displeasure": "ketidakpuasan",
    "growth": "pertumbuhan",
    "late": "tenggat",
    "repeat": "laporan berulang",
    "integrity": "integritas",
}
MAX_PHRASES = 3
WORTH_SAYING = 0.55  # score of a part from which it is mentioned

_SHARE_PHRASES = {
    "urgency": ("n_urgent", "n", "mendesak"),
    "displeasure": ("n_negative", "n", "bernada tidak puas"),
    "late": ("", "", "melewati tenggat"),
    "repeat": ("n_repeat", "n", "mengulang laporan serupa"),
    "integrity": ("n_flagged", "n", "perlu dilihat unit integritas"),
}


def reasons(areas: pd.DataFrame, references: Mapping[str, float], weights: Mapping[str, float], labels: Labels) -> list[str]:
    """A sentence for each ranked area: what it is about, how many messages, and up to three parts that raise its rank most.

    `references`: the share that scores 0.5, by part; `weights` by part. Shares are shown as counted, not shrunken.
    """
    place = place_of(areas)
    shown = bool((areas[place] != "").any())
    return [_sentence(row, place, shown, references, weights, labels) for row in areas.to_dict("records")]


def _sentence(
    row: dict[str, Any], place: str, shown: bool, references: Mapping[str, float], weights: Mapping[str, float], labels: Labels
) -> str:
    praise = f" ({number(row['n_positive'])} di antaranya pujian)" if row["n_positive"] else ""
    topic, aspect = (_inside(labels.name(family, row[family])) for family in ("topic", "aspect"))
    where = f" {_place(row, place)}" if shown else ""
    gains = {name: weight * (row[f"part_{name}"] - 0.5) for name, weight in weights.items()}
    named = [name for name in sorted(gains, key=lambda name: -gains[name]) if row[f"part_{name}"] >= WORTH_SAYING]
    phrases = [_phrase(row, name, references[name]) for name in named[:MAX_PHRASES]]
    why = _listed(phrases) if phrases else "tidak ada ukuran yang jauh di atas rata-rata"
    return f"Warga mengirim {number(row['n'])} pesan{praise} tentang {topic} (unsur {aspect}){where}: {why}."


def _place(row: dict[str, Any], place: str) -> str:
    if row["n_pooled"]:
        places = "unit" if place == "unit" else "wilayah"
        return f"{'untuk' if place == 'unit' else 'dari'} {number(row['n_pooled'])} {places} dengan sedikit pesan"
    if row[place] == "":
        return "yang belum punya unit" if place == "unit" else "tanpa keterangan wilayah"
    return f"{'untuk' if place == 'unit' else 'dari'} {row[place]}"


def _phrase(row: dict[str, Any], name: str, reference: float) -> str:
    if name == "volume":
        if "people" in row and row["people"] > 0:
            rate = 1_000 * (row["n"] - row["n_positive"]) / row["people"]
            return f"jumlahnya termasuk yang terbanyak ({number(rate, 1)} tiap 1.000 penduduk)"
        return "jumlahnya termasuk yang terbanyak"
    if name == "growth":
        if not row["n_before"]:
            return "belum ada pada periode sebelumnya"
        return f"{change((row['n'] - row['n_positive']) / row['n_before'])} dari periode sebelumnya"
    events, total, words = _SHARE_PHRASES[name]
    share = row[events] / row[total] if events else (row["n_late"] + row["n_overdue"]) / (row["n_settled"] + row["n_overdue"])
    digits = 1 if reference < 0.1 else 0
    return f"{percent(share, digits)} {words} (rata-rata {percent(reference, digits)})"


def _listed(phrases: list[str]) -> str:
    """'a', 'a dan b', 'a, b, dan c'."""
    if len(phrases) < 3:
        return " dan ".join(phrases)
    return f"{', '.join(phrases[:-1])}, dan {phrases[-1]}"


def _inside(name: str) -> str:
    """A name inside a sentence: its first letter small, unless it begins with an abbreviation."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def stability(areas: pd.DataFrame, top: int) -> list[str]:
    """'Tetap 5 besar dalam 93 % bobot' for each ranked area; 'Masuk ...' beyond the first; '' where it was not tested.

    Where there are no more areas than that, all of them stay whatever the weights, which is no firmness.
    """
    if len(areas) == 1:
        return ["Satu-satunya area dengan cukup pesan"]
    if len(areas) <= top:
        return [f"Semua {len(areas)} area masuk {top} besar"] * len(areas)
    return [
        f"{'Tetap' if rank <= top else 'Masuk'} {top} besar dalam {percent(share)} bobot" if math.isfinite(share) else ""
        for rank, share in zip(areas["rank"], areas["top_share"], strict=True)
    ]
