"""The law of shedding: golden cases, its proof by examples, no flapping, late loads."""

import random
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gslb.capacity import Shedding, Watermarks, advance, share_of

MARKS = Watermarks(0.8, 1.0)
SETTLE = 30.0
EVERY = 5.0

marks = st.tuples(st.floats(0.05, 2), st.floats(0.05, 2)).map(
    lambda drawn: Watermarks(drawn[0], drawn[0] + drawn[1])
)


@pytest.mark.parametrize(
    ("offered", "share"),
    [(0.0, 0.0), (0.8, 0.0), (1.0, 1 / 6), (1.2, 2 / 7), (2.0, 6 / 11), (10.0, 46 / 51)],
)
def test_golden_shares(offered: float, share: float) -> None:
    assert share_of(offered, MARKS) == pytest.approx(share)


@given(marks, st.floats(0, 1e6))
def test_what_stays_lies_between_the_watermarks(found: Watermarks, offered: float) -> None:
    share = share_of(offered, found)
    stays = offered * (1 - share)
    assert 0 <= share < 1
    assert stays <= found.high * (1 + 1e-6)
    assert stays >= min(offered, found.low) * (1 - 1e-6)


@given(marks, st.floats(0, 1e4), st.floats(0, 1e4))
def test_more_load_never_sheds_less(found: Watermarks, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert share_of(low, found) <= share_of(high, found)


class Site:
    """A site whose clients move evenly over one TTL, and which tells its load."""

    def __init__(self, noise: float = 0.0, seed: int = 1) -> None:
        self.state = Shedding()
        self.now = 0.0
        self.loads: list[float] = []
        self.shares: list[float] = []
        self._past: deque[float] = deque([0.0], maxlen=int(SETTLE / EVERY))
        self._random = random.Random(seed)
        self._noise = noise

    def live(self, offered: float, seconds: float) -> None:
        """Offer a load for some time."""
        for _ in range(int(seconds / EVERY)):
            felt = sum(self._past) / len(self._past)
            load = offered * (1 - felt)
            told = load * (1 + self._random.uniform(-self._noise, self._noise))
            self.state = advance(self.state, told, MARKS, SETTLE, self.now)
            self._past.append(self.state.share)
            self.now += EVERY
            self.loads.append(load)
            self.shares.append(self.state.share)

    @property
    def turns(self) -> int:
        """How often the share turned from growing to shrinking, or back."""
        moves = [b - a for a, b in pairwise(self.shares) if a != b]
        return sum(a * b < 0 for a, b in pairwise(moves))


@given(st.floats(0.5, 5))
def test_it_settles_between_the_watermarks(offered: float) -> None:
    site = Site()
    site.live(offered, 20 * SETTLE)
    assert site.loads[-1] <= MARKS.high
    assert site.loads[-1] >= min(offered, MARKS.low) * 0.9
    assert len(set(site.shares[-30:])) == 1


@given(st.integers(0, 1000), st.floats(0.7, 3))
def test_noise_of_a_twentieth_does_not_flap(seed: int, offered: float) -> None:
    site = Site(noise=0.05, seed=seed)
    site.live(offered, 10 * SETTLE)
    site.shares.clear()
    site.live(offered, 60 * SETTLE)
    assert site.turns <= 2


def test_a_rush_is_shed_at_once_and_taken_back_in_steps() -> None:
    site = Site()
    site.live(0.5, 60)
    assert site.state.share == 0
    site.live(2.0, EVERY)
    assert site.state.share == pytest.approx(6 / 11)
    site.live(2.0, 10 * SETTLE)
    full = site.state.share
    site.live(0.5, 10 * SETTLE)
    assert site.state.share == 0
    assert full > 0.4
    assert site.turns <= 2
    steps = [a - b for a, b in pairwise(site.shares) if a > b]
    assert max(steps) <= 0.10 + 1e-9


def test_a_load_that_is_not_believed_gives_the_clients_back_slowly() -> None:
    state = Shedding(share=0.25, felt=0.25, offered=1.1, changed=0.0, seen=0.0)
    shares = []
    for second in range(200):
        state = advance(state, None, MARKS, SETTLE, float(second))
        shares.append(state.share)
    assert shares[29] == 0.25
    assert shares[30] == pytest.approx(0.15)
    assert shares[60] == pytest.approx(0.05)
    assert shares[90] == 0


def test_a_crowd_that_comes_by_overflow_is_no_trap() -> None:
    """Where all shed, each gets its part whatever it sheds; afterwards all is taken back."""
    state, now = Shedding(), 0.0
    for _ in range(500):
        state = advance(state, 1.5, MARKS, SETTLE, now)
        now += EVERY
    assert state.share > 0.9
    for _ in range(500):
        state = advance(state, 0.7, MARKS, SETTLE, now)
        now += EVERY
    assert state.share == 0
