"""Packets that made the plane panic: told once, with the packet; the alarm ends an hour later."""

import asyncio
import logging

import pytest

from gslb.panics import CALM_AFTER, KINDS, Panics
from gslb.plane import Plane
from gslb.telemetry import Alarms

BOMB = (b"\x12\x34\x01\x00", "192.0.2.7", "index out of bounds at src/wire/query.rs:1:2")


class Bench:
    """Panics with a plane that has nothing unless told, and a clock that stands."""

    def __init__(self) -> None:
        self.kept: list[tuple[bytes, str, str]] = []
        self.now = 0.0
        self.alarms = Alarms(lambda: self.now)
        self.asked = asyncio.Event()
        self.panics = Panics(self.drain, self.alarms, lambda: self.now)

    def drain(self) -> list[tuple[bytes, str, str]]:
        """Give what the plane has kept."""
        self.asked.set()
        kept, self.kept = self.kept, []
        return kept

    def look(self, *kept: tuple[bytes, str, str]) -> None:
        """Look while the plane has kept these."""
        self.kept.extend(kept)
        self.panics.look()

    @property
    def words(self) -> list[str]:
        """The words of the alarm, if it stands."""
        return [alarm.words for alarm in self.alarms.standing if alarm.key == "plane-panic"]


def test_a_packet_is_logged_whole_and_says_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.look(BOMB)
    (line,) = [one for one in caplog.messages if "192.0.2.7" in one]
    for part in ("12340100", BOMB[2], "please report it"):
        assert part in line
    assert BOMB[2] in bench.words[0]


def test_the_same_panic_again_is_not_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.look(BOMB, BOMB)
    bench.look((b"\x99", "192.0.2.8", BOMB[2]))
    other = "attempt to subtract with overflow at src/choose.rs:3:4"
    bench.look((b"\x98", "192.0.2.9", other))
    told = [record for record in caplog.records if record.name == "gslb.panics"]
    assert [record.levelno for record in told] == [logging.ERROR] * 2
    assert other in bench.words[0]


def test_a_flood_of_messages_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    for number in range(10 * KINDS):
        bench.look((b"", "192.0.2.7", str(number)))
    told = [record for record in caplog.records if record.name == "gslb.panics"]
    assert len(told) == KINDS


def test_the_alarm_ends_an_hour_after_the_last_panic() -> None:
    bench = Bench()
    bench.look(BOMB)
    bench.now = CALM_AFTER - 1
    bench.look(BOMB)
    bench.now += CALM_AFTER - 1
    bench.look()
    assert bench.words
    bench.now += 1
    bench.look()
    assert bench.words == []
    bench.look(BOMB)
    assert bench.words == [], "it was logged, and a panic that is known wakes nobody again"


async def test_a_node_looks_every_second_and_a_sound_plane_has_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gslb.panics.LOOK_EVERY", 0.0)
    bench = Bench()
    following = asyncio.create_task(bench.panics.follow())
    bench.kept.append(BOMB)
    await asyncio.wait_for(bench.asked.wait(), 10)
    assert bench.words
    following.cancel()
    assert list(Plane().panics()) == []
