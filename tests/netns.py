"""A network namespace of the test's own, so that servers can have port 53 of many addresses.

Nothing but loopback is in it: what runs there reaches nothing outside, and nothing outside is
disturbed. The kernel takes it away with the last process in it. Root is not needed where the
machine lets users have namespaces.
"""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from peers import lacking, path_of

END_WITHIN = 5.0  # seconds from SIGTERM to SIGKILL


class Namespace:
    """Runs programs in the namespace that a holding process keeps open."""

    def __init__(self, holder: int, user: list[str], logs: Path) -> None:
        self._enter = [path_of("nsenter"), "--target", str(holder), "--net", *user, "--"]
        self._logs = logs

    def log(self, name: str) -> str:
        """Give what a program wrote so far."""
        return (self._logs / f"{name}.log").read_text()

    async def start(self, name: str, *command: str, env: dict[str, str] | None = None) -> Process:
        """Start a program; its output goes to a log, its standard input is a pipe."""
        with (self._logs / f"{name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._enter,
                *command,
                stdin=PIPE,
                stdout=log,
                stderr=STDOUT,
                env={**os.environ, **(env or {})},
            )

    async def run(self, *command: str) -> str:
        """Run a program to its end; give its standard output."""
        process = await asyncio.create_subprocess_exec(
            *self._enter, *command, stdin=DEVNULL, stdout=PIPE
        )
        output, _ = await process.communicate()
        return output.decode()

    @asynccontextmanager
    async def running(
        self, name: str, *command: str, env: dict[str, str] | None = None
    ) -> AsyncIterator[Process]:
        """Run a program for the length of a block."""
        process = await self.start(name, *command, env=env)
        try:
            yield process
        finally:
            await end(process)


async def end(process: Process) -> None:
    """Stop a program: asked first, then killed."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), END_WITHIN)
    except TimeoutError:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def namespace(logs: Path) -> AsyncIterator[Namespace]:
    """Make a namespace with loopback up; without the right to, the test is skipped or fails."""
    root = os.geteuid() == 0
    holder = await asyncio.create_subprocess_exec(
        path_of("unshare"),
        "--net",
        *([] if root else ["--user", "--map-root-user"]),
        *("sh", "-c", f"{path_of('ip')} link set lo up && echo up && exec cat"),
        stdin=PIPE,  # cat ends when it closes: with the test at the latest
        stdout=PIPE,
        stderr=PIPE,
    )
    assert holder.stdout is not None
    try:
        if await holder.stdout.readline() != b"up\n":
            _, said = await holder.communicate()
            lacking(f"this machine allows no network namespaces: {said.decode().strip()}")
        yield Namespace(holder.pid, [] if root else ["--user", "--preserve-credentials"], logs)
    finally:
        await end(holder)
