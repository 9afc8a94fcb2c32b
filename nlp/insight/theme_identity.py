"""A theme, its stored form, and how it stays the same theme from one month to the next."""

import hashlib
import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

MIN_LIKENESS = 0.5  # cosine of two centres from which they are one theme
CENTRE_ROOTS = 60
_KEEP = 0.5  # share of the stored centre in the new one: a theme may move, but not jump


@dataclass(frozen=True, slots=True)
class Theme:
    """What several messages of a topic are about.

    `size` counts near-identical messages of one week once and `share` is its part of all messages so counted;
    `n_messages` counts every one. `stability` says how surely half of the messages find the theme again (mean Jaccard),
    `tightness` in which share of its messages its chief root occurs. `centre` gives the roots that mark the theme with
    weights of length one: words mean the same next month, whichever encoder read them. `growth` is the share in the last
    window over that before, None where there was nothing before. `examples` and `members` are labels of the frame's
    index; `members` and `strengths` (0 to 1) are not stored.
    """

    id: str
    name: str
    phrases: tuple[str, ...]
    size: int
    share: float
    n_messages: int
    stability: float
    tightness: float
    first_day: date
    last_day: date
    centre: Mapping[str, float]
    examples: tuple[Hashable, ...] = ()
    growth: float | None = None
    p_value: float = 1.0
    is_emerging: bool = False
    is_new: bool = False
    members: tuple[Hashable, ...] = field(default=(), repr=False)
    strengths: tuple[float, ...] = field(default=(), repr=False)

    @property
    def is_dormant(self) -> bool:
        """Stored earlier and not met this time."""
        return self.size == 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; days as ISO dates."""
        return {
            "id": self.id,
            "name": self.name,
            "phrases": list(self.phrases),
            "size": self.size,
            "share": self.share,
            "n_messages": self.n_messages,
            "stability": self.stability,
            "tightness": self.tightness,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "centre": dict(self.centre),
            "examples": list(self.examples),
            "growth": self.growth,
            "p_value": self.p_value,
            "is_emerging": self.is_emerging,
            "is_new": self.is_new,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The theme of `to_dict`; KeyError or TypeError for anything else."""
        return cls(
            **{
                **stored,
                "phrases": tuple(stored["phrases"]),
                "first_day": date.fromisoformat(stored["first_day"]),
                "last_day": date.fromisoformat(stored["last_day"]),
                "centre": dict(stored["centre"]),
                "examples": tuple(stored["examples"]),
            }
        )


def unit(weights: Mapping[str, float]) -> dict[str, float]:
    """The largest 60 positive weights scaled to length one, largest first."""
    top = sorted(((root, weight) for root, weight in weights.items() if weight > 0), key=lambda item: (-item[1], item[0]))
    length = math.sqrt(sum(weight * weight for _, weight in top[:CENTRE_ROOTS]))
    return {root: weight / length for root, weight in top[:CENTRE_ROOTS]}


def likeness(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Cosine of two centres, 0 to 1."""
    return min(sum(weight * other.get(root, 0.0) for root, weight in one.items()), 1.0)


def new_id(centre: Mapping[str, float], first_day: date) -> str:
    """Identifier of a theme met for the first time: the same for the same messages."""
    told = json.dumps([list(centre)[:10], first_day.isoformat()])
    return f"t{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _matches(new: Sequence[Theme], stored: Sequence[Theme]) -> tuple[dict[int, int], npt.NDArray[np.float64]]:
    alike = np.array([[likeness(theme.centre, old.centre) for old in stored] for theme in new]).reshape(len(new), len(stored))
    # pairs under the floor are worth nothing, so that they never cost a pair above it
    rows, columns = linear_sum_assignment(-np.where(alike >= MIN_LIKENESS, alike, 0.0))
    pairs = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if alike[i, j] >= MIN_LIKENESS}
    return pairs, alike


def _continued(theme: Theme, old: Theme) -> Theme:
    roots = theme.centre.keys() | old.centre.keys()
    moved = {root: _KEEP * old.centre.get(root, 0.0) + (1 - _KEEP) * theme.centre.get(root, 0.0) for root in roots}
    return replace(theme, id=old.id, name=old.name, first_day=min(old.first_day, theme.first_day), centre=unit(moved))


def _named_apart(theme: Theme, taken: set[str]) -> str:
    for name in (theme.name, *theme.phrases):
        if name not in taken:
            return name
    return f"{theme.name} ({theme.first_day:%m/%Y})"


def keep_identity(new: Sequence[Theme], stored: Sequence[Theme]) -> list[Theme]:
    """New themes of a topic under the ids and names of the stored themes they continue, then dormant ones.

    The assignment has the largest total likeness (Kuhn 1955) among pairs of at least .5. A theme that continues none keeps
    its own id; where it is like none of the stored ones either, it is new, and emerging where its messages have none before
    them. A stored theme not met stays as it was, with no messages.
    """
    pairs, alike = _matches(new, stored) if new and stored else ({}, np.zeros((len(new), len(stored))))
    taken = {old.name for old in stored}
    ids = {old.id for old in stored}
    found: list[Theme] = []
    for i, theme in enumerate(new):
        if i in pairs:
            found.append(_continued(theme, stored[pairs[i]]))
            continue
        is_new = bool(stored) and bool((alike[i] < MIN_LIKENESS).all())
        name = _named_apart(theme, taken)
        identifier = theme.id if theme.id not in ids else f"{theme.id}-{len(ids)}"
        taken.add(name)
        ids.add(identifier)
        # a larger or another stretch of time may also cut old messages anew: that is new, but does not emerge
        emerging = theme.is_emerging or (is_new and theme.growth is None)
        found.append(replace(theme, id=identifier, name=name, is_new=is_new, is_emerging=emerging))
    continued = set(pairs.values())
    dormant = [
        replace(old, size=0, share=0.0, n_messages=0, growth=None, p_value=1.0, is_emerging=False, is_new=False, examples=())
        for j, old in enumerate(stored)
        if j not in continued
    ]
    return found + dormant
