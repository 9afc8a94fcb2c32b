"""accounts, routing, imports, integrity, audit; sealed originals; full-text search."""

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


NEW_FEEDBACK_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "receipt": sa.String(16),
    "import_id": sa.Integer(),
    "import_row": sa.Integer(),
    "visibility": sa.String(10),
    "state": sa.String(20),
    "unit_id": sa.Integer(),
    "routed_at": sa.DateTime(timezone=True),
    "deadline_on": sa.Date(),
    "closed_at": sa.DateTime(timezone=True),
    "has_case": sa.Boolean(),
    "routing": sa.JSON(),
    "signature": sa.LargeBinary(),
    "meaning": sa.LargeBinary(),
    "original_destroyed_at": sa.DateTime(timezone=True),
}
REQUIRED = ("receipt", "visibility", "state", "has_case", "routing")
LABELS = ("topic", "aspect", "sentiment", "urgency", "band")
SQLITE_TRIGGERS = {
    "audit_events_unchanged": "BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, 'audit_events only grows'); END",
    "audit_events_kept": "BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, 'audit_events only grows'); END",
}


def _widen_feedback() -> None:
    """New columns, filled for the messages that are there: their labels lead, they are public and not yet routed."""
    with op.batch_alter_table("feedback") as batch_op:
        for name, kind in NEW_FEEDBACK_COLUMNS.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        for name in LABELS:
            batch_op.add_column(sa.Column(name, sa.String(1 if name == "band" else 40), nullable=True))
    connection = op.get_bind()
    for (id_,) in connection.execute(sa.text("SELECT id FROM feedback ORDER BY id")).all():
        receipt = "".join(secrets.choice(ALPHABET) for _ in range(12))
        connection.execute(sa.text("UPDATE feedback SET receipt = :receipt WHERE id = :id"), {"receipt": receipt, "id": id_})
    newest = "(SELECT {} FROM assessments WHERE feedback_id = feedback.id ORDER BY id DESC LIMIT 1)"
    labels = ", ".join(f"{name} = {newest.format(name)}" for name in LABELS)
    op.execute(f"UPDATE feedback SET visibility = 'publik', state = 'diterima', has_case = false, {labels}")  # noqa: S608
    feedback = sa.table("feedback", sa.column("routing", sa.JSON()))
    op.execute(
        feedback.update().values(routing={"band": "manual", "reason": "Diterima sebelum ada penerusan.", "suggestions": []})
    )
    with op.batch_alter_table("feedback") as batch_op:
        for name in REQUIRED:
            batch_op.alter_column(name, existing_type=NEW_FEEDBACK_COLUMNS[name], nullable=False)
        batch_op.create_index("ix_feedback_district_received_at", ["district", "received_at"])
        batch_op.create_index("ix_feedback_unit_id_state", ["unit_id", "state"])
        batch_op.create_unique_constraint("uq_feedback_import_id_import_row", ["import_id", "import_row"])
        batch_op.create_unique_constraint("uq_feedback_receipt", ["receipt"])
        batch_op.create_foreign_key("fk_feedback_unit_id", "units", ["unit_id"], ["id"])
        batch_op.create_foreign_key("fk_feedback_import_id", "imports", ["import_id"], ["id"])


def _requests_by_actor() -> None:
    """Repeats are known by who sent them, a key or an account."""
    with op.batch_alter_table("idempotent_requests") as batch_op:
        batch_op.add_column(sa.Column("actor_kind", sa.String(10), nullable=True))
        batch_op.add_column(sa.Column("actor_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("actor_name", sa.String(100), nullable=True))
    name = "(SELECT name FROM api_keys WHERE id = api_key_id)"
    op.execute(f"UPDATE idempotent_requests SET actor_kind = 'key', actor_id = api_key_id, actor_name = {name}")  # noqa: S608
    with op.batch_alter_table("idempotent_requests") as batch_op:
        for column, kind in (("actor_kind", sa.String(10)), ("actor_id", sa.Integer()), ("actor_name", sa.String(100))):
            batch_op.alter_column(column, existing_type=kind, nullable=False)
        batch_op.drop_constraint("uq_idempotent_requests_api_key_id_idempotency_key", type_="unique")
        batch_op.create_unique_constraint(
            "uq_idempotent_requests_actor_kind_actor_id_idempotency_key", ["actor_kind", "actor_id", "idempotency_key"]
        )
        batch_op.drop_constraint("fk_idempotent_requests_api_key_id", type_="foreignkey")
        batch_op.drop_column("api_key_id")


def _search_and_append_only() -> None:
    """Full-text search on masked text, and an audit trail that the database itself refuses to change."""
    if op.get_bind().dialect.name == "sqlite":
        # no triggers keep it: with trusted_schema off SQLite lets none write to it, so the repository does
        op.execute(
            "CREATE VIRTUAL TABLE feedback_words USING fts5"
            "(masked_text, content='feedback', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
        )
        op.execute("INSERT INTO feedback_words(feedback_words) VALUES ('rebuild')")
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
        return
    op.execute("CREATE INDEX ix_feedback_words ON feedback USING gin (to_tsvector('simple', masked_text))")
    op.execute(
        "CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'audit_events only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stay()"
    )


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("oidc_subject", sa.String(length=255), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_accounts_oidc_subject")),
        sa.UniqueConstraint("username", name=op.f("uq_accounts_username")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_type", sa.String(length=30), nullable=False),
        sa.Column("object_id", sa.String(length=60), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_mac", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_action"), "audit_events", ["action"])
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"])

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("n_events", sa.Integer(), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("file_suffix", sa.String(length=10), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("problem", sa.String(length=500), nullable=True),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_failed", sa.Integer(), nullable=False),
        sa.Column("rows_repeated", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=60), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint(
            "actor_kind", "actor_id", "idempotency_key", name=op.f("uq_imports_actor_kind_actor_id_idempotency_key")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_imports_public_id")),
    )
    op.create_index(op.f("ix_imports_state"), "imports", ["state"])

    op.create_table(
        "units",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
        sa.UniqueConstraint("name", name=op.f("uq_units_name")),
    )
    op.create_table(
        "account_units",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_units_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_account_units_unit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "unit_id", name=op.f("pk_account_units")),
    )
    op.create_table(
        "api_key_units",
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_api_key_units_api_key_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_api_key_units_unit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("api_key_id", "unit_id", name=op.f("pk_api_key_units")),
    )
    op.create_table(
        "import_problems",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_problems_import_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "row_number", name=op.f("pk_import_problems")),
    )
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_login_sessions_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_login_sessions_token_sha256")),
    )
    op.create_index(op.f("ix_login_sessions_account_id"), "login_sessions", ["account_id"])

    op.create_table(
        "routing_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=True),
        sa.Column("aspect", sa.String(length=40), nullable=True),
        sa.Column("district", sa.String(length=100), nullable=True),
        sa.Column("keyword", sa.String(length=100), nullable=True),
        sa.Column("model_unit", sa.String(length=120), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_routing_rules_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rules")),
    )
    op.create_index(op.f("ix_routing_rules_position"), "routing_rules", ["position"])

    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=True),
        sa.Column("aspect", sa.String(length=40), nullable=True),
        sa.Column("sentiment", sa.String(length=40), nullable=True),
        sa.Column("urgency", sa.String(length=40), nullable=True),
        sa.Column("band", sa.String(length=1), nullable=True),
        sa.ForeignKeyConstraint(["feedback_id"], ["feedback.id"], name=op.f("fk_corrections_feedback_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_feedback_id"), "corrections", ["feedback_id"])

    op.create_table(
        "dispositions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("previous_unit_id", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["feedback_id"], ["feedback.id"], name=op.f("fk_dispositions_feedback_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["previous_unit_id"], ["units.id"], name=op.f("fk_dispositions_previous_unit_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["routing_rules.id"], name=op.f("fk_dispositions_rule_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_dispositions_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispositions")),
    )
    op.create_index(op.f("ix_dispositions_feedback_id"), "dispositions", ["feedback_id"])

    op.create_table(
        "integrity_cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_integrity_cases_feedback_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrity_cases")),
        sa.UniqueConstraint("feedback_id", name=op.f("uq_integrity_cases_feedback_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_integrity_cases_public_id")),
    )
    op.create_index(op.f("ix_integrity_cases_state"), "integrity_cases", ["state"])

    op.create_table(
        "sealed_originals",
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("key_name", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_sealed_originals_feedback_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_sealed_originals")),
    )
    op.create_index(op.f("ix_sealed_originals_key_name"), "sealed_originals", ["key_name"])

    op.create_table(
        "sealed_reporters",
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("key_name", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_sealed_reporters_feedback_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_sealed_reporters")),
    )
    op.create_index(op.f("ix_sealed_reporters_key_name"), "sealed_reporters", ["key_name"])

    op.create_table(
        "similar_links",
        sa.Column("newer_id", sa.Integer(), nullable=False),
        sa.Column("older_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["newer_id"], ["feedback.id"], name=op.f("fk_similar_links_newer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["older_id"], ["feedback.id"], name=op.f("fk_similar_links_older_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("newer_id", "older_id", name=op.f("pk_similar_links")),
    )
    op.create_index(op.f("ix_similar_links_older_id"), "similar_links", ["older_id"])

    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["integrity_cases.id"], name=op.f("fk_case_events_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
    )
    op.create_index(op.f("ix_case_events_case_id"), "case_events", ["case_id"])

    op.create_table(
        "reporter_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by_kind", sa.String(length=10), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_by_name", sa.String(length=100), nullable=True),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["integrity_cases.id"], name=op.f("fk_reporter_requests_case_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporter_requests")),
        sa.UniqueConstraint("public_id", name=op.f("uq_reporter_requests_public_id")),
    )
    op.create_index(op.f("ix_reporter_requests_case_id"), "reporter_requests", ["case_id"])

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scopes", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))

    _widen_feedback()
    _requests_by_actor()
    _search_and_append_only()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {trigger}")
        op.execute("DROP TABLE feedback_words")
    else:
        op.execute("DROP INDEX ix_feedback_words")
        op.execute("DROP TRIGGER audit_events_stay ON audit_events")
        op.execute("DROP FUNCTION audit_events_stay")
    with op.batch_alter_table("idempotent_requests") as batch_op:
        batch_op.add_column(sa.Column("api_key_id", sa.Integer(), nullable=True))
        batch_op.drop_constraint("uq_idempotent_requests_actor_kind_actor_id_idempotency_key", type_="unique")
    op.execute("DELETE FROM idempotent_requests WHERE actor_kind != 'key'")
    op.execute("UPDATE idempotent_requests SET api_key_id = actor_id")
    with op.batch_alter_table("idempotent_requests") as batch_op:
        batch_op.alter_column("api_key_id", existing_type=sa.Integer(), nullable=False)
        batch_op.create_foreign_key("fk_idempotent_requests_api_key_id", "api_keys", ["api_key_id"], ["id"], ondelete="CASCADE")
        batch_op.create_unique_constraint("uq_idempotent_requests_api_key_id_idempotency_key", ["api_key_id", "idempotency_key"])
        for name in ("actor_name", "actor_id", "actor_kind"):
            batch_op.drop_column(name)

    with op.batch_alter_table("feedback") as batch_op:
        for name in ("fk_feedback_import_id", "fk_feedback_unit_id"):
            batch_op.drop_constraint(name, type_="foreignkey")
        for name in ("uq_feedback_receipt", "uq_feedback_import_id_import_row"):
            batch_op.drop_constraint(name, type_="unique")
        for name in ("ix_feedback_unit_id_state", "ix_feedback_district_received_at"):
            batch_op.drop_index(name)
        for name in (*NEW_FEEDBACK_COLUMNS, *LABELS):
            batch_op.drop_column(name)

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_column("last_used_at")
        batch_op.drop_column("expires_at")
        batch_op.drop_column("scopes")

    op.drop_index(op.f("ix_reporter_requests_case_id"), "reporter_requests")

    op.drop_table("reporter_requests")
    op.drop_index(op.f("ix_case_events_case_id"), "case_events")

    op.drop_table("case_events")
    op.drop_index(op.f("ix_similar_links_older_id"), "similar_links")

    op.drop_table("similar_links")
    op.drop_index(op.f("ix_sealed_reporters_key_name"), "sealed_reporters")

    op.drop_table("sealed_reporters")
    op.drop_index(op.f("ix_sealed_originals_key_name"), "sealed_originals")

    op.drop_table("sealed_originals")
    op.drop_index(op.f("ix_integrity_cases_state"), "integrity_cases")

    op.drop_table("integrity_cases")
    op.drop_index(op.f("ix_dispositions_feedback_id"), "dispositions")

    op.drop_table("dispositions")
    op.drop_index(op.f("ix_corrections_feedback_id"), "corrections")

    op.drop_table("corrections")
    op.drop_index(op.f("ix_routing_rules_position"), "routing_rules")

    op.drop_table("routing_rules")
    op.drop_index(op.f("ix_login_sessions_account_id"), "login_sessions")

    op.drop_table("login_sessions")
    op.drop_table("import_problems")
    op.drop_table("api_key_units")
    op.drop_table("account_units")
    op.drop_table("units")
    op.drop_index(op.f("ix_imports_state"), "imports")

    op.drop_table("imports")
    op.drop_table("audit_head")
    op.drop_index(op.f("ix_audit_events_at"), "audit_events")
    op.drop_index(op.f("ix_audit_events_action"), "audit_events")

    op.drop_table("audit_events")
    op.drop_table("accounts")
