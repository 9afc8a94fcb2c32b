"""daily counts, themes, actions, targets, surveys; whether a message repeats an earlier one."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _actor() -> list[sa.Column[Any]]:
    return [
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _area() -> list[sa.Column[Any]]:
    return [
        sa.Column("topic", sa.String(40), nullable=True),
        sa.Column("aspect", sa.String(40), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("district", sa.String(100), nullable=True),
    ]


def _plan(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        *columns,
        *_actor(),
        *_area(),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=f"fk_{name}_unit_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("public_id", name=f"uq_{name}_public_id"),
    )


def _surveys() -> None:
    op.create_table(
        "surveys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("n_respondents", sa.Integer(), nullable=False),
        *_actor(),
        sa.PrimaryKeyConstraint("id", name="pk_surveys"),
        sa.UniqueConstraint("file_sha256", name="uq_surveys_file_sha256"),
        sa.UniqueConstraint("public_id", name="uq_surveys_public_id"),
    )
    op.create_table(
        "survey_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(120), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        *(sa.Column(f"u{number}", sa.SmallInteger(), nullable=True) for number in range(1, 10)),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name="fk_survey_answers_survey_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_survey_answers"),
    )
    op.create_index("ix_survey_answers_day", "survey_answers", ["day"])
    op.create_index("ix_survey_answers_survey_id", "survey_answers", ["survey_id"])


def upgrade() -> None:
    op.add_column("feedback", sa.Column("is_repeat", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE feedback SET is_repeat = true WHERE id IN (SELECT newer_id FROM similar_links)")
    op.create_index(
        "ix_feedback_open",
        "feedback",
        ["deadline_on", "visibility", "topic", "aspect", "district", "unit_id", "closed_at"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "daily_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("aspect", sa.String(40), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("district", sa.String(100), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("sentiment", sa.String(40), nullable=False),
        sa.Column("urgency", sa.String(40), nullable=False),
        sa.Column("band", sa.String(1), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("n_repeat", sa.Integer(), nullable=False),
        sa.Column("n_settled", sa.Integer(), nullable=False),
        sa.Column("n_late", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "topic", "aspect", "unit_id", "district", "channel", "sentiment", "urgency", "band", name="pk_daily_counts"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "themes",
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("last_seen_on", sa.Date(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_themes"),
    )
    op.create_index("ix_themes_topic", "themes", ["topic"])
    _plan(
        "improvement_actions",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("full_from", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("expected", sa.String(10), nullable=False),
        sa.Column("target_ratio", sa.Float(), nullable=True),
        sa.Column("cost_rupiah", sa.BigInteger(), nullable=True),
    )
    _plan(
        "targets",
        sa.Column("measure", sa.String(30), nullable=False),
        sa.Column("should_rise", sa.Boolean(), nullable=False),
        sa.Column("baseline", sa.Float(), nullable=False),
        sa.Column("baseline_on", sa.Date(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
    )
    _surveys()


def downgrade() -> None:
    for name in ("survey_answers", "surveys", "targets", "improvement_actions", "themes", "daily_counts"):
        op.drop_table(name)
    op.drop_index("ix_feedback_open", "feedback")
    op.drop_column("feedback", "is_repeat")
