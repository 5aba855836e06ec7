"""The board: what observations make of weights, and what edits leave standing."""

from typing import Any

import pytest

from gslb.health import Observation, State, Target, Verdict
from gslb.health.board import Board
from gslb.model import Broken, MemberKey, Steering

WEB = {"kind": "http", "rise": 2, "fall": 2}
A = MemberKey("www.gslb.example.", "tokyo", "192.0.2.1")
B = MemberKey("www.gslb.example.", "paris", "192.0.2.2")
C = MemberKey("api.gslb.example.", "tokyo", "192.0.2.1")  # the same target as A
D = MemberKey("api.gslb.example.", "paris", "192.0.2.9")


def world(
    web: dict[str, Any] | None = None, weight: int = 3, probe: str | None = "web"
) -> Steering:
    """Two VIPs; A and C share a target, D weighs nothing."""
    return Steering.model_validate(
        {
            "probes": {"web": web or WEB, "other": {"kind": "tcp", "port": 80}},
            "vips": {
                "www.gslb.example.": {
                    "probe": probe,
                    "pools": {
                        "tokyo": {"members": [{"address": "192.0.2.1", "weight": weight}]},
                        "paris": {"members": [{"address": "192.0.2.2"}]},
                    },
                },
                "api.gslb.example.": {
                    "probe": "web",
                    "pools": {
                        "tokyo": {"members": [{"address": "192.0.2.1", "weight": 5}]},
                        "paris": {"members": [{"address": "192.0.2.9", "weight": 0}]},
                    },
                },
            },
        }
    )


class Told:
    """A board, and what it told."""

    def __init__(self) -> None:
        self.told: list[tuple[MemberKey, float]] = []
        self.board = Board(lambda: 100.0, self.told.extend)
        self.at = 200.0

    def follow(self, steering: Steering, remembered: dict[str, State] | None = None) -> None:
        """Have it follow."""
        self.board.follow(steering, remembered or {})

    def see(self, key: MemberKey, seen: str) -> None:
        """Make observations of a member's target: + well, - failed, ? no testimony."""
        target = self.board._targets[key]
        assert target is not None
        for sign in seen:
            self.at += 1
            ok = {"+": True, "-": False, "?": None}[sign]
            self.board.observe(target, Observation(ok, f"seen {sign}", self.at, 0.1))

    def take(self) -> dict[MemberKey, float]:
        """Give what was told since the last time, nothing twice."""
        found = dict(self.told)
        assert len(found) == len(self.told)
        self.told.clear()
        return found

    def verdict(self, key: MemberKey) -> Verdict:
        """Give a member's verdict."""
        standing = self.board.standing(key)
        assert standing is not None
        return standing.verdict


@pytest.fixture
def t() -> Told:
    told = Told()
    told.follow(world())
    assert told.take() == {}
    return told


def test_unknown_counts_as_up(t: Told) -> None:
    assert [t.board.effective(key) for key in (A, B, C, D)] == [3, 1, 5, 0]
    assert t.board.unknown
    assert t.board.verdicts() == {
        Verdict.UP: 0,
        Verdict.DOWN: 0,
        Verdict.UNKNOWN: 3,
        Verdict.DRAINED: 0,
    }


def test_a_verdict_is_told_at_once_to_all_who_share_the_target(t: Told) -> None:
    t.see(A, "-")
    assert t.take() == {A: 0, C: 0}
    assert t.board.effective(A) == 0
    assert t.board.effective(B) == 1
    t.see(A, "+")
    assert t.take() == {}
    t.see(A, "+")
    assert t.take() == {A: 3, C: 5}


def test_from_unknown_to_up_no_weight_changes_and_nothing_is_told(t: Told) -> None:
    for key in (A, B, D):
        t.see(key, "+")
    assert t.take() == {}
    assert not t.board.unknown
    assert t.board.verdicts()[Verdict.UP] == 3


def test_no_testimony_moves_nothing_and_is_shown(t: Told) -> None:
    t.see(A, "+-???")
    assert t.take() == {}
    standing = t.board.standing(A)
    assert standing is not None
    assert (standing.verdict, standing.streak) == (Verdict.UP, 1)
    assert standing.observation == Observation(None, "seen ?", 205.0, 0.1)


def test_a_standing_says_why(t: Told) -> None:
    before = t.board.standing(A)
    assert before is not None
    assert (before.verdict, before.since, before.observation) == (Verdict.UNKNOWN, 100.0, None)
    t.see(A, "+--")
    standing = t.board.standing(A)
    assert standing is not None
    assert standing.verdict is Verdict.DOWN
    assert standing.since == 203.0
    assert standing.observation == Observation(ok=False, words="seen -", at=203.0, took=0.1)
    assert standing.target == "http://192.0.2.1:80/"
    assert standing.effective == 0
    assert [key for key, _ in t.board.standings()] == [A, B, C, D]


def test_a_member_without_a_probe_is_up_and_has_no_standing(t: Told) -> None:
    t.see(A, "-")
    t.take()
    t.follow(world(probe=None))
    assert t.take() == {A: 3}, "it stood on a verdict before"
    assert t.board.standing(A) is None
    assert t.board.effective(A) == 3
    assert t.board.effective(C) == 0
    t.follow(world())
    assert t.take() == {A: 0}, "its target never went away: the other VIP has it still"


def test_a_configured_weight_is_taken_and_not_told(t: Told) -> None:
    t.follow(world(weight=7))
    assert t.take() == {}
    assert t.board.effective(A) == 7


def test_an_edited_definition_keeps_the_verdict_but_not_the_streak(t: Told) -> None:
    t.see(A, "-+")
    t.see(B, "+-")
    t.take()
    t.follow(world({**WEB, "interval": "30s"}))
    assert t.take() == {}
    assert (t.verdict(A), t.verdict(B), t.verdict(D)) == (
        Verdict.DOWN,
        Verdict.UP,
        Verdict.UNKNOWN,
    )
    t.see(A, "+")
    t.see(B, "-")
    assert t.take() == {}, "the new definition takes its full rise and fall"
    t.see(A, "+")
    t.see(B, "-")
    assert t.take() == {A: 3, C: 5, B: 0}


@pytest.mark.parametrize("web", [{**WEB, "port": 8080}, {"kind": "tcp", "port": 80}])
def test_another_port_or_kind_begins_anew(t: Told, web: dict[str, Any]) -> None:
    t.see(A, "-")
    t.take()
    t.follow(world(web))
    assert t.take() == {A: 3, C: 5}
    assert t.verdict(A) is Verdict.UNKNOWN


def test_members_that_disagreed_begin_anew(t: Told) -> None:
    t.follow(world({**WEB, "path": "/a"}))
    split = Steering.model_validate(
        {
            **world().model_dump(mode="json"),
            "probes": {"web": WEB, "b": {**WEB, "path": "/b"}},
        }
    )
    vips = dict(split.vips)
    vips["api.gslb.example."] = vips["api.gslb.example."].model_copy(update={"probe": "b"})
    t.follow(split.model_copy(update={"vips": vips}))
    t.see(A, "+")
    t.see(C, "-")
    t.take()
    t.follow(world({**WEB, "path": "/c"}))
    assert t.verdict(A) is Verdict.UNKNOWN
    assert t.take() == {C: 5}


def test_a_remembered_verdict_stands_until_it_is_overturned() -> None:
    t = Told()
    text = "http 192.0.2.1:80 " + '{"fall":2}'
    down = State(
        Verdict.DOWN, 50.0, 0, Observation(ok=False, words="connect refused", at=50, took=1)
    )
    t.follow(world(), {text: down, "http 203.0.113.1:80": down})
    assert t.take() == {}, "weights are right before anyone asks; nobody had others"
    assert t.board.effective(A) == t.board.effective(C) == 0
    assert t.verdict(B) is Verdict.UNKNOWN
    t.see(A, "+")
    assert t.verdict(A) is Verdict.DOWN
    t.see(A, "+")
    assert t.take() == {A: 3, C: 5}


def test_a_broken_steering_changes_nothing(t: Told) -> None:
    t.see(A, "-")
    t.take()
    before = list(t.board.standings())
    with pytest.raises(Broken):
        t.follow(world(probe="nowhere"))
    assert list(t.board.standings()) == before
    assert t.take() == {}


def test_who_is_not_followed_is_not_weighed(t: Told) -> None:
    stranger = A._replace(address="192.0.2.77")
    with pytest.raises(Broken, match=r"192\.0\.2\.77"):
        t.board.effective(stranger)
    assert t.board.standing(stranger) is None


def test_an_observation_of_a_target_that_is_gone_is_dropped(t: Told) -> None:
    gone: Target | None = t.board._targets[B]
    assert gone is not None
    t.follow(Steering())
    t.board.observe(gone, Observation(ok=False, words="late", at=1.0, took=0.1))
    assert t.take() == {}
    assert t.board.verdicts()[Verdict.DOWN] == 0


def test_what_could_not_be_told_is_told_with_the_next_observation() -> None:
    fails = True
    told: list[tuple[MemberKey, float]] = []

    def on_weights(changes: Any) -> None:
        if fails:
            raise ZeroDivisionError
        told.extend(changes)

    board = Board(lambda: 100.0, on_weights)
    board.follow(world(), {})
    target = next(iter(board.targets))
    bad = Observation(ok=False, words="connect refused", at=1.0, took=0.1)
    with pytest.raises(ZeroDivisionError):
        board.observe(target, bad)
    fails = False
    board.observe(target, bad)
    board.observe(target, bad)
    assert sorted(told) == [(C, 0), (A, 0)]
