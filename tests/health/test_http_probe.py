"""The http probe against real targets, good and bad, on both event loops."""

import asyncio
import threading
import time
from socket import socket
from typing import Any

import pytest
from toys import (
    LOOPS,
    SHORT,
    Behaviour,
    ask_once,
    closes,
    drips,
    endless,
    full,
    half_closes,
    hangs,
    http_target,
    open_files,
    page,
    refused_port,
    request,
    resets,
    run,
    says,
    toy,
    until_let_go,
)

from gslb.health.probes import KINDS, Outcome, ask
from gslb.health.probes.http import BODY_LIMIT
from gslb.model.probe import KINDS as MODEL_KINDS

OPEN = b"HTTP/1.1 200 OK\r\n\r\n"  # a body until the connection closes
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NEEDLE: dict[str, Any] = {"contains": "ok"}
LATE = {"timeout": SHORT}

GOOD: dict[str, tuple[Behaviour, dict[str, Any], str]] = {
    "status": (says(page(b"")), {}, "status 200"),
    "text": (says(page(b"all ok here")), NEEDLE, "status 200, body has 'ok'"),
    "redirect": (says(page(b"", "302 Found")), {}, "status 302"),
    "other status": (says(page(b"", "418 x")), {"status": ["200", "410-420"]}, "status 418"),
    "text in two packets": (says(page(b"ook")[:-1], b"k"), NEEDLE, "status 200, body has 'ok'"),
    "text in two chunks": (
        says(CHUNKS, b"2\r\nxo\r\n2\r\nkx\r\n0\r\n\r\n"),
        NEEDLE,
        "status 200, body has 'ok'",
    ),
    "text at the limit": (
        says(OPEN + b"x" * (BODY_LIMIT - 2) + b"ok"),
        NEEDLE,
        "status 200, body has 'ok'",
    ),
    "text outside ASCII": (says(page("größe".encode())), {"contains": "größe"}, "has 'größe'"),
    "braces in the text": (says(page(b"{}")), {"contains": "{}"}, "body has '{}'"),
    "interim answers": (says(HINTS, HINTS, page(b"ok")), NEEDLE, "status 200, body has 'ok'"),
    "endless body, no text wanted": (endless(OPEN, b"x" * 65536), {}, "status 200"),
    "endless body after the text": (
        endless(OPEN + b"ok", b"x" * 65536),
        NEEDLE,
        "status 200, body has 'ok'",
    ),
}

BAD: dict[str, tuple[Behaviour, dict[str, Any], str]] = {
    "wrong status": (says(page(b"", "503 Busy")), {}, "status 503, wanted 200-399"),
    "not one of several": (
        says(page(b"ok", "404 No")),
        {"status": ["200", "301-302"], **NEEDLE},
        "status 404, wanted 200, 301-302",
    ),
    "no text": (says(page(b"all well")), NEEDLE, "body lacks 'ok'"),
    "no body": (says(b"HTTP/1.1 204 None\r\n\r\n"), NEEDLE, "body lacks 'ok'"),
    "text too late": (
        says(OPEN + b"x" * (BODY_LIMIT - 1) + b"ok"),
        NEEDLE,
        "body lacks 'ok' in its first 64 KiB",
    ),
    "endless body": (endless(OPEN, b"x" * 65536), NEEDLE, "body lacks 'ok' in its first 64 KiB"),
    "huge header": (
        endless(b"HTTP/1.1 200 OK\r\n", b"X-Padding: " + b"x" * 9000 + b"\r\n"),
        {},
        "header longer than 64 KiB",
    ),
    "one endless header": (
        endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 9000),
        {},
        "header longer than 64 KiB",
    ),
    "endless interim answers": (endless(HINTS, HINTS * 100), {}, "header longer than 64 KiB"),
    "hanging": (hangs, LATE, "no answer within 150ms"),
    "slow header": (
        drips(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        LATE,
        "header unfinished after 150ms",
    ),
    "slow body": (
        drips(OPEN, b"x"),
        {**LATE, "contains": "{}"},
        "body unfinished after 150ms, without '{}' so far",
    ),
    "closed": (closes, {}, "closed before a status line"),
    "half-closed": (half_closes, {}, "closed before a status line"),
    "closed in the header": (says(b"HTTP/1.1 200 OK\r\nX: y"), {}, "closed inside the header"),
    "closed in the body": (says(page(b"xyz")[:-1]), NEEDLE, "lacks 'ok', closed after 2 octets"),
    "reset": (resets(), {}, "reset before a status line"),
    "reset in the body": (resets(OPEN + b"xy"), NEEDLE, "body lacks 'ok', reset after 2 octets"),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), {}, "not HTTP: "),
    "a long text": (says(page(b"")), {"contains": "x" * 1000}, "body lacks 'xxx"),
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("name", GOOD)
def test_a_good_target_is_well(loop: str, name: str) -> None:
    behave, said, words = GOOD[name]
    with toy(behave) as site:
        outcome = ask_once(loop, http_target(site.port, **said))
        assert outcome.ok, outcome
        assert words in outcome.words
        assert site.all_closed()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("name", BAD)
def test_a_bad_target_is_told_in_words(loop: str, name: str) -> None:
    behave, said, words = BAD[name]
    with toy(behave) as site:
        outcome = ask_once(loop, http_target(site.port, **said))
        assert outcome.ok is False
        assert words in outcome.words
        assert len(outcome.words) < 120
        assert site.all_closed()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("header", "load"),
    [("X-Load: 12.5", 12.5), ("x-load: 0", 0.0), ("X-Load: -1", None), ("X-Load: nan", None),
     ("X-Load: much", None), ("Other: 1", None)],
)  # fmt: skip
def test_a_load_is_read_from_its_header(loop: str, header: str, load: float | None) -> None:
    answer = f"HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 0\r\n\r\n".encode()
    with toy(says(answer)) as site:
        outcome = ask_once(loop, http_target(site.port, load_header="X-Load"))
    assert (outcome.ok, outcome.load) == (True, load)


@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_listens(loop: str) -> None:
    assert ask_once(loop, http_target(refused_port())) == Outcome(ok=False, words="connect refused")


@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_accepts(loop: str) -> None:
    with full() as port:
        outcome = ask_once(loop, http_target(port, timeout=SHORT))
    assert outcome == Outcome(ok=False, words="connect timed out after 150ms")


def _seen(said: dict[str, Any], address: str = "127.0.0.1") -> tuple[bytes, int]:
    found: list[bytes] = []

    def behave(connection: socket, _: threading.Event) -> None:
        found.append(request(connection))
        connection.sendall(page(b""))
        until_let_go(connection)

    with toy(behave, address) as site:
        assert ask_once("asyncio", http_target(site.port, address, **said)).ok
        return found[0], site.port


def test_the_request() -> None:
    asked, port = _seen({"path": "/healthz?deep=1"})
    lines = asked.decode().split("\r\n")
    assert lines[0] == "GET /healthz?deep=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}" in lines
    assert "Connection: close" in lines
    assert "User-Agent: gslb" in lines
    assert lines[-2:] == ["", ""]


def test_the_host_is_the_one_said() -> None:
    assert b"\r\nHost: www.gslb.example\r\n" in _seen({"host": "www.gslb.example"})[0]


def test_an_ipv6_host_stands_in_brackets() -> None:
    asked, port = _seen({}, "::1")
    assert f"\r\nHost: [::1]:{port}\r\n".encode() in asked


@pytest.mark.parametrize("loop", LOOPS)
def test_nothing_leaks_after_hundreds_of_bad_probes(loop: str) -> None:
    kinds: list[tuple[Behaviour, dict[str, Any]]] = [
        (behave, {**said, "timeout": "300ms"}) for behave, said, _ in BAD.values()
    ]
    sites = [toy(behave) for behave, _ in kinds]
    opened = [site.__enter__() for site in sites]
    targets = [
        http_target(site.port, **said) for site, (_, said) in zip(opened, kinds, strict=True)
    ]
    targets.append(http_target(refused_port(), timeout="300ms"))

    async def work() -> tuple[int, int, int]:
        await ask(targets[0])  # what the loop opens for itself is open now
        before = open_files()
        done = 0
        for _ in range(12):
            outcomes = await asyncio.gather(*map(ask, targets))
            done += sum(outcome.ok is False for outcome in outcomes)
            cut = [asyncio.create_task(ask(target)) for target in targets]
            for steps, task in enumerate(cut):
                for _ in range(steps % 5):  # cancelled at every stage
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*cut, return_exceptions=True)
        for site in opened:
            assert await asyncio.to_thread(site.all_closed)
        left = await asyncio.to_thread(_files_down_to, before)
        return done, left - before, len(asyncio.all_tasks())

    try:
        done, files, tasks = run(loop, work)
    finally:
        for site in sites:
            site.__exit__(None, None, None)
    assert done == 12 * len(targets)
    assert tasks == 1
    assert files <= 0


def _files_down_to(wanted: int) -> int:
    end = time.monotonic() + 5
    while (found := open_files()) > wanted and time.monotonic() < end:
        time.sleep(0.01)  # the toys' threads close their ends
    return found


def test_every_kind_of_the_model_has_a_probe() -> None:
    assert set(KINDS) == set(MODEL_KINDS)
