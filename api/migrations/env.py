"""Runs migrations on the connection that api.database hands over."""

from alembic import context

import api.tables  # noqa: F401  -- registers them
from api.database import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
