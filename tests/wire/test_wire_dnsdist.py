"""dnsdist in front, speaking PROXY protocol v2: its clients' networks decide, over UDP and TCP."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
from nameserver import SECONDS, Nameserver, make_world, plain, serving
from peers import path_of

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
ns1    3600 A     192.0.2.53
"""
VIP = {
    "map": "networks",
    "pools": {
        "tokyo": {"members": [{"address": "192.0.2.1"}]},
        "paris": {"members": [{"address": "192.0.2.2"}]},
        "other": {"members": [{"address": "192.0.2.3"}]},
    },
}
MAP = {
    "rules": [
        {"networks": ["127.0.5.0/24"], "to": ["tokyo"]},
        {"networks": ["127.0.6.0/24"], "to": ["paris"]},
    ],
    "otherwise": ["other"],
}
WORLD = make_world(("gslb.example.", ZONE), vips={"www.gslb.example.": VIP}, maps={"networks": MAP})
TOKYO, PARIS, OTHER = "192.0.2.1", "192.0.2.2", "192.0.2.3"
CONF = """\
setSecurityPollSuffix("")
setLocal("127.0.0.1:{port}")
newServer({{address="127.0.0.1:{behind}", useProxyProtocol=true, sockets=1,
           checkName="www.gslb.example.", mustResolve=false}})
"""

pytestmark = pytest.mark.peer("dnsdist")


def free_port() -> int:
    """Find a port that is free for UDP and TCP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            try:
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def in_front_of(nameserver: Nameserver, folder: Path) -> Iterator[int]:
    """Run dnsdist in front of the nameserver; give its port."""
    port = free_port()
    conf, log = folder / "dnsdist.conf", folder / "dnsdist.log"
    conf.write_text(CONF.format(port=port, behind=nameserver.port))
    with log.open("wb") as out:
        process = subprocess.Popen(
            [path_of("dnsdist"), "--supervised", "--disable-syslog", "--config", str(conf)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + SECONDS
        while "Listening on" not in log.read_text() or not connects(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.01)
        yield port
    finally:
        process.kill()
        process.wait()


def connects(port: int) -> bool:
    with socket.socket() as wire:
        return wire.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, source: str, *, tcp: bool, within: float = SECONDS) -> list[str]:
    """Ask dnsdist from an address; give the answer."""
    query = plain("www.gslb.example.")
    send = dns.query.tcp if tcp else dns.query.udp
    reply = send(query, "127.0.0.1", within, port, source=source)
    return [str(data) for rrset in reply.answer for data in rrset]


def test_the_client_behind_dnsdist_decides(tmp_path: Path) -> None:
    with serving(WORLD) as nameserver:
        nameserver.speak(proxy_from="127.0.0.1/32")
        with in_front_of(nameserver, tmp_path) as port:
            for tcp in (False, True):
                for source, answer in (
                    ("127.0.5.1", TOKYO),
                    ("127.0.6.1", PARIS),
                    ("127.0.5.2", TOKYO),
                    ("127.0.7.1", OTHER),
                ):
                    assert ask(port, source, tcp=tcp) == [answer], (source, tcp)
        counters = nameserver.engine.counters()
        assert counters["tcp_answered"] >= 4, "dnsdist asked over UDP alone"
        assert (counters["udp_dropped"], counters["tcp_dropped"]) == (0, 0)


def test_dnsdist_is_not_believed_where_it_is_not_trusted(tmp_path: Path) -> None:
    with serving(WORLD) as nameserver, in_front_of(nameserver, tmp_path) as port:
        with pytest.raises(dns.exception.Timeout):
            ask(port, "127.0.5.1", tcp=False, within=0.5)
        assert nameserver.engine.counters()["noerror"] == 0
        assert nameserver.ask(plain("www.gslb.example."), "udp4").answer
