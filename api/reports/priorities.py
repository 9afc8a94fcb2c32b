"""Where to improve first, how firm that is, and what a budget would reach."""

import csv
from pathlib import Path

from api.reports import repository
from api.reports.context import Context
from api.reports.report import Report, Table
from nlp.errors import SuaraError
from nlp.insight.areas import Place
from nlp.insight.priorities import Ranking, rank_areas
from nlp.insight.reasons import PART_NAMES
from nlp.insight.weights import load_weights
from nlp.insight.what_if import what_if

PLACES = {"unit": "Unit", "district": "Wilayah"}


def ranking_of(context: Context, place: Place) -> Ranking:
    """Ranked areas of the scope."""
    settings = context.desk.settings
    areas = repository.areas(context.session, place, context.scope, context.labels)
    if place == "district" and settings.population is not None:
        areas["people"] = areas["district"].map(read_population(settings.population))
    return rank_areas(areas, load_weights(settings.priority_weights), context.labels)


def priorities(context: Context, place: Place, budget: int) -> Report:
    """The ranking as a report."""
    ranking = ranking_of(context, place)
    plan = what_if(ranking, budget)
    frame = context.with_names(ranking.areas)
    frame["chosen"] = frame.index.isin(plan.areas.index)
    keys = {"topic_name": "Topik", "aspect_name": "Unsur", place: PLACES[place]}
    parts = {f"part_{name}": f"Bagian: {title}" for name, title in PART_NAMES.items() if f"part_{name}" in frame}
    heads = (
        {"rank": "Peringkat"}
        | keys
        | {"topic": "Kode topik", "aspect": "Kode unsur"}
        | {
            "n": "Pesan",
            "index": "Indeks",
            "rank_low": "Peringkat terbaik",
            "rank_high": "Peringkat terburuk",
            "top_share": f"Bagian bobot dalam {ranking.top} besar",
            "stability": "Ketahanan",
            "reason": "Sebab",
            "chosen": "Dalam anggaran",
        }
        | parts
    )
    return Report(
        title=f"Prioritas perbaikan menurut topik, unsur, dan {PLACES[place].lower()}",
        scope=context.scope,
        # totals of ranked areas alone tell nobody anything, and there may be more areas than totals can be proved safe for
        tables={"prioritas": Table(frame, heads, "n", list(keys), has_totals=False)},
        sentences=(plan.sentence,),
        private=ranking.notes,
    )


def read_population(path: Path) -> dict[str, float]:
    """Inhabitants by district from a CSV with the columns district (or wilayah) and people (or penduduk)."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{(name or "").strip().lower(): value for name, value in row.items()} for row in csv.DictReader(file)]
        return {(row.get("district") or row["wilayah"]).strip(): float(row.get("people") or row["penduduk"]) for row in rows}
    except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise SuaraError(
            "jumlah penduduk tidak terbaca",
            where=str(path),
            remedy="Tulis CSV dengan kolom wilayah dan penduduk, angka tanpa pemisah ribuan.",
        ) from error
