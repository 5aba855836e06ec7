"""A zone of 100,000 names transfers while UDP answers go on and the event loop stays free."""

import asyncio
import time

import dns.asyncquery
import dns.message
import pytest
from primary import ORIGIN, axfr, make_world, primary, receive, send

from gslb.model import Rrset, Rrsets, World

NAMES = 100_000
LONGEST = 1.0  # seconds that an answer may take while another process may have the processor


def large() -> World:
    """Make a world as if it were checked: checking it anew would take longer than the test."""
    world = make_world()
    zone = world.zones[ORIGIN]
    rrsets = dict(zone.rrsets)
    for number in range(NAMES):
        rrset = Rrset.model_construct(
            name=f"n{number}.{ORIGIN}",
            type="A",
            ttl=60,
            rdata=(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",),
        )
        rrsets[rrset.key] = rrset
    zones = {ORIGIN: zone.model_copy(update={"rrsets": Rrsets.of(rrsets.values())})}
    return world.model_copy(update={"zones": zones})


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_large_zone_transfers_beside_the_answers() -> None:
    waits: list[float] = []
    done = asyncio.Event()

    async def ask(port: int) -> None:
        number = 0
        while not done.is_set():
            number += 7919
            query = dns.message.make_query(f"n{number % NAMES}.{ORIGIN}", "A")
            start = time.perf_counter()
            reply = await dns.asyncquery.udp(query, "127.0.0.1", 5, port)
            waits.append(time.perf_counter() - start)
            assert len(reply.answer) == 1

    async with primary(large(), transfer_to="127.0.0.0/8") as found:
        asking = asyncio.create_task(ask(found.port))
        records = frames = 0
        async with found.connection() as (reader, writer):
            await send(writer, axfr())
            while records < NAMES + 5:
                frame = await receive(reader)
                assert frame is not None, f"it ended after {records} records"
                records += int.from_bytes(frame[6:8], "big")
                frames += 1
        done.set()
        await asking
        assert (records, found.transfers.hall.counts) == (NAMES + 5, {"axfr": 1})
        assert records / frames > 300, "many records in a message"
    assert len(waits) > 50, "answers went on"
    assert max(waits) < LONGEST
