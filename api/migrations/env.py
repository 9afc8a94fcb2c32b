"""Runs migrations on the connection that api.database hands over."""

from alembic import context

from api.accounts import tables as _accounts  # noqa: F401  -- registers its tables
from api.database import Base
from api.feedback import tables as _feedback  # noqa: F401

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
