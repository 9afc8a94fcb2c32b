"""Append to the audit trail, and prove it whole.

Each event carries an HMAC over the event before it and over its own content; the key never lies in the database. A
changed event breaks its own HMAC, a removed one breaks the numbering or the link, a cut-off tail the head. The head is
sealed with an HMAC of its own, which stands nowhere else: whoever has the database in hand cannot shorten the trail and
make a head that fits. What this cannot show is a database put back whole to an earlier state.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from api.accounts.permissions import Right
from api.accounts.principal import SYSTEM, Principal
from api.audit import repository
from api.audit.schemas import AuditEventOut, AuditPage
from api.audit.tables import AuditEvent, AuditHead
from api.vault import Vault

HIDDEN = "-"
BROKEN = "-"
Detail = str | int | float | bool | list[str] | None


def record(
    session: Session,
    vault: Vault,
    who: Principal,
    action: str,
    about: tuple[str, str | int],
    **details: Detail,
) -> None:
    """Append one event; it is stored with the caller's transaction or not at all.

    `about`: kind and id of the object. `details` hold codes, counts and reasons that officers typed, never a message's
    words or a person's data.
    """
    head = repository.lock_head(session)
    last = repository.get(session, head.n_events)
    event = AuditEvent(
        id=head.n_events + 1,
        at=datetime.now(UTC),
        action=action,
        object_type=about[0],
        object_id=str(about[1]),
        details=json.dumps(details, ensure_ascii=False, sort_keys=True),
        previous_mac=_link(vault, head, last),
        **who.actor,
    )
    event.mac = _mac(vault, event)
    repository.add(session, event)
    head.n_events, head.mac = event.id, _seal(vault, event.id, event.mac)


def note_model(session: Session, vault: Vault, model: str) -> None:
    """Append that another model assesses from now on, unless the trail says so already."""
    model, last = model[:60], repository.newest(session, "model.changed")
    if last is None or last.object_id != model:
        record(session, vault, SYSTEM, "model.changed", ("model", model), before=last.object_id if last else None)


def _mac(vault: Vault, event: AuditEvent) -> str:
    content = [
        event.id,
        event.at.astimezone(UTC).isoformat(),
        event.actor_kind,
        event.actor_id,
        event.actor_name,
        event.action,
        event.object_type,
        event.object_id,
        event.details,
        event.previous_mac,
    ]
    return hmac.new(vault.audit_key, json.dumps(content, ensure_ascii=False).encode(), hashlib.sha256).hexdigest()


def _seal(vault: Vault, n_events: int, mac: str) -> str:
    """What the head says of a trail that ends so; empty for one that has not begun."""
    return vault.digest("audit head", str(n_events), mac) if n_events else ""


def _link(vault: Vault, head: AuditHead, last: AuditEvent | None) -> str:
    """The HMAC that the next event follows. After a head that is not ours it follows none, so that the break stays."""
    mac = last.mac if last else ""
    return mac if head.mac == _seal(vault, head.n_events, mac) else BROKEN


def verify(session: Session, vault: Vault) -> tuple[int, str | None]:
    """(events that hold, what is wrong with the next one; None when the whole trail holds)."""
    previous, n_events = "", 0
    try:
        for event in repository.all_events(session):
            if event.id != n_events + 1:
                return n_events, f"catatan nomor {n_events + 1} hilang"
            if event.previous_mac != previous or not hmac.compare_digest(event.mac, _mac(vault, event)):
                return n_events, f"catatan nomor {event.id} berubah"
            previous, n_events = event.mac, event.id
    except (ValueError, TypeError):  # SQLite keeps any words in any column, a moment among them
        return n_events, f"ada catatan sesudah nomor {n_events} yang berubah sampai tidak terbaca"
    head = repository.head(session) or AuditHead(n_events=0, mac="")
    if (head.n_events, head.mac) != (n_events, _seal(vault, n_events, previous)):
        return n_events, f"catatan sesudah nomor {n_events} hilang"
    if repository.lacks_beginning(session):
        return 0, "catatan awal hilang: ada akun atau kunci yang pembuatannya tidak tercatat"
    return n_events, None


def read_page(session: Session, who: Principal, cursor: int | None, limit: int, action: str | None) -> AuditPage:
    """Events from the newest on.

    Of what was done with an integrity case, or with a message that has one, a reader without the right to see cases
    learns who did what and when, not about which nor why: the object may be a report that is secret to it.
    """
    rows = repository.page(session, cursor, limit + 1, action)
    sees_cases = who.may(Right.CASE_VIEW)
    items = [
        AuditEventOut(
            id=row.id,
            at=row.at,
            actor_kind=row.actor_kind,
            actor_name=row.actor_name,
            action=row.action,
            object_type=row.object_type,
            object_id=row.object_id if sees_cases or not of_case else HIDDEN,
            details=json.loads(row.details) if sees_cases or not of_case else {},
        )
        for row, of_case in rows[:limit]
    ]
    return AuditPage(items=items, next_cursor=items[-1].id if len(rows) > limit else None)
