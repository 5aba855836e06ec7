"""Targets: who is probed where, and which are the same."""

from typing import Any

import pytest

from gslb.health import Target, targets_of
from gslb.model import Broken, HttpProbe, MemberKey, Steering, TcpProbe


def steering(probes: dict[str, Any], **vip: Any) -> Steering:
    return Steering.model_validate({"probes": probes, "vips": {"www.gslb.example.": vip}})


def key(address: str, datacenter: str = "tokyo") -> MemberKey:
    return MemberKey("www.gslb.example.", datacenter, address)


def test_the_port_is_the_members_or_the_probes_or_the_kinds() -> None:
    members = [{"address": "192.0.2.1"}, {"address": "192.0.2.2", "probe_port": 81}]
    pools = {"tokyo": {"members": members}}
    found = targets_of(steering({"web": {"kind": "http"}}, probe="web", pools=pools))
    assert [target.port for target in found.values() if target] == [80, 81]
    found = targets_of(steering({"web": {"kind": "http", "port": 8080}}, probe="web", pools=pools))
    assert [target.port for target in found.values() if target] == [8080, 81]


def test_the_address_is_the_probe_address_if_there_is_one() -> None:
    pools = {
        "tokyo": {"members": [{"address": "192.0.2.1", "probe_address": "127.0.0.1"}]},
        "paris": {"members": [{"address": "2001:db8::1"}]},
    }
    found = targets_of(steering({"web": {"kind": "http"}}, probe="web", pools=pools))
    assert {k: t.authority for k, t in found.items() if t} == {
        key("192.0.2.1"): "127.0.0.1:80",
        key("2001:db8::1", "paris"): "[2001:db8::1]:80",
    }


def test_without_a_probe_there_is_no_target() -> None:
    pools = {"tokyo": {"members": [{"address": "192.0.2.1"}]}}
    assert targets_of(steering({}, pools=pools)) == {key("192.0.2.1"): None}


def test_what_does_not_hold_together_is_broken() -> None:
    pools = {"tokyo": {"members": [{"address": "192.0.2.1"}]}}
    with pytest.raises(Broken, match="'web'"):
        targets_of(steering({}, probe="web", pools=pools))
    with pytest.raises(Broken, match="port"):
        targets_of(steering({"t": {"kind": "tcp"}}, probe="t", pools=pools))


def http(**said: Any) -> HttpProbe:
    return HttpProbe.model_validate({"kind": "http", **said})


def test_equal_definitions_are_one_target_wherever_the_port_is_written() -> None:
    one = Target(http(port=8080), "192.0.2.1", 8080)
    assert one == Target(http(), "192.0.2.1", 8080)
    assert hash(one) == hash(Target(http(path="/"), "192.0.2.1", 8080))


def test_any_other_definition_address_or_port_is_another_target() -> None:
    one = Target(http(), "192.0.2.1", 80)
    others = [
        Target(http(path="/x"), "192.0.2.1", 80),
        Target(http(interval="9s"), "192.0.2.1", 80),
        Target(http(fall=1), "192.0.2.1", 80),
        Target(http(), "192.0.2.2", 80),
        Target(http(), "192.0.2.1", 81),
        Target(TcpProbe(kind="tcp"), "192.0.2.1", 80),
    ]
    assert len({one, *others}) == 7


def test_the_texts_are_pinned_because_they_are_remembered() -> None:
    web = http(path="/healthz", host="www", interval="5s", contains="ok", status=[200, "301-302"])
    assert Target(web, "2001:db8::1", 8080).text == (
        'http [2001:db8::1]:8080 {"contains":"ok","host":"www","interval":"5s",'
        '"path":"/healthz","status":["200","301-302"]}'
    )
    assert Target(TcpProbe(kind="tcp"), "192.0.2.1", 22).text == "tcp 192.0.2.1:22"


def test_people_read_a_shorter_name() -> None:
    assert str(Target(http(path="/x"), "2001:db8::1", 80)) == "http://[2001:db8::1]:80/x"
    assert str(Target(TcpProbe(kind="tcp"), "192.0.2.1", 22)) == "tcp 192.0.2.1:22"
