"""Units and rules for a demonstration, so that its messages find their way, and work done on them."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from api.accounts.principal import SYSTEM
from api.feedback.tables import Feedback
from api.routing import service
from api.routing.schemas import RuleIn, UnitIn
from api.vault import Vault
from nlp.labels import Labels

UNITS = Path(__file__).with_name("units.toml")


def prepare(session: Session, vault: Vault, labels: Labels) -> None:
    """Add the units and rules of units.toml where there are no units yet; an office's own list stays untouched."""
    if service.list_units(session):
        return
    for entry in tomllib.loads(UNITS.read_text(encoding="utf-8"))["unit"]:
        service.add_unit(session, vault, SYSTEM, UnitIn(code=entry["code"], name=entry["name"]))
        for topic in entry["topics"]:
            if topic in labels.codes("topic"):
                service.add_rule(session, vault, labels, SYSTEM, RuleIn(unit=entry["code"], topic=topic))


def settle(row: Feedback, number: int, now: datetime) -> None:
    """Close two of three messages that lie with a unit, after one to 28 days, so that reports have deadlines to tell of."""
    closed_at = row.received_at + timedelta(days=1 + 5 * number % 28)
    if row.unit_id is not None and not row.has_case and number % 3 and closed_at < now:
        row.state, row.closed_at = "selesai", closed_at
