"""The compose demo as shipped, on a real engine: ask the resolver, stop a site, ask again.

For speed the demo takes a wheel built outside (WHEEL=prebuilt), where what `make` compiled is at
hand. That the shipped default builds one from source is a test of its own.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from engine import Engine, engine

HOUSE = Path(__file__).resolve().parents[2]
WWW, API = "www.gslb.example.", "api.gslb.example."
TOKYO = frozenset({"172.28.53.11", "172.28.53.12"})
FRANKFURT = frozenset({"172.28.53.21", "172.28.53.22"})
TOKYO_WEB = ("tokyo-web1", "tokyo-web2")
UP_WITHIN, FLIP_WITHIN = 60.0, 20.0  # seconds; a flip takes two failed probes and a TTL of 2 s

pytestmark = [
    *(pytest.mark.peer(name) for name in ("dockerd", "docker", "docker-compose", "debootstrap")),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


class Demo:
    """The demo's containers, seen from the host."""

    def __init__(self, on: Engine, port: int) -> None:
        self._engine = on
        self._port = port
        self._variables = {
            "WHEEL": "prebuilt",
            "RESOLVER_PORT": str(port),
            "TOKYO_PORT": str(_free_port()),
            "FRANKFURT_PORT": str(_free_port()),
            "COMPOSE_PROJECT_NAME": "gslb-test",
        }

    def compose(self, *arguments: str) -> str:
        """Run docker-compose on the file as shipped; give its standard output."""
        done = subprocess.run(
            ["docker-compose", *arguments],
            cwd=HOUSE,
            env={**self._engine.environment, **self._variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
        return done.stdout

    def ask(self, name: str) -> frozenset[str]:
        """Ask the resolver once; give the addresses, none while it does not answer well."""
        query = dns.message.make_query(name, "A")
        try:
            reply = dns.query.udp(query, "127.0.0.1", port=self._port, timeout=2)
        except (dns.exception.DNSException, OSError):
            return frozenset()
        if reply.rcode() != dns.rcode.NOERROR:
            return frozenset()
        return frozenset(data.to_text() for rrset in reply.answer for data in rrset)

    def answers(self, name: str, wanted: frozenset[str], within: float = FLIP_WITHIN) -> None:
        """Wait until the resolver answers with some of these addresses and no other."""
        end = time.monotonic() + within
        while not (found := self.ask(name)) or not found <= wanted:
            if time.monotonic() > end:
                logs = self.compose("logs", "--no-color", "--tail", "20")
                pytest.fail(f"{name} is {found or 'not answered'}, wanted {wanted}\n{logs}")
            time.sleep(0.2)

    def page(self) -> str:
        """Fetch the web page as a client inside does, by its name."""
        return self.compose("run", "--rm", "-T", "client").strip()


def _free_port() -> int:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
    return port


def _build_wheel() -> None:
    for old in (HOUSE / "dist").glob("gslb-*.whl"):
        old.unlink()
    maturin = Path(sys.executable).with_name("maturin")
    command = [str(maturin), "build", "--release", "--locked", "--quiet", "--out", "dist"]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def running() -> Iterator[Engine]:
    """Run an engine that has the base image."""
    with engine() as started:
        started.bring_base_image()
        yield started
        started.tidy()


@pytest.fixture
def demo(running: Engine) -> Iterator[Demo]:
    """Build the images and start everything; take it all away at the end."""
    _build_wheel()
    started = Demo(running, _free_port())
    try:
        started.compose("up", "--detach", "--build")
        yield started
    finally:
        started.compose("down", "--volumes", "--timeout", "5")


def test_the_demo_follows_a_site_that_dies_and_returns(demo: Demo) -> None:
    demo.answers(WWW, TOKYO, within=UP_WITHIN)
    demo.answers(API, TOKYO | FRANKFURT)
    assert demo.page().startswith("hello from tokyo")

    demo.compose("stop", "--timeout", "5", *TOKYO_WEB)
    demo.answers(WWW, FRANKFURT)
    assert demo.page().startswith("hello from frankfurt")
    demo.answers(API, FRANKFURT)

    demo.compose("start", *TOKYO_WEB)
    demo.answers(WWW, TOKYO)
    assert demo.page().startswith("hello from tokyo")

    # The whole site dies, its gslb node too: the resolver goes to the other one.
    demo.compose("stop", "--timeout", "5", "tokyo-gslb", *TOKYO_WEB)
    demo.answers(WWW, FRANKFURT)


def test_the_image_builds_from_source(running: Engine) -> None:
    running.bring_rust_image()
    built = running.docker("build", "--target", "node", "--tag", "gslb-from-source", str(HOUSE))
    assert built.returncode == 0, built.stderr[-8000:]
    said = running.docker("run", "--rm", "gslb-from-source", "--help")
    assert said.returncode == 0, said.stderr
    assert "serve" in said.stdout
