"""SQL about accounts, sessions and API keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.accounts.tables import Account, AccountUnit, ApiKey, ApiKeyUnit, LoginSession
from api.database import hold_writes
from api.routing.tables import Unit


def add(session: Session, row: Account | ApiKey | LoginSession) -> None:
    """Store a new row; IntegrityError where a unique value is taken."""
    session.add(row)
    session.flush()


# ---------------------------------------------------------------------------------------------- keys
def find_key(session: Session, prefix: str) -> ApiKey | None:
    """The key with this prefix, revoked or not."""
    return session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))


def keys(session: Session) -> Sequence[ApiKey]:
    """Every key, the first first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id)).all()


def units_of_key(session: Session, key_id: int) -> frozenset[int] | None:
    """The units a key is limited to; None for all."""
    return frozenset(session.scalars(select(ApiKeyUnit.unit_id).where(ApiKeyUnit.api_key_id == key_id))) or None


def limit_key(session: Session, key_id: int, ids: Sequence[int]) -> None:
    """Limit a new key to units."""
    session.add_all(ApiKeyUnit(api_key_id=key_id, unit_id=id_) for id_ in ids)
    session.flush()


def note_use(session: Session, key_id: int, now: datetime) -> None:
    """When a key was last used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


# ---------------------------------------------------------------------------------------------- accounts
def find_account(session: Session, username: str) -> Account | None:
    """The account with this name, disabled or not."""
    return session.scalar(select(Account).where(Account.username == username))


def find_account_for_change(session: Session, username: str) -> Account | None:
    """The same, held until the transaction ends."""
    hold_writes(session)
    query = select(Account).where(Account.username == username).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def find_account_by_subject(session: Session, subject: str) -> Account | None:
    """The account linked to a person of the OIDC provider."""
    return session.scalar(select(Account).where(Account.oidc_subject == subject))


def accounts(session: Session) -> Sequence[Account]:
    """Every account by name."""
    return session.scalars(select(Account).order_by(Account.username)).all()


def units_of_account(session: Session, account_id: int) -> frozenset[int] | None:
    """The units an account is limited to; None for all."""
    return frozenset(session.scalars(select(AccountUnit.unit_id).where(AccountUnit.account_id == account_id))) or None


def limit_account(session: Session, account_id: int, ids: Sequence[int]) -> None:
    """Limit an account to these units alone; with none, to no unit in particular."""
    session.execute(delete(AccountUnit).where(AccountUnit.account_id == account_id))
    session.add_all(AccountUnit(account_id=account_id, unit_id=id_) for id_ in ids)
    session.flush()


def unit_ids(session: Session) -> dict[str, int]:
    """The id of every unit by its code."""
    return {row[0]: row[1] for row in session.execute(select(Unit.code, Unit.id))}


def unit_codes(session: Session, ids: frozenset[int] | None) -> list[str] | None:
    """The codes of units, None for all."""
    if ids is None:
        return None
    return list(session.scalars(select(Unit.code).where(Unit.id.in_(ids)).order_by(Unit.code)))


# ---------------------------------------------------------------------------------------------- sessions
def find_session(session: Session, token_sha256: str) -> tuple[LoginSession, Account] | None:
    """A signed-in browser and whose it is, however old."""
    row = session.execute(
        select(LoginSession, Account)
        .join(Account, Account.id == LoginSession.account_id)
        .where(LoginSession.token_sha256 == token_sha256)
    ).first()
    return (row[0], row[1]) if row else None


def note_seen(session: Session, session_id: int, now: datetime) -> None:
    """When a browser was last heard of."""
    session.execute(update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=now))


def drop_session(session: Session, token_sha256: str) -> None:
    """End one session."""
    session.execute(delete(LoginSession).where(LoginSession.token_sha256 == token_sha256))


def drop_sessions_of(session: Session, account_id: int, but_id: int | None = None) -> None:
    """End the sessions of an account, one excepted."""
    query = delete(LoginSession).where(LoginSession.account_id == account_id)
    session.execute(query if but_id is None else query.where(LoginSession.id != but_id))


def drop_old_sessions(session: Session, account_id: int, now: datetime, seen_since: datetime, n_kept: int) -> None:
    """Remove what has ended, of anybody, and of one account all but its newest `n_kept`."""
    session.execute(delete(LoginSession).where((LoginSession.expires_at <= now) | (LoginSession.last_seen_at <= seen_since)))
    mine = select(LoginSession.id).where(LoginSession.account_id == account_id).order_by(LoginSession.id.desc())
    surplus = session.scalars(mine.offset(n_kept)).all()
    session.execute(delete(LoginSession).where(LoginSession.id.in_(surplus)))
