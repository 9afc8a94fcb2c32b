"""Tables for outside the office: counts under 5 are hidden, with others beside them, so that no subtraction tells them.

Primary and complementary suppression as in Hundepool et al., Statistical Disclosure Control (2012), chapter 4. A hidden
count and one hidden to protect it look alike. What is published together must be suppressed together, in one call.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nlp.errors import SuaraError
from nlp.insight.attack import Line, pinned

MIN_CELL = 5
TOTAL = "Jumlah"
MAX_CELLS = {1: 3_000, 2: 3_000, 3: 600}
"""By how many keys: with three, proving that nothing can be told takes seconds at 600 counts and minutes beyond. A table
without totals has nothing to prove and may be of any size."""


def is_small(*counts: float) -> bool:
    """Whether one of these is a count of 1 to 4, which is told to nobody outside."""
    return any(0 < n < MIN_CELL for n in counts)


def suppress(
    table: pd.DataFrame, n_column: str, keys: Sequence[str], margins: Iterable[Sequence[str]] | None = None
) -> pd.DataFrame:
    """Counts by `keys` (1 to 3 columns) with totals, safe to publish as a whole.

    `margins`: the totals to publish, each by the keys it keeps, `()` for the grand total; None for all of them. A total's
    row has TOTAL in the keys it sums over. Returns columns `keys`, `n_column` (Int64, NA where hidden) and `hidden`,
    sorted as the table, margins last; every other column is left out, since a share or a sum beside a hidden count would
    tell it. A missing key is ''. A count of 0 is no message of anybody and stays; rows the table lacks are 0. A missing count
    (a day that was not observed) stays missing, and so does a total of nothing else.

    Hides every count of 1 to 4, totals too; then, until nothing can be told: in each sum (a total and its parts) with
    exactly one hidden count the smallest other one, parts before the total; and beside each hidden count that all sums
    together still leave one value for (`nlp.insight.attack`), the smallest other count in its sums.
    SuaraError where the keys are no columns, too many, or already hold TOTAL, and for a table past MAX_CELLS.
    """
    margins = None if margins is None else list(margins)
    _check(table, n_column, keys, has_totals=margins is None or bool(margins))
    published = _published(tuple(keys), margins)
    table = table.assign(**{name: table[name].astype(object).where(table[name].notna(), "") for name in keys})
    cells = pd.concat([_summed(table, n_column, keys, kept) for kept in published], ignore_index=True)
    is_missing = cells[n_column].isna()
    n = cells[n_column].fillna(0).to_numpy(np.int64)
    lines = _lines(cells, keys, published)
    hidden = (n > 0) & (n < MIN_CELL)
    _hide_single(hidden, n, lines)
    while (found := pinned(n, hidden, lines)).size and (left := np.flatnonzero(~hidden & (n > 0))).size:
        for cell in found:
            _hide_beside(int(cell), hidden, n, lines)
        if not hidden[left].any():  # all around them is hidden, so what tells them lies further off
            hidden[left[np.argmin(n[left])]] = True
        _hide_single(hidden, n, lines)
    shown = cells[n_column].astype("Int64").mask(hidden | is_missing)
    return cells.assign(**{n_column: shown, "hidden": hidden})


def _check(table: pd.DataFrame, n_column: str, keys: Sequence[str], *, has_totals: bool) -> None:
    missing = [name for name in (*keys, n_column) if name not in table]
    if missing or len(keys) not in MAX_CELLS:
        what = f"kolom '{missing[0]}' tidak ada" if missing else f"ada {len(keys)} kolom kunci"
        raise _problem(what, f"Sebutkan 1 sampai {max(MAX_CELLS)} kolom kunci yang ada pada tabel.")
    taken = [name for name in keys if (table[name] == TOTAL).any()]
    if taken:
        raise _problem(f"kolom '{taken[0]}' sudah berisi '{TOTAL}'", "Buang baris jumlah; jumlah dihitung ulang di sini.")
    n_cells = len(table[table[n_column] > 0].drop_duplicates(list(keys)))
    if has_totals and n_cells > MAX_CELLS[len(keys)]:
        raise _problem(
            f"tabel berisi {n_cells} angka; batasnya {MAX_CELLS[len(keys)]}",
            "Kurangi kolom kunci, gabungkan baris yang kecil, atau ambil sebagian saja.",
        )


def _problem(what: str, remedy: str) -> SuaraError:
    return SuaraError(what, where="penyamaran angka kecil", remedy=remedy)


def _published(keys: tuple[str, ...], margins: Iterable[Sequence[str]] | None) -> list[tuple[str, ...]]:
    """Key subsets from the whole table to the grand total."""
    subsets = [part for size in range(len(keys) - 1, -1, -1) for part in combinations(keys, size)]
    wanted = None if margins is None else {frozenset(kept) for kept in margins}
    return [keys, *(part for part in subsets if wanted is None or frozenset(part) in wanted)]


def _summed(table: pd.DataFrame, n_column: str, keys: Sequence[str], kept: tuple[str, ...]) -> pd.DataFrame:
    if kept:
        frame = table.groupby(list(kept), as_index=False, sort=False)[n_column].sum(min_count=1)
    else:
        frame = pd.DataFrame({n_column: [table[n_column].sum(min_count=min(1, len(table)))]})
    for name in keys:
        if name not in kept:
            frame[name] = TOTAL
    return frame[[*keys, n_column]]


def _lines(cells: pd.DataFrame, keys: Sequence[str], published: list[tuple[str, ...]]) -> list[Line]:
    """Every sum that the published tables state: a total and the cells of a finer table that it is made of."""
    table_of = np.repeat(np.arange(len(published)), [_n_rows(cells, keys, kept) for kept in published])
    lines: list[Line] = []
    for fine, coarse in permutations(range(len(published)), 2):
        kept = published[coarse]
        if not set(kept) < set(published[fine]):
            continue
        totals, parts = (np.flatnonzero(table_of == which) for which in (coarse, fine))
        place = {_key(cells, row, kept): row for row in totals.tolist()}
        members: dict[int, list[int]] = {row: [] for row in totals.tolist()}
        for row in parts.tolist():
            members[place[_key(cells, row, kept)]].append(row)
        lines += [(total, np.array(children, np.int64)) for total, children in members.items()]
    return lines


def _n_rows(cells: pd.DataFrame, keys: Sequence[str], kept: tuple[str, ...]) -> int:
    is_total = {name: (cells[name] == TOTAL).to_numpy() for name in keys}
    return int(np.logical_and.reduce([is_total[name] != (name in kept) for name in keys]).sum())


def _key(cells: pd.DataFrame, row: int, kept: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(cells[name].iat[row] for name in kept)


def _hide_single(hidden: npt.NDArray[np.bool_], n: npt.NDArray[np.int64], lines: list[Line]) -> None:
    """Hide, in place, until no sum has exactly one hidden count."""
    changed = True
    while changed:
        changed = False
        for line in lines:
            if _n_hidden(line, hidden) == 1:
                hidden[_smallest_shown(line, hidden, n)] = changed = True


def _hide_beside(cell: int, hidden: npt.NDArray[np.bool_], n: npt.NDArray[np.int64], lines: list[Line]) -> None:
    """Hide one count more in that sum around a hidden one that binds it most: where the hidden parts add up to least."""
    around = [line for line in lines if cell == line[0] or cell in line[1]]
    for line in sorted(around, key=lambda line: _room(line, hidden, n)):
        place = _smallest_shown(line, hidden, n)
        if place is not None:
            hidden[place] = True
            return


def _n_hidden(line: Line, hidden: npt.NDArray[np.bool_]) -> int:
    return int(hidden[line[1]].sum()) + int(hidden[line[0]])


def _room(line: Line, hidden: npt.NDArray[np.bool_], n: npt.NDArray[np.int64]) -> float:
    """By how much the hidden parts exceed 1 each, which is all that they can exchange; no end under a hidden total."""
    total, parts = line
    return float("inf") if hidden[total] else float((n[parts[hidden[parts]]] - 1).sum())


def _smallest_shown(line: Line, hidden: npt.NDArray[np.bool_], n: npt.NDArray[np.int64]) -> int | None:
    """The smallest count still shown in a sum, parts before the total; None without one. A 0 protects nothing."""
    for places in (line[1], np.array([line[0]])):
        shown = places[~hidden[places] & (n[places] > 0)]
        if len(shown):
            return int(shown[np.argmin(n[shown])])
    return None
