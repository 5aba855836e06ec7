"""The store's schema, brought up to date when a store is opened.

The steps stand in `migrations/versions`. To write the next one after changing `tables.py`:

    python -m gslb.store.migrations "what it does"

and read it well: triggers and CHECK constraints are not compared, and a table that SQLite must
copy to alter loses its triggers.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from gslb.store.engine import StoreDown, for_writing, transaction

FOLDER: Final = Path(__file__).with_name("migrations")


def alembic_config(connection: Connection | None = None) -> Config:
    """Give Alembic what it needs: the folder of steps, and the connection to run them in."""
    config = Config()  # no file: nothing of the caller's logging is touched
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine, path: Path, *, create: bool) -> None:
    """Bring the schema up to date, in one transaction.

    StoreDown if the database is not a store, or was made by a newer gslb, or is empty and may
    not be filled.
    """
    scripts = ScriptDirectory.from_config(alembic_config())
    async with engine.begin() as connection:
        found = await connection.run_sync(_revision, path, create)
    if found == scripts.get_current_head():
        return
    if found is not None and found not in {step.revision for step in scripts.walk_revisions()}:
        raise StoreDown(
            f"the store {path} was made by a newer gslb: its schema is {found}, and this one "
            f"knows none after {scripts.get_current_head()}; install the newer gslb, "
            "or name another store with --store"
        )
    async with transaction(for_writing(engine)) as connection:
        await connection.run_sync(upgrade)


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the connection's transaction."""
    command.upgrade(alembic_config(connection), "head")


def _revision(connection: Connection, path: Path, create: bool) -> str | None:  # noqa: FBT001 (run_sync passes no names)
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None and inspect(connection).get_table_names():
        raise StoreDown(
            f"{path} is a database, but not a store of gslb; name another file with --store"
        )
    if found is None and not create:
        raise StoreDown(f"the store {path} is empty; fill it from zone files with: gslb apply DIR")
    return found
