"""Which messages a report is about, and for whom."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.routing.service import require_label, require_unit
from nlp.labels import Labels


@dataclass(frozen=True, slots=True)
class Scope:
    """Messages of local days from `since` to before `until`; None takes everything. `unit_ids` also holds a caller's limits."""

    since: date
    until: date
    topic: str | None = None
    aspect: str | None = None
    district: str | None = None
    unit_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part of the messages as a caller names it: codes of topic, aspect and unit, a district by name."""

    topic: str | None = None
    aspect: str | None = None
    unit: str | None = None
    district: str | None = None


def scope_of(session: Session, labels: Labels, who: Principal, window: tuple[date, date], wanted: Wanted) -> Scope:
    """A scope that holds no more than the caller may see; ApiError 422 for an unknown label or unit."""
    for family, code in (("topic", wanted.topic), ("aspect", wanted.aspect)):
        require_label(labels, family, code)
    unit_ids = who.units
    if wanted.unit is not None:
        asked = frozenset({require_unit(session, wanted.unit).id})
        unit_ids = asked if unit_ids is None else asked & unit_ids
    return Scope(*window, wanted.topic, wanted.aspect, wanted.district, unit_ids)
