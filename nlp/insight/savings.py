"""What the software saves: messages that found their unit without a hand, times minutes that somebody has stated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nlp.errors import SuaraError
from nlp.insight.wording import number

MAX_MINUTES = 480


@dataclass(frozen=True, slots=True)
class Factor:
    """Minutes that one message takes to read and forward by hand, and who says so (a time study, an estimate)."""

    minutes: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.minutes <= MAX_MINUTES or not self.source.strip():
            raise SuaraError(
                "faktor waktu belum lengkap",
                where="penghematan",
                remedy=f"Isi menit di atas 0 sampai {MAX_MINUTES} dan sumbernya, misalnya 'pengukuran petugas, Mei 2026'.",
            )


def savings(messages: pd.DataFrame, factor: Factor, by: Sequence[str] = ()) -> pd.DataFrame:
    """Hours saved, a row for each group of `by` (one row for `by=()`), from `is_auto` and `is_rerouted` of each message.

    `n`, `n_auto` (went their way without a hand), `n_undone` (of these, later sent elsewhere by a person: that hand was
    needed after all), `n_saved`, `share_saved`, `minutes_per_message`, `hours`, `sentence` with the factor and its source.
    """
    frame = pd.DataFrame({name: messages[name] for name in by}, index=messages.index)
    frame["n"] = 1
    frame["n_auto"] = messages["is_auto"].astype(int)
    frame["n_undone"] = (messages["is_auto"].astype(bool) & messages["is_rerouted"].astype(bool)).astype(int)
    measures = ["n", "n_auto", "n_undone"]
    summed: Any = frame.groupby(list(by), as_index=False)[measures].sum() if by else frame[measures].sum().to_frame().T
    n_saved = summed["n_auto"] - summed["n_undone"]
    table = summed.assign(
        n_saved=n_saved,
        share_saved=n_saved / summed["n"].replace(0, np.nan),
        minutes_per_message=factor.minutes,
        hours=n_saved * factor.minutes / 60,
    )
    digits = 0 if float(factor.minutes).is_integer() else 1
    table["sentence"] = [
        f"{number(n)} pesan sampai ke unitnya tanpa diteruskan petugas; dengan {number(factor.minutes, digits)} menit per pesan "
        f"({factor.source}) itu {number(hours, 1)} jam."
        for n, hours in zip(table["n_saved"], table["hours"], strict=True)
    ]
    return pd.DataFrame(table)
