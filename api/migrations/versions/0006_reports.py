"""daily counts; whether a message repeats an earlier one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feedback", sa.Column("is_repeat", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE feedback SET is_repeat = true WHERE id IN (SELECT newer_id FROM similar_links)")
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


def downgrade() -> None:
    op.drop_table("daily_counts")
    op.drop_column("feedback", "is_repeat")
