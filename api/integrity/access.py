"""Who may see and do what in the room of integrity cases, beyond the rights that endpoints ask for."""

from sqlalchemy.orm import Session

from api.accounts.principal import Principal
from api.errors import ApiError
from api.feedback.tables import Feedback
from api.integrity import repository
from api.integrity.tables import IntegrityCase


def require_case(session: Session, who: Principal, public_id: str, *, for_change: bool = False) -> tuple[IntegrityCase, Feedback]:
    """A case with its message; ApiError 404 where there is none that this caller may see.

    Somebody limited to units sees the cases of messages that these units hold. A report usually has no unit: routing
    never sends a flagged or a rahasia one anywhere, because the unit may be the one it speaks of.
    """
    found = (repository.get_for_change if for_change else repository.get)(session, public_id, who.units)
    if found is None:
        raise ApiError(404, "perkara_tidak_ada", "Perkara tidak ditemukan", "Periksa nomor perkaranya.")
    return found


def require_unlimited(who: Principal) -> None:
    """ApiError 403 for somebody limited to units.

    Such a person may work in the very unit that a case speaks of. It may read, note and help to examine; what ends a
    case, changes its message, opens a seal or leaves the room is for somebody who isn't limited.
    """
    if who.units is not None:
        raise ApiError(
            403,
            "tidak_untuk_satu_unit",
            "Tidak untuk akun yang dibatasi pada unit",
            "Perkara dapat menyangkut unit itu sendiri. Minta rekan unit integritas yang tidak dibatasi pada unit.",
        )
