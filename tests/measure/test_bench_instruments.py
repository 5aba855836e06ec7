"""The benchmark's instruments: its client and its flood count truly, callgrind is read rightly."""

import json
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bench.callgrind import read_callgrind
from bench.cases import STATIC_A
from bench.machine import compile_c
from bench.worlds import ADDRESS, STATIC

Serve = Callable[[bytes, int], bytes | None]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("programs")
    return {name: compile_c(f"{name}.c", folder) for name in ("load", "flood")}


@contextmanager
def server(serve: Serve, delay: float = 0) -> Iterator[int]:
    """Answer on loopback by a function of the packet and of how many came before it."""
    with socket.socket(type=socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(0.05)
        ended = threading.Event()

        def work() -> None:
            count = 0
            while not ended.is_set():
                try:
                    packet, source = here.recvfrom(4096)
                except TimeoutError:
                    continue
                reply = serve(packet, count)
                count += 1
                if delay:
                    time.sleep(delay)
                if reply is not None:
                    here.sendto(reply, source)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield here.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def answer(packet: bytes, *, address: str = ADDRESS, rcode: int = 0) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(packet))
    reply.answer.append(dns.rrset.from_text(STATIC, 300, "IN", "A", address))
    reply.set_rcode(dns.rcode.Rcode(rcode))
    return reply.to_wire()


def run(program: Path, folder: Path, port: int, *words: str, flags: tuple[str, ...] = ()) -> Any:
    questions = STATIC_A.write(folder)
    command = [str(program), *flags, "127.0.0.1", str(port), str(questions), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=15)
    return json.loads(done.stdout)


def test_all_right_answers_are_counted(programs: dict[str, Path], tmp_path: Path) -> None:
    with server(lambda packet, _: answer(packet)) as port:
        for sockets in ("1", "8"):
            said = run(
                *(programs["load"], tmp_path, port, "500", "10", "0", "1", ADDRESS),
                flags=("-w", "16", "-s", sockets),
            )
            assert (said["asked"], said["answered"], said["seen"]) == (500, 500, [500])
            assert (said["lost"], said["wrong"]) == (0, 0)


@pytest.mark.parametrize(
    ("serve", "fault"),
    [
        (lambda packet, _: answer(packet, rcode=3), "another rcode"),
        (lambda packet, _: answer(packet, address="192.0.2.99"), "another address"),
        (lambda packet, _: answer(packet).replace(b"www", b"vvv"), "another question"),
        (lambda packet, _: packet, "not a reply"),
    ],
)
def test_a_wrong_answer_is_seen(
    programs: dict[str, Path], tmp_path: Path, serve: Serve, fault: str
) -> None:
    with server(serve) as port:
        said = run(programs["load"], tmp_path, port, "20", "10", "0", "1", ADDRESS)
    assert (said["wrong"], said["first_wrong"]) == (20, fault)


@pytest.mark.parametrize("flags", [(), ("-r", "500")])
def test_what_never_comes_back_is_lost(
    programs: dict[str, Path], tmp_path: Path, flags: tuple[str, ...]
) -> None:
    with server(lambda packet, count: answer(packet) if count % 10 else None) as port:
        said = run(programs["load"], tmp_path, port, "100", "10", "0", "1", ADDRESS, flags=flags)
    assert (said["asked"], said["answered"], said["lost"]) == (100, 90, 10)


def test_a_pace_is_kept_and_a_delay_is_measured(programs: dict[str, Path], tmp_path: Path) -> None:
    with server(lambda packet, _: answer(packet), delay=0.02) as port:
        said = run(
            *(programs["load"], tmp_path, port, "20", "10", "0", "1", ADDRESS),
            flags=("-r", "20"),
        )
    assert said["answered"] == 20
    assert said["seconds"] >= 0.95  # the twentieth is due one second after the start
    assert 20_000 <= said["p50_us"] <= said["p999_us"] <= said["worst_us"] + 10


def test_the_flood_counts_octets_both_ways(programs: dict[str, Path], tmp_path: Path) -> None:
    def truncate(packet: bytes, count: int) -> bytes | None:
        reply = dns.message.make_response(dns.message.from_wire(packet))
        reply.flags |= dns.flags.TC
        return reply.to_wire() if count % 2 else answer(packet)

    with server(truncate) as port:
        said = run(programs["flood"], tmp_path, port, "200", "3", "127.77.0.0", "2")
    assert said["octets_sent"] == said["sent"] * said["question"]
    assert 200 <= said["sent"] <= 450
    assert said["truncated"] == pytest.approx(said["back"] / 2, abs=1)
    assert said["octets_back"] > said["octets_sent"]
    assert said["octets_truncated"] == said["truncated"] * said["question"]


@pytest.mark.parametrize("program", ["load", "flood"])
def test_nothing_but_loopback_is_asked(
    programs: dict[str, Path], tmp_path: Path, program: str
) -> None:
    questions = str(STATIC_A.write(tmp_path))
    words = {
        "load": ["192.0.2.1", "53", questions, "1", "1", "0", "1"],
        "flood": ["127.0.0.1", "53", questions, "1", "1", "192.0.2.0", "1"],
    }
    done = subprocess.run(
        [programs[program], *words[program]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is not a loopback address" in done.stderr


def test_callgrind_is_read(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text(
        "events: Ir\n\nfn=(1) take some\n10 5\ncfn=(2) recvmmsg\ncalls=3 0\n10 90\n+1 2\n"
        "fn=(3) other\n20 6\ncfn=(2)\ncalls=4 0\n* 70\ncfn=(4) sendmmsg\ncalls=9 0\n20 7\n"
        "fn=(2)\n30 160\n\nfn=(4)\n-1 7\n\ntotals: 180\n"
    )
    profile = read_callgrind(out)
    assert profile.instructions == {"take some": 7, "other": 6, "recvmmsg": 160, "sendmmsg": 7}
    assert profile.instructions.total() == 180
    assert profile.calls == {"recvmmsg": 7, "sendmmsg": 9}


def test_questions_are_written_as_the_client_reads_them(tmp_path: Path) -> None:
    packed = STATIC_A.write(tmp_path).read_bytes()
    (length,) = struct.unpack("!H", packed[:2])
    assert str(dns.message.from_wire(packed[2 : 2 + length]).question[0].name) == STATIC
