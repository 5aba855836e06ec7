"""A missing peer skips a test with a reason, and fails it where peers are required."""

import peers
import pytest

MISSING = "no-such-program-anywhere"


def test_daemons_are_found_outside_an_ordinary_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(peers, "SYSTEM", "/bin")
    assert peers.find("sh") == "/bin/sh"


def test_a_missing_peer_skips(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.delenv("GSLB_REQUIRE_PEERS", raising=False)
    request.node.add_marker(pytest.mark.peer(MISSING))
    with pytest.raises(pytest.skip.Exception, match=f"{MISSING} is not installed"):
        peers.check(request.node)


def test_a_missing_peer_fails_where_peers_are_required(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("GSLB_REQUIRE_PEERS", "1")
    request.node.add_marker(pytest.mark.peer(MISSING))
    with pytest.raises(pytest.fail.Exception, match=f"{MISSING} is not installed"):
        peers.check(request.node)


def test_a_present_peer_lets_the_test_run(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.peer("sh"))
    peers.check(request.node)
