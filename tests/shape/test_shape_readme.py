"""The README's sessions, run as they stand there: each command, and each line that it shows."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from node import DEADLINE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")

pytestmark = [pytest.mark.peer("dig", "sqlite3"), pytest.mark.timeout(90)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a folder that looks like a built checkout, with a `var` of its own."""
    for name in (".venv", "zones"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def sessions() -> list[tuple[str, str]]:
    """Give each command of the console blocks with what the README shows below it."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            found.append((re.sub(r"^sleep \d+; ", "", line[2:]), []))
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(shown)) for command, shown in found]


async def shell(command: str, folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_shell(
        command,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode().rstrip()


@asynccontextmanager
async def background(command: str, folder: Path, ready: bytes) -> AsyncIterator[None]:
    """Run a command that stays, from the moment that it has printed `ready` to the end."""
    process = await asyncio.create_subprocess_exec(
        *command.split(),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readuntil(ready), DEADLINE)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), DEADLINE)


def masked(text: str) -> str:
    return TIME.sub("(a time)", text).rstrip()


async def test_the_session_of_the_demo_shows_what_the_readme_shows(checkout: Path) -> None:
    assert len(sessions()) == 4
    async with background(".venv/bin/gslb demo", checkout, b"Ctrl-C"):
        for command, shown in sessions():
            end = asyncio.get_running_loop().time() + DEADLINE
            while True:  # a failover takes its few seconds
                code, out = await shell(command, checkout)
                if masked(out) == masked(shown) or asyncio.get_running_loop().time() > end:
                    break
                await asyncio.sleep(0.1)
            assert (code, masked(out)) == (0, masked(shown)), command


async def test_the_commands_for_an_own_zone_do_what_they_say(checkout: Path) -> None:
    lines = "".join(blocks("sh")).splitlines()
    commands = [
        line.split("#")[0].strip() for line in lines if line.startswith((".venv", "sqlite3"))
    ]
    (serve,) = (command for command in commands if " serve " in command)
    others = [command for command in commands if command != serve]
    assert len(others) == 5
    async with background(serve, checkout, b"ready"):
        for command in others:
            code, out = await shell(command, checkout)
            assert code == 0, f"{command}\n{out}"
