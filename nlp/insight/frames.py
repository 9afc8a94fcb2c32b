"""The two tables that everything in `nlp.insight` reads, and how one is made of the other.

MESSAGES: a row a message. `day` (local date, datetime64), `text` (masked), the dimensions below, `unit` and `district`
by name. COUNTS: a row for each day and combination of dimensions that occurs, with how many messages it holds. A service
keeps counts up to date as messages come; a notebook makes them of a scored file. A missing label is ''.
"""

from collections.abc import Sequence

import pandas as pd

DIMENSIONS = ("topic", "aspect", "unit", "district", "channel", "sentiment", "urgency", "band")
MEASURES = ("n", "n_repeat", "n_settled", "n_late")
"""Messages; those that resemble an earlier one; those settled; those settled after their deadline."""


def counts_of(messages: pd.DataFrame) -> pd.DataFrame:
    """COUNTS of MESSAGES; dimensions that the frame lacks are ''.

    Optional boolean columns `is_repeat`, `is_settled`, `is_late` fill the measures of that name.
    """
    frame = pd.DataFrame({"day": pd.to_datetime(messages["day"]).dt.normalize()})
    for name in DIMENSIONS:
        frame[name] = messages[name].fillna("").astype(str) if name in messages else ""
    frame["n"] = 1
    for name in MEASURES[1:]:
        flag = f"is_{name.removeprefix('n_')}"
        frame[name] = messages[flag].astype(int) if flag in messages else 0
    return summed(frame, ["day", *DIMENSIONS])


def summed(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Measures of COUNTS added up by some of its columns, sorted by them."""
    return counts.groupby(list(by), as_index=False, observed=True, sort=True)[list(MEASURES)].sum()
