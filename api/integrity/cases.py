"""Open an integrity case for a message; the one door through which the other rooms reach this one."""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy.orm import Session

from api.feedback.tables import Feedback
from api.identifiers import new_public_id
from api.integrity import repository
from api.integrity.tables import IntegrityCase


def open_case(session: Session, row: Feedback, origin: Literal["model", "petugas", "rahasia"]) -> None:
    """Open a case unless the message has one; from then on its words are for the integrity unit alone."""
    row.has_case = True
    if repository.case_of_message(session, row.id) is None:
        repository.add(
            session,
            IntegrityCase(
                public_id=new_public_id(),
                feedback_id=row.id,
                origin=origin,
                state="baru",
                opened_at=datetime.now(UTC),
            ),
        )
