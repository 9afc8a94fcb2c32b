"""What an account or key is given, read from what somebody typed: a role, narrowed by scopes and units."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.accounts import repository
from api.accounts.permissions import RIGHTS_OF_ROLE
from api.accounts.roles import ROLES
from nlp.errors import SuaraError


@dataclass(frozen=True, slots=True)
class Grant:
    """A role; `scopes` of its rights (None: all of them); `units` by code (none: every unit)."""

    role: str
    scopes: list[str] | None = None
    units: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, str | list[str] | None]:
        """For the audit trail."""
        return {"role": self.role, "scopes": self.scopes, "units": list(self.units)}


def read_grant(role: str, scopes: Sequence[str] = (), units: Sequence[str] = ()) -> Grant:
    """A grant; SuaraError that names the possible ones for an unknown role or a right that the role lacks."""
    if role not in ROLES:
        raise SuaraError(f"peran '{role}' tidak dikenal", where="--role", remedy=f"Pakai salah satu: {', '.join(ROLES)}.")
    known = sorted(RIGHTS_OF_ROLE[role])
    for scope in scopes:
        if scope not in known:
            raise SuaraError(
                f"peran {role} tidak memuat hak '{scope}'", where="--scope", remedy=f"Pakai salah satu: {', '.join(known)}."
            )
    return Grant(role, sorted(set(scopes)) or None, tuple(dict.fromkeys(units)))


def unit_ids(session: Session, codes: Sequence[str]) -> list[int]:
    """The ids of units; SuaraError that names the known ones where a code is none of them."""
    ids = repository.unit_ids(session)
    for code in codes:
        if code not in ids:
            known = ", ".join(sorted(ids)) or "belum ada unit"
            raise SuaraError(f"unit '{code}' tidak dikenal", where="--unit", remedy=f"Unit yang ada: {known}.")
    return [ids[code] for code in codes]
