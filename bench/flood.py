"""A flood with forged sources, and two resolvers in the very network that it pretends to be.

The limit is what gslb has by default, but loopback is no longer exempt from it. `flood.c` asks for
a long TXT record, as who wants to amplify would. All stays on loopback.
"""

import json
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.cases import question
from bench.kinds import OURS
from bench.machine import HOST, Bench, BenchError, compile_c, on_cores
from bench.resolver import Resolver
from bench.servers import running
from bench.tables import table
from bench.worlds import STEERED, TEXT

RATE = 50_000  # forged questions a second
SECONDS = 20
NETWORK = "127.77.0.0"
RESOLVERS = {"without cookies": "127.77.0.253", "with cookies": "127.77.0.254"}
RESOLVER_RATE = 100.0  # questions a second
KIND = replace(OURS, environment={"GSLB_RRL_EXEMPT": "192.0.2.0/24"})


@dataclass(frozen=True)
class _Seen:
    networks: int
    flood: Mapping[str, int]
    resolvers: Mapping[str, Resolver]


def main(bench: Bench) -> None:
    """Flood one network, then many at once; print what came back and who was still served."""
    seen = [_flood(bench, networks) for networks in (1, 16)]
    table(
        f"A flood of {RATE:,} forged questions a second",
        (
            *("networks", "octets a question", "came back", "truncated"),
            *("octets back an octet", "of the limited", "aim"),
        ),
        [_flood_row(one) for one in seen],
    )
    table(
        f"Resolvers in the flooded network, {RESOLVER_RATE:,.0f} questions a second",
        ("networks", "resolver", "asked", "answered", "share", "over TCP", "aim"),
        [_resolver_row(one, name) for one in seen for name in RESOLVERS],
    )


def _flood(bench: Bench, networks: int) -> _Seen:
    print(f"flood: {networks} network(s)", flush=True)
    questions = bench.folder / "flood.questions"
    packet = question(TEXT, "TXT")
    questions.write_bytes(struct.pack("!H", len(packet)) + packet)
    seconds = 4 if bench.quick else bench.times(SECONDS)
    program = compile_c("flood.c", bench.folder)
    with running(KIND, STEERED, bench.folder / f"server-{networks}", bench.server_core) as server:
        resolvers = {
            name: Resolver(source, server.port, cookies=name == "with cookies")
            for name, source in RESOLVERS.items()
        }
        work = [
            threading.Thread(target=one.work, args=(RESOLVER_RATE, seconds - 1))
            for one in resolvers.values()
        ]
        words = [str(program), HOST, str(server.port), str(questions), str(RATE), str(seconds)]
        with on_cores(bench.client_core):
            flood = subprocess.Popen([*words, NETWORK, str(networks)], stdout=subprocess.PIPE)
            for thread in work:
                thread.start()
        for thread in work:
            thread.join()
        out, _ = flood.communicate()
    if flood.returncode:
        raise BenchError(f"flood.c ended with {flood.returncode}")
    said: dict[str, int] = json.loads(out)
    if not said["truncated"]:
        raise BenchError(f"the flood was not limited: {said}")
    return _Seen(networks, said, resolvers)


def _flood_row(seen: _Seen) -> Sequence[str]:
    flood = seen.flood
    limited = flood["sent"] - (flood["back"] - flood["truncated"])
    return (
        str(seen.networks),
        str(flood["question"]),
        f"{flood['back'] / flood['sent']:.3f}",
        f"{flood['truncated'] / flood['sent']:.3f}",
        f"{flood['octets_back'] / flood['octets_sent']:.2f}",
        f"{flood['octets_truncated'] / (limited * flood['question']):.2f}",
        "at most 1.5",
    )


def _resolver_row(seen: _Seen, name: str) -> Sequence[str]:
    resolver = seen.resolvers[name]
    return (
        str(seen.networks),
        name,
        str(resolver.asked),
        str(resolver.answered),
        f"{resolver.answered / resolver.asked:.2%}",
        str(resolver.over_tcp),
        "at least 99%",
    )
