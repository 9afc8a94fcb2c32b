"""integrity cases: risk, kinds, where they were forwarded; what an event changed; when a reporter was opened."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None

EVENT_COLUMNS = {"state": 20, "decision": 20, "recipient": 200}


def upgrade() -> None:
    with op.batch_alter_table("integrity_cases") as batch_op:
        batch_op.add_column(sa.Column("forwarded_to", sa.String(200), nullable=True))
        batch_op.add_column(sa.Column("risk", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("kinds", sa.Text(), nullable=True))
    _fill()
    with op.batch_alter_table("integrity_cases") as batch_op:
        batch_op.alter_column("risk", existing_type=sa.Float(), nullable=False)
        batch_op.alter_column("kinds", existing_type=sa.Text(), nullable=False)
    with op.batch_alter_table("case_events") as batch_op:
        for name, length in EVENT_COLUMNS.items():
            batch_op.add_column(sa.Column(name, sa.String(length), nullable=True))
    with op.batch_alter_table("reporter_requests") as batch_op:
        batch_op.add_column(sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))


def _fill() -> None:
    """Risk of the first assessment; kinds of the newest correction that names some, else of the assessment."""
    connection = op.get_bind()
    of_message = "FROM {} WHERE feedback_id = :id {} LIMIT 1"
    first = sa.text("SELECT integrity_risk, content " + of_message.format("assessments", "ORDER BY id"))
    newest = sa.text("SELECT kinds " + of_message.format("corrections", "AND kinds IS NOT NULL ORDER BY id DESC"))
    for case_id, feedback_id in connection.execute(sa.text("SELECT id, feedback_id FROM integrity_cases")).all():
        assessed = connection.execute(first, {"id": feedback_id}).first()
        kinds = _value(connection.scalar(newest, {"id": feedback_id}))
        if kinds is None:
            kinds = _value(assessed.content)["kinds"] if assessed else []
        values = {"id": case_id, "risk": (assessed and assessed.integrity_risk) or 0.0, "kinds": "".join(f"|{k}" for k in kinds)}
        values["kinds"] += "|" if kinds else ""
        connection.execute(sa.text("UPDATE integrity_cases SET risk = :risk, kinds = :kinds WHERE id = :id"), values)


def _value(stored: Any) -> Any:
    """JSON as SQLite's driver gives it, text, or as PostgreSQL's does, read already."""
    return json.loads(stored) if isinstance(stored, str) else stored


def downgrade() -> None:
    with op.batch_alter_table("reporter_requests") as batch_op:
        batch_op.drop_column("opened_at")
    with op.batch_alter_table("case_events") as batch_op:
        for name in EVENT_COLUMNS:
            batch_op.drop_column(name)
    with op.batch_alter_table("integrity_cases") as batch_op:
        for name in ("kinds", "risk", "forwarded_to"):
            batch_op.drop_column(name)
