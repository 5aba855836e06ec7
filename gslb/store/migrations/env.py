"""What Alembic runs around the migrations: in the connection and transaction it is given."""

from alembic import context

from gslb.store.columns import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
