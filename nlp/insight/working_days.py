"""Counts working days between many pairs of days: Monday to Friday without free days, with the days worked instead."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]


class WorkingDays:
    """Counts on whole columns. `free`: national holidays and joint leave; `worked`: days worked although they are free."""

    def __init__(self, free: Iterable[date] = (), worked: Iterable[date] = ()) -> None:
        self._free = _sorted_days(free)
        on = _sorted_days(worked)
        self._extra = on[~np.is_busday(on, holidays=self._free)]

    def between(self, start: Any, end: Any) -> npt.NDArray[np.int64]:
        """Working days after `start` up to and with `end`, as a deadline counts them; 0 where `end` is not later.

        Two columns of datetime64 (or one and a single day) without missing values.
        """
        first, last = _whole_days(start), _whole_days(end)
        count = np.busday_count(first + 1, last + 1, holidays=self._free)
        count = count + np.searchsorted(self._extra, last, "right") - np.searchsorted(self._extra, first, "right")
        return np.where(last > first, count, 0).astype(np.int64)


def _sorted_days(days: Iterable[date]) -> Days:
    return np.array(sorted(set(days)), dtype="datetime64[D]")


def _whole_days(days: Any) -> Any:
    return days.to_numpy().astype("datetime64[D]") if isinstance(days, pd.Series) else np.datetime64(pd.Timestamp(days), "D")
