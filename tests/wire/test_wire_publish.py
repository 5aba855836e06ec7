"""Swapping worlds under load: every answer is of one world, and after `publish` of the new one."""

import threading
from collections.abc import Iterator
from itertools import count

import dns.message
import dns.rcode
import pytest
from nameserver import TRANSPORTS, Nameserver, Transport, make_world, plain, records, serving

from gslb.model import World

ROUNDS = 60


def world(revision: int) -> World:
    """Make a world whose every record says the revision, across two aliases and three records."""
    mark = f"10.{revision >> 8}.{revision & 255}"
    zone = f"""
    @      3600 SOA   ns1 admin {revision} 7200 900 1209600 300
    @      3600 NS    ns1
    ns1    3600 A     192.0.2.53
    start  {revision} CNAME middle
    middle {revision} CNAME end
    end    {revision} A {mark}.1
    end    {revision} A {mark}.2
    end    {revision} A {mark}.3
    """
    text = "\n".join(line.strip() for line in zone.splitlines())
    vips = {"vip.gslb.example.": {"ttl": revision, "answers": "all", "pools": {"tokyo": {
        "members": [{"address": f"{mark}.{n}"} for n in range(1, revision % 5 + 2)]}}}}  # fmt: skip
    return make_world(("gslb.example.", text), vips=vips)


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    with serving(world(1), workers=2) as found:
        yield found


def revision_of(reply: dns.message.Message) -> int:
    """Give the one revision that every record of a reply is of."""
    found = set()
    addresses = 0
    for line in records(reply.answer):
        _, ttl, rtype, data = line.split()
        found.add(int(ttl))
        if rtype == "A":
            addresses += 1
            _, high, low, _ = data.split(".")
            found.add(int(high) << 8 | int(low))
    assert len(found) == 1, records(reply.answer)
    (revision,) = found
    vip = len(reply.answer) == 1
    assert addresses == (revision % 5 + 1 if vip else 3)
    return revision


class Asker(threading.Thread):
    """Asks without end; keeps what is wrong, and the newest revision published before it asked."""

    def __init__(self, nameserver: Nameserver, over: Transport, name: str) -> None:
        super().__init__(daemon=True)
        self.nameserver, self.over, self.query = nameserver, over, plain(name)
        self.done = threading.Event()
        self.asked = 0
        self.seen: set[int] = set()
        self.faults: list[str] = []

    def run(self) -> None:
        """Ask until told to stop, or until something is wrong."""
        while not self.done.is_set():
            least = self.nameserver.engine.revision
            try:
                revision = revision_of(self.nameserver.ask(self.query, self.over))
            except Exception as error:  # noqa: BLE001  (handed to the test's own thread)
                self.faults.append(repr(error))
                return
            most = self.nameserver.engine.revision + 1  # published a moment before it is counted
            if not least <= revision <= most:
                self.faults.append(f"asked at {least}, answered of {revision}, now {most}")
            self.seen.add(revision)
            self.asked += 1


def test_every_answer_is_of_one_world_and_never_of_an_older_one(nameserver: Nameserver) -> None:
    worlds = [world(revision) for revision in range(2, ROUNDS)]
    askers = [
        Asker(nameserver, over, name)
        for over in TRANSPORTS
        for name in ("start.gslb.example.", "vip.gslb.example.")
    ]
    for asker in askers:
        asker.start()
    for number, one in enumerate(worlds, start=2):
        nameserver.publish(one)
        for over in TRANSPORTS:
            assert revision_of(nameserver.ask(plain("start.gslb.example."), over)) == number
    for asker in askers:
        asker.done.set()
    for asker in askers:
        asker.join(10)
        assert not asker.faults
        assert asker.asked
    assert len(set().union(*(asker.seen for asker in askers))) > 10


def test_generation_counts_and_revision_is_what_was_given(nameserver: Nameserver) -> None:
    before = nameserver.engine.generation
    assert nameserver.publish(world(2)) == before + 1
    assert nameserver.engine.generation == before + 1
    assert nameserver.engine.revision == nameserver.revision


def test_a_bad_document_is_refused_and_the_last_good_world_stays(nameserver: Nameserver) -> None:
    engine = nameserver.engine
    generation = engine.generation
    with pytest.raises(ValueError, match=r"\w"):
        engine.publish(9, [(b"\xc1 nonsense", b"", b"")], [], [], [])
    with pytest.raises(ValueError, match=r"\w"):
        engine.publish(9, [(b"", b"", b"")], [], [], [])
    assert (engine.generation, engine.revision) == (generation, 1)
    assert revision_of(nameserver.ask(plain("start.gslb.example."), "udp4")) == 1


def test_a_dropped_zone_is_refused(nameserver: Nameserver) -> None:
    nameserver.publish(make_world())
    for _, reply in nameserver.ask_everywhere(plain("start.gslb.example."), refused=1):
        assert reply.rcode() == dns.rcode.REFUSED


def test_words_of_the_new_world_are_the_ones_handed_over(nameserver: Nameserver) -> None:
    for revision in count(2):
        nameserver.publish(world(revision), down=[f"10.0.{revision}.1"])
        reply = nameserver.ask(plain("vip.gslb.example."), "udp4")
        addresses = {line.split()[-1] for line in records(reply.answer)}
        if revision == 20:
            break
        if revision % 5:
            assert f"10.0.{revision}.1" not in addresses
            assert len(addresses) == revision % 5
