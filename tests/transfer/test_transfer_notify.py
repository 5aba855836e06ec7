"""NOTIFY: RFC 1996. Told until acknowledged, signed, coalesced; late secondaries raise an alarm."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from primary import KEYRING, ORIGIN, TEXT, Primary, make_world, primary, until, write_keys

from gslb.compiler import compile_zone
from gslb.telemetry import Alarm
from gslb.transfer import notify

Answer = Callable[[dns.message.Message], dns.message.Message | bytes | None]


def acknowledge(query: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    return reply


class Toy(asyncio.DatagramProtocol):
    """A secondary that answers as told and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = acknowledge
        self.asked: list[dns.message.Message] = []
        self.port = 0
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        """Take the socket."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Keep a question and answer it."""
        query = dns.message.from_wire(data, keyring=KEYRING)
        self.asked.append(query)
        reply = self.answer(query)
        if reply is not None:
            wire = reply if isinstance(reply, bytes) else reply.to_wire()
            self._transport.sendto(wire, addr)

    @property
    def serials(self) -> list[int]:
        """The serials it was told, in order."""
        return [query.answer[0][0].serial for query in self.asked]


@asynccontextmanager
async def toy() -> AsyncIterator[Toy]:
    """Run a toy secondary."""
    loop = asyncio.get_running_loop()
    transport, found = await loop.create_datagram_endpoint(Toy, local_addr=("127.0.0.1", 0))
    try:
        yield found
    finally:
        transport.close()


@pytest.fixture
async def secondary() -> AsyncIterator[Toy]:
    async with toy() as found:
        yield found


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again sooner than on the internet."""
    monkeypatch.setattr(notify, "FIRST_WAIT", 0.05)


def settled(found: Primary) -> bool:
    standings = found.transfers.notifier.standings(ORIGIN)
    return all(standing.is_settled for standing in standings.values())


def edit(found: Primary, number: int) -> None:
    found.publish(make_world(f"{TEXT}\nx 60 TXT {number}\n"))


async def test_3_7_each_change_is_told_with_its_soa_and_acknowledged(secondary: Toy) -> None:
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: settled(found))
        (query,) = secondary.asked
        assert query.opcode() == dns.opcode.NOTIFY
        assert query.flags & 0x87FF == dns.flags.AA  # RFC 1996 section 4.5
        assert [(one.name.to_text(), one.rdtype) for one in query.question] == [(ORIGIN, 6)]
        (soa,) = query.answer
        assert (soa.ttl, soa[0].serial, soa[0].minimum) == (3600, 8, 300)
        edit(found, 1)
        assert not settled(found)
        await until(lambda: settled(found))
        assert secondary.serials == [8, 9]
        (facts,) = found.transfers.facts()[ORIGIN]["secondaries"].values()
        assert (facts["serial"], facts["acknowledged"], facts["waiting_since"]) == (9, 9, None)
        assert facts["acknowledged_at"] is not None
        assert found.transfers.notifier.counts == {"sent": 2, "acknowledged": 2}


async def test_many_changes_become_few(secondary: Toy) -> None:
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        for number in range(50):
            edit(found, number)
        await until(lambda: settled(found))
        assert secondary.serials == [58]


async def test_a_change_just_after_an_acknowledgement_is_told_too(secondary: Toy) -> None:
    """Between the end of a task and its callback the task is still listed, and tells nothing."""
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        (task,) = found.transfers.notifier._tasks.values()
        async with asyncio.timeout(10):
            while not task.done():  # noqa: ASYNC110  (to the very turn in which it ends)
                await asyncio.sleep(0)
        edit(found, 1)
        await until(lambda: settled(found) and secondary.serials == [8, 9])
        assert not found.transfers.notifier._tasks


async def test_what_changes_no_zone_is_not_told(secondary: Toy) -> None:
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: settled(found))
        found.publish(make_world().model_copy(update={"datacenters": {}}))
        assert settled(found)
        assert secondary.serials == [8]


@pytest.mark.usefixtures("hasty")
async def test_3_6_a_lost_answer_is_asked_for_again(secondary: Toy) -> None:
    lost = [True] * 3
    secondary.answer = lambda query: None if lost and lost.pop() else acknowledge(query)
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: settled(found))
        assert secondary.serials == [8] * 4
        assert len({query.id for query in secondary.asked}) > 1


async def test_a_newer_serial_takes_the_place_of_one_not_acknowledged(secondary: Toy) -> None:
    secondary.answer = lambda _: None
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: secondary.asked)
        edit(found, 1)
        secondary.answer = acknowledge
        await until(lambda: settled(found))
        assert secondary.serials[-1] == 9


@pytest.mark.parametrize("rcode", [dns.rcode.REFUSED, dns.rcode.NOTAUTH, dns.rcode.NOTIMP])
@pytest.mark.usefixtures("hasty")
async def test_an_error_is_no_acknowledgement(
    secondary: Toy, rcode: dns.rcode.Rcode, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(query: dns.message.Message) -> dns.message.Message:
        reply = acknowledge(query)
        reply.set_rcode(rcode)
        return reply

    secondary.answer = refuse
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: len(secondary.asked) == 3)
        assert not settled(found)
        lines = [one.message for one in caplog.records if one.name == "gslb.notify"]
        assert len(lines) == 1, "the same failure is logged once"
        assert f"it answers {dns.rcode.to_text(rcode)}; let it take NOTIFY" in lines[0]


@pytest.mark.usefixtures("hasty")
async def test_what_is_no_reply_to_it_is_not_heard(secondary: Toy) -> None:
    def nonsense(query: dns.message.Message) -> bytes:
        kind = len(secondary.asked)
        reply = acknowledge(query)
        if kind == 1:
            reply.id ^= 1
        elif kind == 2:
            reply.set_opcode(dns.opcode.QUERY)
        elif kind == 3:
            return query.to_wire()  # no reply, but the question itself
        elif kind == 4:
            return b"\0"
        return reply.to_wire()

    secondary.answer = nonsense
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: settled(found))
        assert len(secondary.asked) == 5


@pytest.mark.usefixtures("hasty")
async def test_a_signed_notify_wants_a_signed_answer(secondary: Toy, tmp_path: Path) -> None:
    def answer(query: dns.message.Message) -> dns.message.Message | bytes:
        assert query.had_tsig
        kind = len(secondary.asked)
        if kind == 1:  # not signed
            return unsigned(query)
        if kind == 2:  # signed as if it answered another request
            query.request_mac = b""
            reply = acknowledge(query)
            reply.request_mac = b"x" * 32
            return reply.to_wire()
        return acknowledge(query)

    def unsigned(query: dns.message.Message) -> bytes:
        reply = dns.message.make_query(ORIGIN, "SOA", id=query.id)
        reply.flags = dns.flags.Flag(dns.flags.QR | dns.flags.AA)
        reply.set_opcode(dns.opcode.NOTIFY)
        return reply.to_wire()

    secondary.answer = answer
    settings = {
        "transfer_keys": write_keys(tmp_path),
        "notify": (f"127.0.0.1:{secondary.port}#k384",),
    }
    async with primary(make_world(), None, **settings) as found:
        await until(lambda: settled(found))
        assert len(secondary.asked) == 3
        assert found.transfers.notifier.counts == {"sent": 3, "failed": 2, "acknowledged": 1}


@pytest.mark.usefixtures("hasty")
async def test_who_does_not_acknowledge_for_a_minute_raises_an_alarm() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    clock = [1000.0]
    async with primary(make_world(), clock, notify=(f"127.0.0.1:{port}",)) as found:
        notifier = found.transfers.notifier
        await until(lambda: notifier.counts["failed"] >= 2)
        assert len(found.alarms.standing) == 0
        clock[0] += 61
        await until(lambda: len(found.alarms.standing) == 1)
        alarm: Alarm = max(found.alarms.standing, key=lambda one: one.since)
        assert alarm.key == "notify"
        assert f"127.0.0.1:{port} (it cannot be reached: Connection refused): {ORIGIN}" in (
            alarm.words
        )
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Toy, local_addr=("127.0.0.1", port))
        edit(found, 1)  # wakes it at once, however long it would have waited
        await until(lambda: settled(found))
        transport.close()
        assert found.alarms.standing == ()


@pytest.mark.usefixtures("hasty")
async def test_a_zone_that_goes_is_told_no_more(secondary: Toy) -> None:
    secondary.answer = lambda _: None
    async with primary(make_world(), notify=(f"127.0.0.1:{secondary.port}",)) as found:
        await until(lambda: secondary.asked)
        found.publish(make_world().model_copy(update={"zones": {}}))
        await until(lambda: not found.transfers.notifier._tasks)
        assert found.transfers.facts() == {}


async def test_serials_that_go_back_raise_an_alarm_until_they_are_higher() -> None:
    lower = TEXT.replace("admin 7", "admin 1")
    async with primary(make_world(), transfer_to="127.0.0.0/8") as found:
        found.publish(make_world(lower))
        (alarm,) = found.alarms.standing
        assert alarm.key == "serial"
        assert f"{ORIGIN} (from 8 to 3)" in alarm.words
        found.publish(make_world(TEXT.replace("admin 7", "admin 5")))
        assert found.alarms.standing == (), "8 again is 5 written and revision 3"
        edit(found, 1)
        assert found.alarms.standing == ()


def test_a_notify_is_what_dnspython_takes_for_one() -> None:
    soa = compile_zone(make_world(), ORIGIN).soa
    message = dns.message.from_wire(notify.make_notify(soa, 77))
    assert (message.id, message.opcode()) == (77, dns.opcode.NOTIFY)
    text = f"ns1.{ORIGIN} admin.{ORIGIN} 7 7200 900 1209600 300"
    assert message.answer[0] == dns.rrset.from_text(ORIGIN, 3600, "IN", "SOA", text)
