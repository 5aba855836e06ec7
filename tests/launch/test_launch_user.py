"""The user that a node becomes once its ports are bound: nothing of root is left, and all works."""

import asyncio
import os
import pwd
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from node import Node, until, write_zones
from peers import lacking, path_of

API = "api.gslb.example."
USER = "nobody"
pytestmark = pytest.mark.timeout(60)  # nodes are started and started again
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that every user can enter, which pytest's own is not."""
    found = Path(tempfile.mkdtemp(prefix="gslb-"))
    found.chmod(0o755)
    (found / "python").mkdir()
    yield found
    (found / "python").rmdir()  # not emptied: see `opened`
    shutil.rmtree(found)


@pytest.fixture
def zones(folder: Path) -> Path:
    return write_zones(folder / "zones", {"tokyo": 9, "frankfurt": 9})


def opened(folder: Path) -> list[str]:
    """Give a command under which every user can read the Python that runs the tests.

    Where that lies in somebody's home, the home is covered, for that command only, by an empty
    one with nothing but this Python in it.
    """
    python = Path(sys.base_prefix)
    closed = [path for path in python.parents if not path.stat().st_mode & 0o001]
    if not closed:
        return []
    aside = folder / "python"
    script = (
        f"mount --bind {python} {aside} && mount -t tmpfs -o mode=755 none {closed[-1]} "
        f'&& mkdir -p {python} && mount --bind {aside} {python} && exec "$@"'
    )
    return [path_of("unshare"), "--mount", "sh", "-c", script, "sh"]


@asynccontextmanager
async def running_as(user: str, folder: Path, zones: Path) -> AsyncIterator[Node]:
    node = Node(folder / "state", zones, more=("--user", user), through=opened(folder))
    node.dns = low_port()
    try:
        await node.start()
        yield node
    finally:
        await node.end()


def low_port() -> int:
    """Find a port that only root may bind."""
    found = next((port for port in range(1023, 511, -1) if is_free(port)), None)
    return found or lacking("no port below 1024 is free")


def is_free(port: int) -> bool:
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        try:
            stream.bind(("127.0.0.1", port))
            datagram.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def facts(pid: int) -> dict[str, list[str]]:
    """Give what the kernel says of a process and of all its threads, which must be one."""
    found = {
        tuple(
            (name, *words)
            for line in (task / "status").read_text().splitlines()
            for name, *words in [line.replace(":", "").split()]
            if name in {"Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapAmb"}
        )
        for task in Path(f"/proc/{pid}/task").iterdir()
    }
    (one,) = found
    return {name: list(words) for name, *words in one}


@ROOT_ONLY
@pytest.mark.parametrize(("user", "group"), [(USER, None), (f"{USER}:daemon", 1), ("65534:1", 1)])
async def test_nothing_of_root_is_left(
    folder: Path, zones: Path, user: str, group: int | None
) -> None:
    entry = pwd.getpwnam(USER)
    gid = str(entry.pw_gid if group is None else group)
    async with running_as(user, folder, zones) as node:
        found = facts(node.pid)
        assert found["Uid"] == [str(entry.pw_uid)] * 4
        assert found["Gid"] == [gid] * 4
        assert found["Groups"] == [gid]
        assert {found[name][0] for name in ("CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
        for path in (node.state, *node.state.rglob("*")):
            if path.name.startswith("."):
                continue  # a file being written, which has its own name in a moment
            assert path.stat().st_uid == entry.pw_uid, path


@ROOT_ONLY
async def test_it_answers_edits_and_starts_again(folder: Path, zones: Path) -> None:
    async with running_as(USER, folder, zones) as node:
        assert await node.ask(API) == ["192.0.2.20"]
        assert await node.ask(API, tcp=True) == ["192.0.2.20"]
        assert (await node.call("PUT", "/api/v1/datacenters/osaka", {}))[0] < 300

        async def saved() -> bool:
            return "osaka" in "".join(
                path.read_text() for path in node.state.joinpath("served").glob("*.steering")
            )

        await until(saved, "the state folder knows of the edit")
        assert await node.end() == 0
        assert "revision 2" in await node.start()


async def refusal(
    folder: Path, zones: Path, user: str, through: Sequence[str] = ()
) -> tuple[int, str]:
    """Start a node that must not start; give its exit code and its sentence."""
    process = await asyncio.create_subprocess_exec(
        *through,
        *(sys.executable, "-m", "gslb", "serve", "--zones", str(zones), "--user", user),
        *("--state", str(folder / "state"), "--dns", "127.0.0.1:0", "--http", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 15)
    assert b"Traceback" not in out, out.decode()
    return process.returncode or 0, out.decode()


@ROOT_ONLY
async def test_a_state_folder_of_root_is_refused_and_not_given_away(
    folder: Path, zones: Path
) -> None:
    state = folder / "state"
    state.mkdir(mode=0o755)
    (state / "lock").touch(mode=0o600)
    code, said = await refusal(folder, zones, USER, opened(folder))
    assert code == 3
    assert f"the user {USER} cannot write to {state}; run: chown -R {USER} {state}" in said
    assert state.stat().st_uid == 0


@ROOT_ONLY
async def test_code_that_the_user_cannot_read_is_named(folder: Path, zones: Path) -> None:
    if not opened(folder):
        pytest.skip("every user can read the Python that runs the tests")
    code, said = await refusal(folder, zones, USER)
    assert code == 3
    assert f"the user {USER} cannot read" in said
    assert str(sys.base_prefix) in said


async def test_users_and_groups_that_are_not_there_are_faults(folder: Path, zones: Path) -> None:
    code, said = await refusal(folder, zones, "no-such-user")
    assert (code, "there is no user 'no-such-user' here" in said) == (1, True), said
    code, said = await refusal(folder, zones, f"{USER}:no-such-group")
    assert (code, "there is no group 'no-such-group' here" in said) == (1, True), said
    assert not (folder / "state").exists()


@ROOT_ONLY
async def test_only_root_becomes_another_user(folder: Path, zones: Path) -> None:
    through = [*opened(folder), path_of("setpriv"), "--reuid", "1", "--clear-groups"]
    code, said = await refusal(folder, zones, USER, through)
    assert (code, f"only root can become the user {USER}" in said) == (3, True), said
