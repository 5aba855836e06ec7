"""Signed questions: over TCP and UDP, right ones and wrong ones, RFC 8945 section 5."""

import asyncio
from asyncio.subprocess import PIPE, STDOUT
from base64 import b64encode
from pathlib import Path

import dns.asyncquery
import dns.flags
import dns.message
import dns.name
import dns.rcode
import peers
import pytest
from primary import (
    KEYRING,
    ORIGIN,
    SECRETS,
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
    write_keys,
)


@pytest.mark.parametrize("key", SECRETS)
async def test_a_signed_transfer(keyed: Primary, key: str) -> None:
    assert lines(await fetch(keyed, key)) == {
        "gslb.example. 3600 IN SOA ns1.gslb.example. admin.gslb.example. 8 7200 900 1209600 300",
        "gslb.example. 3600 IN NS ns1.gslb.example.",
        "ns1.gslb.example. 3600 IN A 192.0.2.53",
        "www.gslb.example. 60 IN A 192.0.2.1",
    }
    assert keyed.transfers.hall.counts == {"axfr": 1}
    told = keyed.transfers.facts()[ORIGIN]["transfers"]["127.0.0.1"]
    assert (told["serial"], told["key"], told["kind"]) == (8, key, "axfr")


async def test_an_unknown_key_gets_badkey_and_a_wrong_secret_badsig(keyed: Primary) -> None:
    for secret, name, error in (
        (b"x" * 32, "other.", dns.tsig.PeerBadKey),
        (b"x" * 32, "k256.", dns.tsig.PeerBadSignature),
    ):
        ring = {dns.name.from_text(name): dns.tsig.Key(name, secret, "hmac-sha256")}
        for rtype in ("AXFR", "SOA"):
            query = axfr(rtype=rtype)
            query.use_tsig(ring, name)
            async with keyed.connection() as (reader, writer):
                await send(writer, query)
                wire = await receive(reader)
                assert wire is not None
                with pytest.raises(error):
                    dns.message.from_wire(wire, keyring=ring, request_mac=query.mac)
                assert wire[3] & 0xF == dns.rcode.NOTAUTH
    assert keyed.transfers.hall.counts == {"refused": 4}


async def test_a_wrong_clock_gets_badtime(tmp_path: Path) -> None:
    clock = [1_000_000_000.0]
    async with primary(make_world(), clock, transfer_keys=write_keys(tmp_path)) as found:
        with pytest.raises(dns.tsig.PeerBadTime):
            await ask(found, axfr(key="k256."))


async def test_signed_questions_get_signed_answers(keyed: Primary) -> None:
    for rtype, rcode in (("SOA", dns.rcode.NOERROR), ("A", dns.rcode.NOERROR)):
        reply = await ask(keyed, axfr(rtype=rtype, key="k512."))
        assert (reply.rcode(), reply.had_tsig) == (rcode, True)
    reply = await ask(keyed, axfr("none.gslb.example.", "A", "k256."))
    assert (reply.rcode(), reply.had_tsig) == (dns.rcode.NXDOMAIN, True)


async def test_a_malformed_question_for_a_transfer_is_formerr(keyed: Primary) -> None:
    for query in (axfr(), axfr(key="k256.")):
        wire = query.to_wire()
        broken = wire[:11] + bytes([wire[11] + 1]) + wire[12:]  # one record more than there is
        async with keyed.connection() as (reader, writer):
            await send(writer, axfr(key="k256."))
            await receive(reader)
            await send(writer, broken)
            reply = await receive(reader)
            assert reply is not None
            assert reply[:2] == wire[:2]
            assert reply[3] & 0xF == dns.rcode.FORMERR


async def test_signed_questions_over_udp_get_signed_answers(keyed: Primary) -> None:
    """As BIND asks for the SOA before it transfers."""
    for rtype, edns, count in (("SOA", -1, 1), ("SOA", 0, 1), ("AXFR", -1, 0)):
        query = axfr(rtype=rtype)
        query.use_edns(edns)
        query.use_tsig(KEYRING, "k512.")
        reply = await dns.asyncquery.udp(query, "127.0.0.1", 5, keyed.port)
        assert reply.had_tsig
        assert len(reply.answer) == count
        assert reply.rcode() == (dns.rcode.NOERROR if count else dns.rcode.REFUSED)
    moved = keyed.plane.counters()
    assert (moved["udp_received"], moved["udp_handed_over"], moved["udp_answered"]) == (3, 3, 0)


async def test_5_3_2_over_udp_what_is_too_long_to_sign_is_truncated(tmp_path: Path) -> None:
    text = TEXT + "fits 60 TXT " + " ".join(f'"{"z" * 100}"' for _ in range(4))
    async with primary(make_world(text), transfer_keys=write_keys(tmp_path)) as found:
        for payload, cut in ((None, True), (1232, False)):
            query = axfr(f"fits.{ORIGIN}", "TXT")
            query.use_edns(-1 if payload is None else 0, payload=payload or 512)
            query.use_tsig(KEYRING, "k512.")
            reply = await dns.asyncquery.udp(query, "127.0.0.1", 5, found.port)
            assert reply.had_tsig
            assert bool(reply.flags & dns.flags.TC) == cut
            assert len(reply.answer) == (0 if cut else 1)


async def test_an_unknown_key_over_udp_gets_badkey(keyed: Primary) -> None:
    ring = {dns.name.from_text("o."): dns.tsig.Key("o.", b"x" * 32, "hmac-sha256")}
    query = axfr(rtype="SOA")
    query.use_tsig(ring, "o.")
    with pytest.raises(dns.tsig.PeerBadKey):
        await dns.asyncquery.udp(query, "127.0.0.1", 5, keyed.port)


async def test_after_a_refusal_the_connection_ends(keyed: Primary) -> None:
    """So nobody without a key can hold a place here."""
    ring = {dns.name.from_text("o."): dns.tsig.Key("o.", b"x" * 32, "hmac-sha256")}
    unknown = axfr(rtype="SOA")
    unknown.use_tsig(ring, "o.")
    for query in (axfr(), unknown):
        async with keyed.connection() as (reader, writer):
            await send(writer, query)
            assert await receive(reader) is not None
            assert await receive(reader) is None
    await until(lambda: not keyed.transfers._sessions)


async def test_refusals_of_ever_new_names_fill_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1_000_000.0]
    async with primary(make_world(), clock, transfer_keys=write_keys(tmp_path)) as found:

        async def ask_for(names: range) -> list[str]:
            caplog.clear()
            for number in names:
                assert (await ask(found, axfr(f"z{number}."))).rcode() == dns.rcode.REFUSED
            return [one.message for one in caplog.records if one.levelname == "WARNING"]

        lines = await ask_for(range(40))
        assert len(lines) == 31
        assert lines[-1].startswith("more is refused, and not logged for up to 60 s")
        assert await ask_for(range(40, 45)) == []
        clock[0] += 61
        assert len(await ask_for(range(45, 50))) == 5
        assert found.transfers.hall.counts == {"refused": 50}


@pytest.mark.parametrize(
    "program", [pytest.param(name, marks=pytest.mark.peer(name)) for name in ("dig", "kdig")]
)
@pytest.mark.parametrize("key", SECRETS)
async def test_dig_and_kdig_transfer_and_check_every_signature(
    program: str, key: str, tmp_path: Path
) -> None:
    """Over several messages; both tools say so if a signature is not right."""
    text = TEXT + "\n".join(f'n{n} 60 TXT "{n} {"x" * 200}"' for n in range(300))
    algorithm, secret = SECRETS[key]
    signed = f"{algorithm}:{key}:{b64encode(secret).decode()}"
    async with primary(make_world(text), transfer_keys=write_keys(tmp_path)) as found:
        process = await asyncio.create_subprocess_exec(
            *(peers.path_of(program), "@127.0.0.1", "-p", str(found.port), "-y", signed),
            *(ORIGIN, "AXFR"),
            stdout=PIPE,
            stderr=STDOUT,
        )
        told = (await process.communicate())[0].decode()
        assert process.returncode == 0, told
        assert found.transfers.hall.counts == {"axfr": 1}
    assert sum("\tTXT\t" in line for line in told.splitlines()) == 300
    assert sum("\tSOA\t" in line for line in told.splitlines()) == 2
    for complaint in ("TSIG could not be validated", "Couldn't verify", "BADSIG", "WARNING"):
        assert complaint not in told
