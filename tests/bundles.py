"""A small labelled table made by code, and the bundles that tests share: trained once a session, in seconds."""

import csv
import hashlib
import json
import random
from pathlib import Path
from typing import Any

from nlp.classify.bundle import SUMS
from nlp.classify.train import TrainOptions, train

TOPIC_WORDS = {
    "jalan": ("aspal berlubang", "jalan kampung rusak", "trotoar ambles"),
    "sampah": ("sampah menumpuk", "truk sampah tidak datang", "bak sampah penuh"),
    "air_bersih": ("air pdam keruh", "pipa air bocor", "air leding mati"),
    "kependudukan": ("cetak ktp tertunda", "akta lahir belum jadi", "kartu keluarga keliru"),
}
UNITS = {
    "jalan": "Dinas Pekerjaan Umum",
    "sampah": "Dinas Lingkungan Hidup",
    "air_bersih": "PDAM Tirta Karya",
    "kependudukan": "Dinas Dukcapil",
}
ASPECT_WORDS = {"waktu": "sudah dua minggu menunggu", "biaya": "tarifnya terlalu mahal", "sarana": "alatnya tua dan patah"}
SENTIMENT_WORDS = {"negatif": "kecewa sekali kami", "netral": "mohon informasinya", "positif": "terima kasih bagus sekali"}
URGENCY_WORDS = {"biasa": "kapan saja boleh", "tinggi": "segera hari ini juga", "darurat": "darurat korban luka parah"}
BAND_WORDS = {
    ("0", ""): "warga setempat melapor",
    ("1", ""): "pegawai membentak tamu",
    ("2", "pungli_pemerasan"): "kabarnya banyak pungutan liar",
    ("2", "suap_percaloan"): "kabarnya calo berkeliaran",
    ("3", "pungli_pemerasan"): "oknum memeras minta uang tanpa kuitansi",
    ("3", "suap_percaloan"): "oknum calo minta uang pelicin",
}
PLACES = (
    "melati",
    "mawar",
    "kenanga",
    "anggrek",
    "dahlia",
    "teratai",
    "kamboja",
    "seruni",
    "cempaka",
    "flamboyan",
    "bakung",
    "wijaya",
)
PLAIN_COLUMNS = ("text", "topic", "aspect", "sentiment", "urgency", "band", "kinds")


def labelled_rows(n_rows: int = 480, seed: int = 1) -> list[dict[str, str]]:
    """Rows of invented sentences, every label column filled; each label has its own words, so tiny models learn them."""
    draw = random.Random(seed)
    rows = []
    for i in range(n_rows):
        topic = list(TOPIC_WORDS)[i % len(TOPIC_WORDS)]
        aspect, sentiment, urgency = draw.choice([*ASPECT_WORDS]), draw.choice([*SENTIMENT_WORDS]), draw.choice([*URGENCY_WORDS])
        (band, kinds) = draw.choices([*BAND_WORDS], weights=[10, 4, 2, 2, 2, 2])[0]
        parts = [
            draw.choice(TOPIC_WORDS[topic]),
            f"di {draw.choice(PLACES)} {draw.choice(PLACES)}",
            ASPECT_WORDS[aspect],
            SENTIMENT_WORDS[sentiment],
            URGENCY_WORDS[urgency],
            BAND_WORDS[band, kinds],
        ]
        row = {"text": " ".join(parts), "topic": topic, "aspect": aspect, "sentiment": sentiment}
        rows.append(row | {"urgency": urgency, "band": band, "kinds": kinds, "unit": UNITS[topic]})
    return rows


def write_csv(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] | None = None) -> Path:
    """Write rows as UTF-8 CSV with `columns` (all of the first row's by default)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or tuple(rows[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def train_small(folder: Path, *, units: bool = False, n_rows: int = 480, seed: int = 0) -> dict[str, Any]:
    """Train a bundle on the small table into `folder`; returns its manifest."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    columns = (*PLAIN_COLUMNS, "unit") if units else PLAIN_COLUMNS
    data = write_csv(folder.parent / f"{folder.name}.csv", labelled_rows(n_rows), columns)
    return train(TrainOptions(data=(data,), seed_corpus=False, encoder="none", seed=seed), folder)


def reseal(folder: Path) -> None:
    """Write the hashes of a bundle anew after changing its files, as someone who forges a bundle would."""
    names = sorted(path.name for path in folder.iterdir() if path.name != SUMS)
    sums = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / SUMS).write_text(sums, encoding="ascii")


def change_manifest(folder: Path, **changes: Any) -> None:
    """Put `changes` into a bundle's manifest (a value of None takes the key out) and write its hash anew."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in manifest.items() if value is not None}
    (folder / "manifest.json").write_text(json.dumps(kept), encoding="utf-8")
    reseal(folder)
