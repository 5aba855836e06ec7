"""The judge against its table, and against an oracle that remembers everything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gslb.health import Observation, State, Verdict, judge

UP, DOWN, UNKNOWN, DRAINED = Verdict.UP, Verdict.DOWN, Verdict.UNKNOWN, Verdict.DRAINED
RISE, FALL = 2, 3


def seen(*, ok: bool | None, at: float = 200.0) -> Observation:
    return Observation(ok, "words", at, 0.01)


TABLE: list[tuple[Verdict, int, bool | None, Verdict, int]] = [
    # verdict, streak, observation ─▶ verdict, streak
    (UNKNOWN, 0, True, UP, 0),
    (UNKNOWN, 0, False, DOWN, 0),
    (UNKNOWN, 0, None, UNKNOWN, 0),
    (UP, 0, True, UP, 0),
    (UP, 2, True, UP, 0),
    (UP, 0, False, UP, 1),
    (UP, 1, False, UP, 2),
    (UP, 2, False, DOWN, 0),
    (UP, 9, False, DOWN, 0),  # fall was lowered meanwhile
    (UP, 2, None, UP, 2),
    (DOWN, 0, False, DOWN, 0),
    (DOWN, 1, False, DOWN, 0),
    (DOWN, 0, True, DOWN, 1),
    (DOWN, 1, True, UP, 0),
    (DOWN, 9, True, UP, 0),
    (DOWN, 1, None, DOWN, 1),
    (DRAINED, 0, True, DRAINED, 0),
    (DRAINED, 0, False, DRAINED, 0),
    (DRAINED, 0, None, DRAINED, 0),
]


@pytest.mark.parametrize(("verdict", "streak", "ok", "after", "streak_after"), TABLE)
def test_each_row_of_the_table(
    *, verdict: Verdict, streak: int, ok: bool | None, after: Verdict, streak_after: int
) -> None:
    before = State(verdict, 100.0, streak, seen(ok=True, at=150.0))
    observation = seen(ok=ok)
    state = judge(before, observation, RISE, FALL)
    since = 100.0 if after is verdict else 200.0
    assert state == State(after, since, streak_after, observation)


def test_one_failure_is_enough_where_fall_is_one() -> None:
    state = judge(State(UP, 1.0), seen(ok=False), rise=1, fall=1)
    assert state.verdict is DOWN
    assert judge(state, seen(ok=True), rise=1, fall=1).verdict is UP


def oracle(history: list[bool | None], rise: int, fall: int) -> Verdict:
    """Say from the whole history what should be held true."""
    told = [ok for ok in history if ok is not None]
    verdict = UNKNOWN
    for end in range(1, len(told) + 1):
        if end == 1:
            verdict = UP if told[0] else DOWN
        elif end >= fall and not any(told[end - fall : end]):
            verdict = DOWN
        elif end >= rise and all(told[end - rise : end]):
            verdict = UP
    return verdict


@given(
    st.lists(st.sampled_from([True, False, None]), max_size=40),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_agrees_with_the_oracle(history: list[bool | None], rise: int, fall: int) -> None:
    state = State(UNKNOWN, 0.0)
    for at, ok in enumerate(history, start=1):
        before, state = state, judge(state, seen(ok=ok, at=at), rise, fall)
        assert state.verdict is oracle(history[:at], rise, fall)
        assert state.since == (before.since if state.verdict is before.verdict else at)
        assert state.last == seen(ok=ok, at=at)
        assert 0 <= state.streak < max(rise, fall)


@given(rise=st.integers(1, 100), fall=st.integers(1, 100), up=st.booleans())
def test_a_verdict_takes_all_of_its_rise_or_fall(*, rise: int, fall: int, up: bool) -> None:
    state = State(UP if up else DOWN, 0.0)
    needed = fall if up else rise
    for _ in range(needed - 1):
        state = judge(state, seen(ok=not up), rise, fall)
        assert state.verdict is (UP if up else DOWN)
    assert judge(state, seen(ok=not up), rise, fall).verdict is (DOWN if up else UP)


def test_it_changes_nothing_in_place() -> None:
    before = State(UP, 1.0)
    kept = replace(before)
    judge(before, seen(ok=False), 1, 1)
    assert before == kept
