"""What is written is read back as the same world, whatever the world."""

import tempfile
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gslb.compiler import check
from gslb.model import Datacenter, Map, Refused, Rrset, RrsetKey, Vip, World, Zone
from gslb.model.names import to_text
from gslb.model.probe import HttpProbe, TcpProbe
from gslb.zones import read_folder, schema, write_folder

EXAMPLE = Path(__file__).parents[2] / "zones"

KEYS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True) | st.sampled_from(
    ["no", "null", "true", "1e3", "0x1f", "2024-01-01", "12"]
)
LABELS = st.binary(min_size=1, max_size=6).map(bytes.lower) | st.sampled_from(
    [b"www", b"*", b"$ttl", b"@", b"a.b", b"in", b"300", b"0/25", b'"q']
)
BELOW = st.lists(LABELS, max_size=3).map(tuple)
ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address)
NETWORKS = st.builds(
    lambda bits, length: IPv4Network((bits, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
) | st.builds(
    lambda bits, length: IPv6Network((bits, length), strict=False),
    st.integers(0, 2**128 - 1),
    st.integers(0, 64),
)
TTLS = st.integers(0, 2**31 - 1) | st.just(300)
WEIGHTS = st.integers(0, 65535)
TIERS = st.lists(st.lists(KEYS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(
    tuple
)
NUMBER = st.integers(0, 2**31 - 1)
QUOTED = st.binary(max_size=20).map(lambda data: '"' + "".join(f"\\{b:03d}" for b in data) + '"')
HOST = BELOW.map(to_text)
DATA: dict[str, st.SearchStrategy[str]] = {
    "A": st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n))),
    "AAAA": st.integers(0, 2**128 - 1).map(lambda n: str(IPv6Address(n))),
    "MX": st.builds(lambda n, host: f"{n} {host}", st.integers(0, 65535), HOST),
    "NS": HOST,
    "CNAME": HOST,
    "TXT": st.lists(QUOTED, min_size=1, max_size=3).map(" ".join),
    "SRV": st.builds(lambda n, host: f"1 {n} 80 {host}", st.integers(0, 65535), HOST),
    "CAA": QUOTED.map(lambda text: f"0 issue {text}"),
    "HTTPS": HOST.map(lambda host: f'1 {host} alpn="h2,h3" ipv4hint=192.0.2.1'),
    "TYPE65280": st.binary(max_size=8).map(lambda data: f"\\# {len(data)} {data.hex()}"),
    "SOA": st.builds(lambda a, b, n: f"{a} {b} {n} 1 2 3 4", HOST, HOST, NUMBER),
}


@st.composite
def rrsets(draw: st.DrawFn, origin: tuple[bytes, ...]) -> Rrset:
    rtype = draw(st.sampled_from(sorted(DATA)))
    owner = to_text((*draw(BELOW), *origin))
    host = draw(st.sampled_from(["", to_text(origin)]))
    data = draw(st.lists(DATA[rtype], min_size=1, max_size=3))
    if host and rtype == "NS":
        data.append(host)
    # Two records that differ in case alone are one to every reader of master files.
    data = list({text.lower(): text for text in data}.values())
    return Rrset(name=owner, type=rtype, ttl=draw(TTLS), rdata=tuple(data))


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    origin = draw(st.sampled_from([(), (b"example",), (b"a", b"example"), (b"0/25", b"a.b")]))
    found = draw(st.lists(rrsets(origin), max_size=6))
    unique = {rrset.key: rrset for rrset in found}
    return Zone(origin=to_text(origin), rrsets=unique)


PROBES = st.builds(
    HttpProbe,
    kind=st.just("http"),
    path=st.just("/x y".replace(" ", "%20")),
    interval=st.integers(100_000, 86_400_000),
    timeout=st.integers(1, 100_000),
    contains=st.none() | st.text(min_size=1, max_size=20),
    load_header=st.none() | st.just("X-Load"),
    status=st.sampled_from([((200, 200),), ((200, 399), (404, 404))]),
) | st.builds(TcpProbe, kind=st.just("tcp"), port=st.none() | st.integers(1, 65535))

NAMES = BELOW.map(to_text)
TARGETS = st.fixed_dictionaries({"address": ADDRESSES}) | st.fixed_dictionaries({"name": NAMES})
MEMBERS = st.tuples(
    TARGETS,
    st.fixed_dictionaries(
        {"weight": WEIGHTS},
        optional={"probe_address": ADDRESSES, "probe_port": st.integers(1, 65535)},
    ),
).map(lambda parts: parts[0] | parts[1])
CAPACITIES = st.floats(0.001, 1e9) | st.fixed_dictionaries(
    {"limit": st.integers(1, 10**9)},
    optional={
        "load": st.sampled_from(["answers", "push", "probe"]),
        "shed_from": st.integers(1, 79),
        "shed_full": st.integers(81, 1000).map("{}%".format),
        "fresh": st.integers(1, 86_400_000),
    },
)
POOLS = st.fixed_dictionaries(
    {
        "weight": WEIGHTS,
        "members": st.lists(
            MEMBERS,
            min_size=1,
            max_size=3,
            unique_by=lambda m: str(min(m.items())),
        ),
    },
    optional={
        "min_live": st.integers(1, 65535) | st.integers(1, 100).map("{}%".format),
        "capacity": CAPACITIES,
    },
)
NEAREST = st.just("nearest") | st.fixed_dictionaries(
    {"nearest": st.integers(1, 16)},
    optional={
        "depth": st.integers(16, 256),
        "among": st.lists(KEYS, min_size=1, max_size=3),
    },
)
VIPS = st.fixed_dictionaries(
    {"ttl": TTLS, "pools": st.dictionaries(KEYS, POOLS, min_size=1, max_size=3)},
    optional={
        "order": TIERS,
        "probe": KEYS,
        "answers": st.integers(1, 64) | st.just("all"),
        "sticky": st.booleans()
        | st.fixed_dictionaries({"ipv4": st.integers(1, 32), "ipv6": st.integers(1, 64)}),
        "family": st.sampled_from(["apart", "same_datacenter"]),
        "fallback_ttl": TTLS,
        "fallback": st.sampled_from(["all", "none", "servfail"])
        | st.fixed_dictionaries({"addresses": st.lists(ADDRESSES, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"vip": NAMES}),
    },
).map(Vip.model_validate)
RULES = st.fixed_dictionaries(
    {"networks": st.lists(NETWORKS, min_size=1, max_size=4), "to": TIERS | NEAREST},
    optional={"country": st.sampled_from(["NO", "BR"]), "city": st.text(min_size=1, max_size=8)},
)
MAPS = st.builds(
    lambda rules, otherwise: Map.model_validate({"rules": rules, "otherwise": otherwise}),
    st.lists(RULES, max_size=3),
    TIERS | NEAREST | st.fixed_dictionaries({"map": KEYS}),
)
LOCATIONS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
DATACENTERS = st.fixed_dictionaries(
    {},
    optional={"location": LOCATIONS, "bias": st.integers(-99, 99), "capacity": CAPACITIES},
).map(Datacenter.model_validate)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    found = {zone.origin: zone for zone in draw(st.lists(zones(), min_size=1, max_size=3))}
    names = BELOW.map(lambda below: to_text((*below, b"a", b"example")))
    return World(
        zones=found,
        datacenters=draw(st.dictionaries(KEYS, DATACENTERS, max_size=3)),
        probes=draw(st.dictionaries(KEYS, PROBES, max_size=2)),
        maps=draw(st.dictionaries(KEYS, MAPS, max_size=2)),
        vips=draw(st.dictionaries(names, VIPS, max_size=3)),
    )


@given(worlds())
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
def test_read_after_write_is_the_same_world(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = write_folder(world, Path(folder))
        reading = read_folder(Path(folder))
        text = "\n".join(file.read_text() for file in files)
    assert not reading.faults, text
    assert reading.world == world, text
    assert {name: list(vip.pools) for name, vip in reading.world.vips.items()} == {
        name: list(vip.pools) for name, vip in world.vips.items()
    }


def test_the_example_has_no_faults_and_goes_round(tmp_path: Path) -> None:
    reading = read_folder(EXAMPLE)
    assert reading.faults == ()
    assert check(reading.world) == ()
    write_folder(reading.world, tmp_path)
    again = read_folder(tmp_path)
    assert again.faults == ()
    assert again.world == reading.world
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        file.name for file in EXAMPLE.iterdir()
    )


def test_the_example_shows_what_it_should() -> None:
    world = read_folder(EXAMPLE).world
    rrsets = world.zones["gslb.example."].rrsets
    assert {"SOA", "NS", "MX", "TXT", "CAA", "HTTPS", "SRV", "CNAME"} <= {
        key.type for key in rrsets
    }
    assert len(rrsets[RrsetKey("gslb.example.", "NS")].rdata) == 2
    assert RrsetKey("ns.sub.gslb.example.", "A") in rrsets
    assert {str(vip.fallback)[:9] for vip in world.vips.values()} == {
        "all", "none", "servfail", "addresses",
    }  # fmt: skip
    ports = {"tokyo": 18081, "frankfurt": 18082, "virginia": 18083}
    for vip in world.vips.values():
        for datacenter, pool in vip.pools.items():
            assert {member.probe_port for member in pool.members} == {ports[datacenter]}


def test_shared_parts_of_several_zones_stand_in_one_file(tmp_path: Path) -> None:
    vip = Vip.model_validate({"pools": {"tokyo": {"members": [{"address": "192.0.2.1"}]}}})
    world = World(
        zones={name: Zone(origin=name, rrsets={}) for name in ("a.example.", "b.example.")},
        datacenters={"tokyo": Datacenter()},
        vips={"www.a.example.": vip},
    )
    files = {file.name: file.read_text() for file in write_folder(world, tmp_path)}
    assert sorted(files) == [
        "a.example.yaml",
        "a.example.zone",
        "b.example.zone",
        "datacenters.yaml",
    ]
    assert files["datacenters.yaml"] == "datacenters:\n  tokyo: {}\n"
    assert "www.a.example.:" in files["a.example.yaml"]


def test_a_folder_with_strangers_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "other.zone").write_text("kept")
    world = World(zones={"a.example.": Zone(origin="a.example.", rrsets={})})
    with pytest.raises(Refused, match=r"holds other\.zone"):
        write_folder(world, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["other.zone"]


def test_files_are_replaced_and_others_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("mine")
    world = World(zones={"a.example.": Zone(origin="a.example.", rrsets={})})
    write_folder(world, tmp_path)
    write_folder(world, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["README", "a.example.zone"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Refused, match="cannot write"):
        write_folder(World(), tmp_path / "taken")


def test_the_schema_knows_every_key() -> None:
    found: Any = schema()
    assert set(found["properties"]) == {"datacenters", "probes", "maps", "vips"}
    assert found["additionalProperties"] is False
    member = found["$defs"]["Member"]
    assert {"type": "string"} in member["properties"]["address"]["anyOf"]
    assert member["properties"]["weight"]["maximum"] == 65535
