"""Write the next migration: `python -m gslb.store.migrations "what it does"`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from gslb.store.engine import make_engine
from gslb.store.migrate import FOLDER, alembic_config, upgrade


async def draft(message: str) -> None:
    """Write down how the tables differ from what the migrations make."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.db"
        path.touch()
        engine = make_engine(path)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
            await connection.run_sync(_write, message)
        await engine.dispose()


def _write(connection: Connection, message: str) -> None:
    number = len(list((FOLDER / "versions").glob("0*.py"))) + 1
    config = alembic_config(connection)
    command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    asyncio.run(draft(" ".join(sys.argv[1:]) or "change the tables"))
