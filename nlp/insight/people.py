"""Training needs and praise by unit. Counts and shares only: no person is named, and few messages show no example.

MESSAGES here: `id` (public), `unit`, `aspect`, `sentiment`, `band`. What may point to corruption is left out: it belongs
to the integrity unit, and is no training need.
"""

from typing import Any

import pandas as pd

from nlp.insight.intervals import MIN_MESSAGES, wilson
from nlp.insight.wording import number, percent
from nlp.labels import FLAGGED_BANDS, Labels

TRAINABLE_ELEMENTS = ("U6", "U7")
"""Competence and conduct of those who serve, PermenPANRB 14/2017."""
MAX_EXAMPLES = 5


def training_needs(messages: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """A row for each unit and trainable aspect with displeasure, the surest need first.

    `unit`, `aspect`, `n_unit` messages of the unit, `n_negative` of displeasure about the aspect, `share` of the unit's
    messages with `low` and `high` (Wilson), `examples`: the last ids in the frame's order, none under MIN_MESSAGES; `sentence`.
    Sorted by `low`, so that three angry messages in a small unit do not top the list.
    """
    frame = _unflagged(messages)
    aspects = [aspect.code for aspect in labels.aspect if aspect.element in TRAINABLE_ELEMENTS]
    negative = frame[frame["sentiment"].isin(labels.negative) & frame["aspect"].isin(aspects)]
    table = _shares(negative, frame, ["unit", "aspect"], "n_negative").sort_values("low", ascending=False, kind="stable")
    table["sentence"] = [
        f"{row['unit']}: {number(row['n_negative'])} dari {number(row['n_unit'])} pesan ({percent(row['share'])}) "
        f"menunjukkan ketidakpuasan tentang {labels.name('aspect', row['aspect']).lower()}."
        for row in table.to_dict("records")
    ]
    return table.reset_index(drop=True)


def praise(messages: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """A row for each unit that is praised, the most praised first: what to pass on to it.

    `unit`, `n_unit`, `n_positive`, `share` with `low` and `high`, `examples` as in `training_needs`, `aspect`: what most
    of the praise is about ('' under MIN_MESSAGES), `sentence`.
    """
    frame = _unflagged(messages)
    positive = frame[frame["sentiment"].isin(labels.positive)]
    table = _shares(positive, frame, ["unit"], "n_positive").sort_values("n_positive", ascending=False, kind="stable")
    services = [aspect.code for aspect in labels.aspect if aspect.element is not None]
    about = positive[positive["aspect"].isin(services)].groupby("unit")["aspect"].agg(lambda codes: codes.mode().iloc[0])
    table["aspect"] = table["unit"].map(about).where(table["n_positive"] >= MIN_MESSAGES).fillna("")
    table["sentence"] = [
        f"{row['unit']}: {number(row['n_positive'])} pesan berterima kasih atau memuji"
        + (f", terutama tentang {labels.name('aspect', row['aspect']).lower()}." if row["aspect"] else ".")
        for row in table.to_dict("records")
    ]
    return table.reset_index(drop=True)


def _unflagged(messages: pd.DataFrame) -> pd.DataFrame:
    return messages[~messages["band"].astype(str).isin(FLAGGED_BANDS) & messages["unit"].fillna("").ne("")]


def _shares(part: pd.DataFrame, whole: pd.DataFrame, by: list[str], n_column: str) -> pd.DataFrame:
    table = part.groupby(by, as_index=False, sort=True, observed=True).agg(**{n_column: ("id", "size"), "examples": ("id", list)})
    table["examples"] = [_examples(ids) for ids in table["examples"]]
    table["n_unit"] = table["unit"].map(whole["unit"].value_counts()).astype(int)
    table["share"] = table[n_column] / table["n_unit"]
    table["low"], table["high"] = wilson(table[n_column], table["n_unit"])
    return table[[*by, "n_unit", n_column, "share", "low", "high", "examples"]]


def _examples(ids: list[Any]) -> list[Any]:
    return ids[-MAX_EXAMPLES:] if len(ids) >= MIN_MESSAGES else []
