"""Alembic's entrance: runs the migrations on the connection that migrate.py holds, in its transaction."""

from alembic import context

from workflow.adapters.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
