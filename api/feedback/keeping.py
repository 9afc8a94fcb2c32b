"""What is sealed, as time goes by: seal it anew with the newest key, destroy it when its time is over.

Both go through the database in batches, a transaction each, so that a service at work beside them is never held up long
and an interrupted run is simply run again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from api.accounts.principal import SYSTEM
from api.audit.service import record
from api.feedback import repository
from api.feedback.tables import SealedOriginal
from api.vault import Vault

BATCH = 500
REQUEST_DAYS = 30  # a sender that repeats a request does so within minutes


def reseal(sessions: sessionmaker[Session], vault: Vault) -> Iterator[int]:
    """Seal with the newest key what an older one seals; yields how many rows each batch held.

    The last look waits for messages that are being stored: they may have been sealed just before the key came.
    """
    is_last_look = False
    while True:
        with sessions.begin() as session:
            if is_last_look:
                repository.wait_for_arrivals(session)
            rows = repository.sealed_otherwise(session, vault.newest, BATCH)
            for row, public_id in rows:
                about = f"{'original' if isinstance(row, SealedOriginal) else 'reporter'}:{public_id}"
                row.key_name, row.sealed = vault.seal(vault.open(row.key_name, row.sealed, about), about)
        if rows:
            yield len(rows)
        elif is_last_look:
            return
        is_last_look = not rows


def destroy_expired(sessions: sessionmaker[Session], vault: Vault, original_days: int, now: datetime) -> Iterator[int]:
    """Destroy originals and reporters of messages older than `original_days`; masked text and statistics stay.

    A message whose integrity case is undecided keeps them: the report may be all the evidence there is. Yields how many
    messages each batch held.
    """
    while True:
        with sessions.begin() as session:
            ids = repository.destroy_sealed(session, now - timedelta(days=original_days), now, BATCH)
            if not ids:
                repository.forget_requests(session, now - timedelta(days=REQUEST_DAYS))
                break
            record(
                session, vault, SYSTEM, "original.destroyed", ("feedback", "-"), messages=len(ids), older_than_days=original_days
            )
        yield len(ids)
    with sessions() as session:
        repository.wipe_log(session)
