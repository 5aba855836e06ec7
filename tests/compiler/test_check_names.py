"""Faults of VIPs of names, and of their hints, each alone; and what a transfer tells of them."""

from typing import Any

import pytest

from gslb.compiler import check, compile_zone
from gslb.model import World
from gslb.model.names import from_wire
from gslb.snapshot import decode_zone
from gslb.transfer.listing import list_zone, soa_entry

NAMES = {"tokyo": {"members": [{"name": "cdn.example.net."}]}}
ADDRESSES = {"pools": {"tokyo": {"members": [{"address": "192.0.2.1"}]}}}
MIXED = {"tokyo": {"members": [{"name": "cdn.example.net."}, {"address": "192.0.2.1"}]}}
SITE = "site.x.example."


def world(vip: dict[str, Any], *rows: tuple[str, str, str], name: str = SITE) -> World:
    records = [
        ("x.example.", "SOA", "ns.x.example. host.x.example. 1 2 3 4 5"),
        ("x.example.", "NS", "ns.x.example."),
        ("ns.x.example.", "A", "192.0.2.53"),
        *rows,
    ]
    rrsets = [
        {"name": owner, "type": rtype, "ttl": 60, "rdata": [data]} for owner, rtype, data in records
    ]
    return World.model_validate(
        {
            "zones": {"x.example.": {"origin": "x.example.", "rrsets": rrsets}},
            "datacenters": {"tokyo": {}, "paris": {}},
            "probes": {"tcp": {"kind": "tcp", "port": 80}},
            "vips": {name: vip},
        }
    )


FAULTS = {
    "sound": (world({"pools": NAMES}), []),
    "mixed": (world({"pools": MIXED}), ["names and addresses"]),
    "answers": (world({"pools": NAMES, "answers": 2}), ["set answers to 1"]),
    "addresses": (
        world({"pools": NAMES, "fallback": {"addresses": ["192.0.2.1"]}}),
        ["let its fallback be"],
    ),
    "itself": (world({"pools": {"tokyo": {"members": [{"name": SITE}]}}}), ["member of itself"]),
    "probed": (world({"pools": NAMES, "probe": "tcp"}), ["give it a probe_address"]),
    "probed elsewhere": (
        world(
            {
                "probe": "tcp",
                "pools": {
                    "tokyo": {
                        "members": [{"name": "cdn.example.net.", "probe_address": "192.0.2.9"}]
                    }
                },
            }
        ),
        [],
    ),
    "apex": (world({"pools": NAMES}, name="x.example."), ["is the apex"]),
    "beside": (world({"pools": NAMES}, (SITE, "TXT", '"t"')), ["has TXT records"]),
    "HTTPS beside": (world({"pools": NAMES}, (SITE, "HTTPS", "1 .")), ["has HTTPS records"]),
    "hints": (
        world(ADDRESSES, (SITE, "HTTPS", "1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1")),
        ["leave ipv4hint out", "leave ipv6hint out"],
    ),
    "hints by its name": (
        world(ADDRESSES, (SITE, "SVCB", "2 Site.X.example. ipv4hint=192.0.2.1")),
        ["leave ipv4hint out"],
    ),
    "hints at another's addresses": (
        world(ADDRESSES, (SITE, "HTTPS", "1 ns.x.example. ipv4hint=192.0.2.53")),
        [],
    ),
    "service without hints": (world(ADDRESSES, (SITE, "HTTPS", "1 . alpn=h2")), []),
    "alias of a service": (world(ADDRESSES, (SITE, "HTTPS", "0 ns.x.example.")), []),
    "named by MX": (world({"pools": NAMES}, ("x.example.", "MX", f"1 {SITE}")), ["VIP of names"]),
}


@pytest.mark.parametrize(("world", "sentences"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_alone(world: World, sentences: list[str]) -> None:
    told = [fault.sentence for fault in check(world)]
    assert len(told) == len(sentences), told
    assert all(part in sentence for part, sentence in zip(sentences, told, strict=True)), told


def test_a_transfer_tells_the_name_of_the_greatest_share() -> None:
    vip = {
        "pools": {
            "tokyo": {"members": [{"name": f"{n}.example.net."} for n in "abc"]},
            "paris": {"members": [{"name": "d.example.net."}, {"name": "e.example.net.",
                                                               "weight": 3}]},
        }
    }  # fmt: skip
    compiled = compile_zone(world(vip), "x.example.")
    assert decode_zone(compiled.document).vips[0].names
    entries = list_zone(compiled.document, soa_entry(compiled.soa), "members")
    (alias,) = (entry for entry in entries if from_wire(entry.owner) == SITE)
    assert (alias.type, from_wire(alias.data)) == (5, "e.example.net.")
