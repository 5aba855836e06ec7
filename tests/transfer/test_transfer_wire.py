"""Transfers over the wire: RFC 5936, RFC 1995; who is refused, and what else may be asked there."""

import asyncio
import socket

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.update
import pytest
from primary import (
    KEYRING,
    ORIGIN,
    TEXT,
    Primary,
    ask,
    axfr,
    fetch,
    lines,
    make_world,
    primary,
    receive,
    send,
    until,
)

BIG = TEXT + "\n".join(f'n{n} 60 TXT "{n} {"x" * 200}"' for n in range(2000))
LONG = TEXT + "long 60 TXT " + " ".join(f'"{"y" * 250}"' for _ in range(200))


async def messages(found: Primary, query: dns.message.Message) -> list[dns.message.Message]:
    """Read the messages of a transfer, up to its second SOA."""
    async with found.connection() as (reader, writer):
        await send(writer, query)
        parts: list[dns.message.Message] = []
        soas = 0
        while soas < 2:
            wire = await receive(reader)
            assert wire is not None
            assert len(wire) <= 16384
            parts.append(dns.message.from_wire(wire, xfr=True, one_rr_per_rrset=True))
            soas += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in parts[-1].answer)
        return parts


async def test_an_address_that_is_listed_needs_no_key(open_one: Primary) -> None:
    assert len(lines(await fetch(open_one))) == 4
    assert open_one.transfers.facts()[ORIGIN]["transfers"]["127.0.0.1"]["key"] is None


async def test_2_2_the_question_stands_in_the_first_message_and_the_soa_at_both_ends() -> None:
    async with primary(make_world(BIG), transfer_to="127.0.0.0/8") as found:
        query = axfr()
        query.use_edns(0, payload=4096)
        parts = await messages(found, query)
        assert len(parts) > 20
        assert [len(part.question) for part in parts] == [1] + [0] * (len(parts) - 1)
        assert [part.edns for part in parts] == [0] + [-1] * (len(parts) - 1), "RFC 5936 2.2.5"
        assert {part.id for part in parts} == {query.id}
        assert all(part.flags == dns.flags.QR | dns.flags.AA for part in parts)
        ends = parts[0].answer[0], parts[-1].answer[-1]
        assert [end.rdtype for end in ends] == [dns.rdatatype.SOA] * 2
        assert len([one for part in parts for one in part.answer]) == 2003 + 2
        assert len(lines(await fetch(found))) == 2004


async def test_a_record_longer_than_a_message_should_be_goes_alone() -> None:
    async with primary(make_world(LONG), transfer_to="127.0.0.0/8") as found:
        zone = await fetch(found)
        (text,) = zone.find_rdataset(f"long.{ORIGIN}", "TXT")
        assert len(text.strings) == 200


async def test_nobody_may_by_default() -> None:
    async with primary(make_world()) as found:
        for rtype in ("AXFR", "IXFR"):
            reply = await ask(found, axfr(rtype=rtype))
            assert reply.rcode() == dns.rcode.REFUSED
        assert found.transfers.hall.counts == {}, "the plane refused it"
        assert found.plane.counters()["refused"] == 2


async def test_who_is_not_listed_and_does_not_sign_is_refused(
    keyed: Primary, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        reply = await ask(keyed, axfr())
        assert reply.rcode() == dns.rcode.REFUSED
        assert reply.question == axfr().question
    assert keyed.transfers.hall.counts == {"refused": 3}
    told = [one.message for one in caplog.records if one.levelname == "WARNING"]
    (line,) = told  # once in a minute
    assert line == (
        "AXFR of gslb.example. is refused to 127.0.0.1: it is not signed, and the address is not "
        "in the setting transfer_to"
    )


async def test_a_zone_that_is_not_ours_is_notauth(keyed: Primary) -> None:
    for zone in ("www.gslb.example.", "example.", "other.", "."):
        reply = await ask(keyed, axfr(zone, key="k256."))
        assert reply.rcode() == dns.rcode.NOTAUTH
        assert reply.had_tsig


async def test_ixfr_is_answered_with_the_whole_zone_or_the_soa_alone(keyed: Primary) -> None:
    for serial, records in ((6, 5), (7, 5), (8, 1), (9, 1), (8 + 2**31, 5), (2**32 - 1, 5)):
        query = axfr(rtype="IXFR")
        text = f"ns1. admin. {serial} 1 1 1 1"
        query.authority.append(dns.rrset.from_text(ORIGIN, 60, "IN", "SOA", text))
        query.use_tsig(KEYRING, "k256.")
        reply = await ask(keyed, query)
        assert sum(map(len, reply.answer)) == records, serial
        assert reply.answer[0].rdtype == dns.rdatatype.SOA
        assert reply.answer[0][0].serial == 8
        assert reply.had_tsig
    assert keyed.transfers.hall.counts == {"ixfr": 4, "current": 2}


async def test_over_udp_axfr_is_refused_and_ixfr_gets_the_soa(open_one: Primary) -> None:
    """RFC 5936 section 4.2 defines no AXFR over UDP; RFC 1995 section 2 says the SOA alone."""
    refused = await dns.asyncquery.udp(axfr(), "127.0.0.1", 5, open_one.port)
    assert refused.rcode() == dns.rcode.REFUSED
    query = axfr(rtype="IXFR")
    query.authority.append(dns.rrset.from_text(ORIGIN, 60, "IN", "SOA", "ns1. admin. 7 1 1 1 1"))
    reply = await dns.asyncquery.udp(query, "127.0.0.1", 5, open_one.port)
    assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.SOA]
    assert reply.answer[0][0].serial == 8
    assert reply.flags == dns.flags.QR | dns.flags.AA


async def test_questions_before_and_behind_a_transfer_are_answered_in_order(
    open_one: Primary,
) -> None:
    async with open_one.connection() as (reader, writer):
        queries = [
            axfr(f"www.{ORIGIN}", "A"),
            axfr(),
            axfr(f"www.{ORIGIN}", "A"),
            axfr(),
            axfr("x.", "A"),
        ]
        wires = [query.to_wire() for query in queries]
        writer.write(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))
        for query in queries:
            wire = await receive(reader)
            assert wire is not None
            assert dns.message.from_wire(wire, xfr=True).id == query.id
        writer.write_eof()
        assert await receive(reader) is None
        assert open_one.transfers.hall.counts == {"axfr": 2, "questions": 2}


async def test_notify_and_update_that_come_in_are_not_implemented(open_one: Primary) -> None:
    """RFC 1996 section 3.10 and RFC 2136 section 3: from who is no primary of ours, or at all."""
    notify = axfr(rtype="SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    update = dns.update.UpdateMessage(ORIGIN)
    update.add("new", 60, "A", "192.0.2.1")
    for query in (notify, update):
        replies = [await dns.asyncquery.udp(query, "127.0.0.1", 5, open_one.port)]
        async with open_one.connection() as (reader, writer):
            for part in (query, axfr(), query):
                await send(writer, part)
            wires = [await receive(reader) for _ in range(3)]
            replies += [dns.message.from_wire(wire) for wire in wires[::2] if wire is not None]
            assert [(reply.rcode(), reply.opcode()) for reply in replies] == [
                (dns.rcode.NOTIMP, query.opcode())
            ] * 3
    assert open_one.press.serials == {ORIGIN: 8}


@pytest.mark.parametrize(
    "bad",
    [b"\0\0", b"\0\x0b" + b"x" * 11, b"\xff\xff", b"\0"],
    ids=["empty", "short", "cut", "one"],
)
async def test_what_is_no_message_ends_the_connection(open_one: Primary, bad: bytes) -> None:
    async with open_one.connection() as (reader, writer):
        await send(writer, axfr())
        writer.write(bad)
        writer.write_eof()
        assert await receive(reader) is not None
        assert await receive(reader) is None
        assert len(lines(await fetch(open_one))) == 4


async def test_a_zone_is_told_as_it_was_when_the_transfer_began() -> None:
    async with (
        primary(make_world(BIG), transfer_to="127.0.0.0/8") as found,
        found.connection() as (reader, writer),
    ):
        await send(writer, axfr())
        first = await receive(reader)
        found.publish(make_world())
        texts = soas = 0
        part: bytes | None = first
        while part is not None:
            message = dns.message.from_wire(part, xfr=True, one_rr_per_rrset=True)
            texts += sum(one.rdtype == dns.rdatatype.TXT for one in message.answer)
            found_soas = [one[0].serial for one in message.answer if one.rdtype == 6]
            assert set(found_soas) <= {8}
            soas += len(found_soas)
            part = await receive(reader) if soas < 2 else None
        assert texts == 2000
        assert len(lines(await fetch(found))) == 4


async def test_who_asks_and_half_closes_still_gets_everything() -> None:
    async with (
        primary(make_world(BIG), transfer_to="127.0.0.0/8") as found,
        found.connection() as (reader, writer),
    ):
        await send(writer, axfr())
        writer.write_eof()
        await until(lambda: found.transfers.hall.counts["axfr"])
        records = 0
        while (part := await receive(reader)) is not None:
            records += int.from_bytes(part[6:8], "big")
        assert records == 2005


async def test_so_many_at_once_and_the_others_wait() -> None:
    """Those who read nothing hold their turns; who waits is served when one of them leaves."""
    data = r"\# 8000 " + "00" * 8000
    huge = TEXT + "\n".join(f"n{n} 60 TYPE65280 {data}" for n in range(150))
    async with primary(make_world(huge), transfer_to="127.0.0.0/8", transfers_at_once=2) as found:
        holders = []
        for _ in range(2):
            wire = socket.socket()
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.setblocking(False)  # noqa: FBT003
            await asyncio.get_running_loop().sock_connect(wire, ("127.0.0.1", found.port))
            query = axfr().to_wire()
            wire.send(len(query).to_bytes(2, "big") + query)
            holders.append(wire)
        await until(lambda: found.transfers.hall.running == 2)
        waiting = asyncio.create_task(messages(found, axfr()))
        reply = await dns.asyncquery.udp(axfr(rtype="SOA"), "127.0.0.1", 5, found.port)
        assert reply.answer, "the plane answers the while"
        assert not waiting.done()
        assert found.transfers.hall.running == 2
        holders[0].close()
        assert len(await asyncio.wait_for(waiting, 15)) > 70
        assert found.transfers.hall.counts["failed"] == 1
        holders[1].close()


async def test_who_leaves_in_the_middle_harms_nobody(open_one: Primary) -> None:
    for _ in range(30):
        async with open_one.connection() as (_, writer):
            await send(writer, axfr())
            writer.transport.abort()
    assert len(lines(await fetch(open_one))) == 4
    await until(lambda: not open_one.transfers._sessions)
    assert open_one.transfers.hall.running == 0


async def test_an_idle_connection_is_closed() -> None:
    async with (
        primary(make_world(), transfer_to="127.0.0.0/8", tcp_idle="100ms") as found,
        found.connection() as (reader, writer),
    ):
        await send(writer, axfr())
        assert await receive(reader) is not None
        assert await receive(reader) is None


async def test_many_connections_at_once(open_one: Primary) -> None:
    zones = await asyncio.gather(*(fetch(open_one) for _ in range(50)))
    assert {frozenset(lines(zone)) for zone in zones} == {frozenset(lines(zones[0]))}
