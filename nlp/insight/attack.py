"""What somebody can work out of a published table: which hidden counts have only one value that fits all sums shown."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.insight.intervals import Floats

Line = tuple[int, npt.NDArray[np.int64]]
"""Place of a total, and places of the parts that it is the sum of."""
MAX_NODES = 500  # of one search; a search that stops early counts as "can be told", which only hides more
N_WIDE_SEARCHES = 12
_SEED = 20_261_126  # fixed: the same table is always hidden alike


def pinned(n: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_], lines: list[Line]) -> npt.NDArray[np.int64]:
    """Places of hidden counts for which whole numbers of at least 1 leave one value only.

    The attacker knows every shown count, every sum, and that a hidden count is at least 1. A hidden count is safe where
    another table fits as well and differs there. Counts that the sums alone determine are found first and returned
    without looking further; the caller hides more and asks again until nothing is left.
    """
    places = np.flatnonzero(hidden)
    if not len(places) or not lines:
        return places[:0]
    sums = _equations(n, hidden, lines)
    told = _determined(sums)
    if told.any():
        return places[told]
    return places[~_has_other_value(n[places].astype(np.float64), sums)]


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


def _determined(sums: Any) -> npt.NDArray[np.bool_]:
    """Which unknowns the equations alone determine: those on which no direction that keeps all sums moves."""
    values, directions = np.linalg.eigh((sums.T @ sums).toarray())
    keeps_sums = directions[:, values < 1e-9 * max(1.0, float(values[-1]))]
    return np.asarray((keeps_sums**2).sum(axis=1) < 1e-9)


def _has_other_value(true: Floats, sums: Any) -> npt.NDArray[np.bool_]:
    """Whether each count differs in some other table that fits: searched for many at once, then for each that is left."""
    random = np.random.default_rng(_SEED)
    is_free = np.zeros(len(true), np.bool_)
    for _ in range(N_WIDE_SEARCHES):
        if is_free.all():
            return is_free
        is_free |= _differs(random.choice((-1.0, 1.0), len(true)) * ~is_free, true, sums)
    for place in np.flatnonzero(~is_free):
        for sign in (1.0, -1.0):
            if not is_free[place]:
                aim = np.zeros(len(true))
                aim[place] = sign
                is_free |= _differs(aim, true, sums)
    return is_free


def _differs(aim: Floats, true: Floats, sums: Any) -> npt.NDArray[np.bool_]:
    """Where the table of whole numbers that fits and makes `aim` smallest differs from the true one."""
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp

    kept = sums @ true
    most = float(2 * true.sum() + 10)  # hidden totals have no upper end of their own
    corner = linprog(aim, A_eq=sums, b_eq=kept, bounds=(1, most), method="highs-ds")
    found = corner.x
    if found is not None and np.abs(found - np.round(found)).max() > 1e-6:  # only where three keys cross
        whole = LinearConstraint(sums, kept, kept)
        options = {"node_limit": MAX_NODES}
        found = milp(aim, integrality=np.ones(len(true)), bounds=Bounds(1, most), constraints=whole, options=options).x
    return np.zeros(len(true), np.bool_) if found is None else np.asarray(np.abs(found - true) > 0.5)
