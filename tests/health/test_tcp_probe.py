"""The tcp probe against real targets, and the words for connects that fail."""

import errno
import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from toys import (
    LOOPS,
    SHORT,
    Behaviour,
    ask_once,
    full,
    half_closes,
    hangs,
    refused_port,
    run,
    tcp_target,
    toy,
)

from gslb.health.probes import Outcome, ask
from gslb.health.probes.dial import connect_words


def _drops(connection: socket.socket, _: threading.Event) -> None:
    connection.close()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("behave", [hangs, half_closes, _drops])
def test_who_accepts_is_well_whatever_follows(loop: str, behave: Behaviour) -> None:
    with toy(behave) as site:
        assert ask_once(loop, tcp_target(site.port)) == Outcome(ok=True, words="connected")
        assert site.all_closed()


@pytest.mark.parametrize("loop", LOOPS)
def test_ipv6(loop: str) -> None:
    with toy(hangs, "::1") as site:
        assert ask_once(loop, tcp_target(site.port, "::1")).ok
        assert site.all_closed()


@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_listens(loop: str) -> None:
    assert ask_once(loop, tcp_target(refused_port())) == Outcome(ok=False, words="connect refused")


@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_accepts(loop: str) -> None:
    with full() as port:
        outcome = ask_once(loop, tcp_target(port, timeout=SHORT))
    assert outcome == Outcome(ok=False, words="connect timed out after 150ms")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_lack_of_our_own_files_is_not_the_targets_failure(loop: str) -> None:
    async def work() -> Outcome:
        with no_more_files():
            return await ask(target)

    with toy(hangs) as site:
        target = tcp_target(site.port)
        with pytest.raises(OSError, match=r"(?i)too many open files"):
            run(loop, work)


@contextmanager
def no_more_files() -> Iterator[None]:
    """Leave this process without a file to open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in taken:
            os.close(number)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EHOSTUNREACH, "connect: no route to host"),
        (errno.ENETUNREACH, "connect: network is unreachable"),
        (errno.ECONNREFUSED, "connect refused"),
        (errno.ETIMEDOUT, "connect timed out in the kernel"),
    ],
)
def test_why_a_connection_did_not_open(number: int, words: str) -> None:
    assert connect_words(OSError(number, "anything")) == words
