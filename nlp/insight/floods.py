"""Sudden floods of nearly the same message (a campaign, an attack, a form letter), each shown once.

Which messages are nearly the same is told by `nlp.insight.duplicates`.
"""

import hashlib
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nlp.insight.days import Bools, Ints
from nlp.insight.duplicates import copies, signatures_of
from nlp.insight.wording import day as day_in_words
from nlp.insight.wording import number, percent, span

MIN_MESSAGES = 10
WINDOW_DAYS = 3  # so many days in a row must hold MIN_MESSAGES, and so many without one end a flood
TIMES_USUAL = 5
"""A flood is this many times what such messages usually are in as many days: thanks in two words come all year."""
MIN_DAYS_USUAL = 14  # of messages, to say what is usual
KEPT_DAYS = 30  # a flood that comes again within so many days is the same one
COLUMNS = ("flood", "first_day", "last_day", "n", "busiest_day", "share_of_day", "example", "signature", "is_new", "sentence")

Dates = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Floods:
    """Floods found, and to which one each message belongs."""

    table: pd.DataFrame  # a row a flood, the largest first, see `find_floods`
    member: pd.Series  # flood of each message, '' for none; index as the messages


def find_floods(messages: pd.DataFrame, known: pd.DataFrame | None = None, signatures: Sequence[bytes] | None = None) -> Floods:
    """Floods among MESSAGES (columns `day`, `text`).

    `known`: the table of an earlier call; a flood that goes on keeps its identity, first day and example, and messages after
    its last known day are added to its `n`. `signatures`: stored ones, in the order of the messages, to save the work.

    Columns of the table: `flood` (identity), `first_day`, `last_day`, `n`, `busiest_day`, `share_of_day` (of all messages on
    the busiest day, 0 to 1), `example` (its first text), `signature` (of the example), `is_new`, `sentence` (Indonesian).
    Known floods without a new message are left out.
    """
    order = np.argsort(messages["day"].to_numpy(), kind="stable")
    texts = messages["text"].iloc[order].tolist()
    made = signatures_of(texts) if signatures is None else [signatures[i] for i in order]
    day = messages["day"].iloc[order].to_numpy("datetime64[D]")
    earlier = [] if known is None else known.sort_values("last_day").to_dict("records")
    cluster = copies([*(row["signature"] for row in earlier), *made])
    known_of = {int(c): row for c, row in zip(cluster, earlier, strict=False)}  # the latest, where a text came twice
    member, rows = np.full(len(messages), "", dtype=object), []
    for label, positions in _groups(cluster[len(earlier) :]):
        before = known_of.get(label)
        if before is None and len(positions) < MIN_MESSAGES:
            continue
        for flood in _floods_among(day[positions], day, before):
            chosen = positions[flood.inside]
            row = _row(flood.before, day[chosen], day, texts[chosen[0]], made[chosen[0]])
            member[order[chosen]] = row["flood"]
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.sort_values(["n", "first_day"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return Floods(table, pd.Series(member, index=messages.index, name="flood"))


def collapse(messages: pd.DataFrame, floods: Floods) -> pd.DataFrame:
    """MESSAGES with the first message of each flood only, and all messages of none, in their order."""
    first = messages["day"].groupby(floods.member.to_numpy()).transform("rank", method="first").to_numpy() == 1
    return messages[(floods.member == "").to_numpy() | first]


@dataclass(slots=True)
class _Flood:
    inside: Bools  # of one group's messages, (n,)
    last: np.datetime64
    before: dict[Hashable, Any] | None  # what an earlier call said of it


def _floods_among(own: Dates, everyone: Dates, before: dict[Hashable, Any] | None) -> list[_Flood]:
    """Floods of one group, told from its days (sorted) and those of all messages (sorted)."""
    n = np.bincount((own - own[0]).astype(np.int64))
    window = np.convolve(n, np.ones(WINDOW_DAYS, np.int64))  # messages of the days up to each one
    usual = _usual(window, int((everyone[-1] - everyone[0]).astype(np.int64)) + 1)
    # a day is raised if a window that holds it is
    raised = np.array([window[d : d + WINDOW_DAYS].max() > TIMES_USUAL * usual for d in range(len(n))])
    position = np.flatnonzero(raised[(own - own[0]).astype(np.int64)])
    floods = []
    if before is not None:
        floods.append(_Flood(np.zeros(len(own), bool), np.datetime64(before["last_day"], "D"), before))
    for stretch in np.split(position, np.flatnonzero(np.diff(own[position]).astype(np.int64) > WINDOW_DAYS) + 1):
        if not len(stretch):
            continue
        first, last = own[stretch[[0, -1]]]
        is_flood = window[(first - own[0]).astype(np.int64) : (last - own[0]).astype(np.int64) + 1].max() >= MIN_MESSAGES
        gap = (first - floods[-1].last).astype(np.int64) if floods else KEPT_DAYS + 1
        if gap > KEPT_DAYS or (gap > WINDOW_DAYS and not is_flood):
            if not is_flood:
                continue
            floods.append(_Flood(np.zeros(len(own), bool), last, None))
        floods[-1].inside[stretch] = True
        floods[-1].last = max(floods[-1].last, last)
    return [flood for flood in floods if flood.inside.any()]


def _usual(window: Ints, n_days: int) -> float:
    """Messages of a group in WINDOW_DAYS days as they are on most days; 0 where the days are too few to say."""
    if n_days < MIN_DAYS_USUAL:
        return 0.0
    return float(np.median(np.r_[window, np.zeros(max(n_days - len(window), 0))]))


def _row(before: dict[Hashable, Any] | None, own: Dates, everyone: Dates, text: str, mark: bytes) -> dict[Hashable, Any]:
    days, n_own = np.unique(own, return_counts=True)
    busiest = days[n_own.argmax()]
    row: dict[Hashable, Any] = {
        "flood": hashlib.blake2b(mark + str(days[0]).encode(), digest_size=6).hexdigest(),
        "first_day": pd.Timestamp(days[0]),
        "last_day": pd.Timestamp(days[-1]),
        "n": len(own),
        "busiest_day": pd.Timestamp(busiest),
        "share_of_day": float(n_own.max() / (everyone == busiest).sum()),
        "example": text,
        "signature": mark,
        "is_new": before is None,
    }
    if before is not None:
        later = int((own > np.datetime64(before["last_day"], "D")).sum())
        more: dict[Hashable, Any] = {"n": before["n"] + later, "last_day": max(row["last_day"], before["last_day"])}
        kept = ["flood", "first_day", "example", "signature"]
        if before["share_of_day"] >= row["share_of_day"]:
            kept += ["busiest_day", "share_of_day"]
        row |= {name: before[name] for name in kept}
        row |= more
    return row | {"sentence": _sentence(row)}


def _sentence(row: dict[Hashable, Any]) -> str:
    return (
        f"{number(row['n'])} pesan yang hampir sama masuk {span(row['first_day'], row['last_day'])}; pada "
        f"{day_in_words(row['busiest_day'])} {percent(row['share_of_day'])} dari semua pesan. Ditampilkan satu kali."
    )


def _groups(cluster: Ints) -> Iterator[tuple[int, Ints]]:
    """Each label with the positions that bear it, in order."""
    order = np.argsort(cluster, kind="stable")
    for positions in np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1):
        if len(positions):
            yield int(cluster[positions[0]]), positions
