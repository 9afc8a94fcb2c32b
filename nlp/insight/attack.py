"""What somebody can work out of a published table: which hidden counts have only one value that fits all sums shown."""

from typing import Any

import numpy as np
import numpy.typing as npt

Line = tuple[int, npt.NDArray[np.int64]]
"""Place of a total, and places of the parts that it is the sum of."""
MAX_NODES = 2_000  # of one search; a search that stops early counts as "can be told", which only hides more


def pinned(n: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_], lines: list[Line]) -> npt.NDArray[np.int64]:
    """Places of hidden counts for which whole numbers of at least 1 leave one value only.

    The attacker knows every shown count, every sum, and that a hidden count is at least 1. For each hidden count another
    table is sought that fits as well and differs there; one such table often frees many counts at once.
    """
    places = np.flatnonzero(hidden)
    if not len(places):
        return places
    sums = _equations(n, hidden, lines)
    true = n[places].astype(np.float64)
    is_free = np.zeros(len(places), np.bool_)
    for sign in (1.0, -1.0):
        for index in range(len(places)):
            if not is_free[index]:
                other = _extreme(index, sign, true, sums)
                is_free |= np.zeros_like(is_free) if other is None else np.abs(other - true) > 0.5
    return places[~is_free]


def _equations(n: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_], lines: list[Line]) -> Any:
    """Sums over the hidden counts alone, which every table that fits must keep: a sparse matrix, (n_lines, n_hidden)."""
    from scipy.sparse import csr_array

    column = np.cumsum(hidden) - 1
    entries: set[tuple[tuple[int, float], ...]] = set()
    for total, parts in lines:
        row = [(int(column[place]), 1.0) for place in parts if hidden[place]]
        row += [(int(column[total]), -1.0)] if hidden[total] else []
        if row:
            entries.add(tuple(sorted(row)))
    flat = [(number, place, value) for number, row in enumerate(sorted(entries)) for place, value in row]
    rows, columns, values = zip(*flat, strict=True)
    return csr_array((values, (rows, columns)), shape=(len(entries), int(hidden.sum())))


def _extreme(index: int, sign: float, true: npt.NDArray[np.float64], sums: Any) -> npt.NDArray[np.float64] | None:
    """The table that fits with the largest (sign 1) or smallest count in one place; None where none was found in time."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    aim = np.zeros(len(true))
    aim[index] = -sign
    kept = sums @ true
    found = milp(
        aim,
        integrality=np.ones(len(true)),
        bounds=Bounds(1, 2 * true.sum() + 10),  # hidden totals have no upper end of their own
        constraints=LinearConstraint(sums, kept, kept),
        options={"node_limit": MAX_NODES},
    )
    return None if found.x is None else np.asarray(found.x, np.float64)
