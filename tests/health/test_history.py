"""The history of verdicts: how targets stood at a time, and how far back that is known."""

import threading

from gslb.health.history import History, Turn
from gslb.health.judge import State, Verdict
from gslb.health.target import Target
from gslb.model import TcpProbe

ONE, OTHER = (Target(TcpProbe(kind="tcp", port=1), f"127.0.0.{at}", 1) for at in (1, 2))


def state(verdict: Verdict, since: float) -> State:
    return State(verdict, since)


def turned() -> History:
    history = History(100.0, most=3)
    history.add(Turn(110.0, ONE, state(Verdict.UNKNOWN, 100.0)))
    history.add(Turn(120.0, OTHER, state(Verdict.UNKNOWN, 100.0)))
    history.add(Turn(130.0, ONE, state(Verdict.UP, 110.0)))
    return history


def test_the_first_turn_after_a_time_says_how_it_was_then() -> None:
    history = turned()
    assert history.after(105.0)[ONE].verdict is Verdict.UNKNOWN
    assert history.after(115.0)[ONE].verdict is Verdict.UP
    assert history.after(115.0)[OTHER].verdict is Verdict.UNKNOWN
    assert OTHER not in history.after(125.0)
    assert history.after(130.0) == {}


def test_it_reaches_as_far_as_its_turns() -> None:
    history = turned()
    assert history.reaches == 100.0
    history.add(Turn(140.0, OTHER, state(Verdict.UP, 120.0)))
    assert history.reaches == 110.0
    assert history.after(111.0)[ONE].verdict is Verdict.UP


def test_it_may_be_asked_while_it_grows() -> None:
    history = History(0.0, most=1000)
    stop = threading.Event()

    def grow() -> None:
        at = 1.0
        while not stop.is_set():
            history.add(Turn(at, ONE, state(Verdict.UP, at - 1)))
            at += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(2000):
            assert set(history.after(0.0)) <= {ONE}
    finally:
        stop.set()
        thread.join()
