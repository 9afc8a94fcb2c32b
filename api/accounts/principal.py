"""Who is asking: an account or a key, with what it may do and for which units."""

from dataclasses import dataclass
from typing import Literal

from api.accounts.permissions import Right

ActorKind = Literal["account", "key", "system"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. `units` holds the ids it is limited to; None means every unit."""

    kind: ActorKind
    id: int
    name: str
    role: str
    rights: frozenset[Right]
    units: frozenset[int] | None = None

    def may(self, right: Right) -> bool:
        """Whether it holds a right."""
        return right in self.rights

    @property
    def actor(self) -> dict[str, str | int]:
        """The columns of `ByActor`."""
        return {"actor_kind": self.kind, "actor_id": self.id, "actor_name": self.name}

    def is_same_as(self, kind: str, id_: int) -> bool:
        """Whether it is the actor of those columns."""
        return (self.kind, self.id) == (kind, id_)


SYSTEM = Principal("system", 0, "Suara Warga", "admin", frozenset(Right))
