"""VIP names: the ladder of DESIGN, seen from outside. Shares are measured in tests/oracle."""

from collections import Counter
from collections.abc import Iterator

import dns.message
import pytest
from nameserver import Case, Nameserver, lines, make_world, plain, records

from gslb import snapshot
from gslb.model.names import to_wire

ZONE = """
@      3600 SOA   ns1 admin 1 7200 900 1209600 300
@      3600 NS    ns1
@      3600 MX    10 mail
ns1    3600 A     192.0.2.53
mail   3600 A     192.0.2.54
alias  600  CNAME ordered
*.wild 600  CNAME ordered
"""
TOKYO = {"members": [{"address": "192.0.2.10"}]}
OSAKA = {"members": [{"address": "198.51.100.10"}]}
FOUR = [{"address": f"203.0.113.{n}"} for n in range(1, 5)]
VIPS = {
    "ordered.gslb.example.": {
        "ttl": 20,
        "order": ["tokyo", "osaka"],
        "pools": {"tokyo": TOKYO, "osaka": OSAKA},
    },
    "shared.gslb.example.": {"pools": {"tokyo": TOKYO, "osaka": {"weight": 3, **OSAKA}}},
    "zero.gslb.example.": {"pools": {"tokyo": TOKYO, "osaka": {"weight": 0, **OSAKA}}},
    "two.gslb.example.": {"answers": 2, "pools": {"tokyo": {"members": FOUR}}},
    "all.gslb.example.": {"answers": "all", "pools": {"tokyo": {"members": FOUR}}},
    "many.gslb.example.": {"answers": 64, "pools": {"tokyo": {"members": FOUR}}},
    "dual.gslb.example.": {
        "answers": "all",
        "pools": {
            "tokyo": {
                "members": [
                    {"address": "192.0.2.10"},
                    {"address": "192.0.2.11"},
                    {"address": "2001:db8::10"},
                ]
            }
        },
    },
    "v6.gslb.example.": {"pools": {"tokyo": {"members": [{"address": "2001:db8::11"}]}}},
    "gslb.example.": {"ttl": 0, "pools": {"tokyo": TOKYO}},
}
WORLD = make_world(("gslb.example.", ZONE), vips=VIPS)
NODATA = "gslb.example. 300 SOA ns1.gslb.example. admin.gslb.example. 1 7200 900 1209600 300"

CASES = (
    Case("the first tier answers", "ordered.gslb.example.",
         answer="ordered.gslb.example. 20 A 192.0.2.10"),
    Case("the name in other case", "ORDERED.gslb.example.",
         answer="ordered.gslb.example. 20 A 192.0.2.10"),
    Case("a pool of weight 0 never answers", "zero.gslb.example.",
         answer="zero.gslb.example. 30 A 192.0.2.10"),
    Case("all of a pool", "all.gslb.example.",
         answer="\n".join(f"all.gslb.example. 30 A 203.0.113.{n}" for n in range(1, 5))),
    Case("more answers than members", "many.gslb.example.",
         answer="\n".join(f"many.gslb.example. 30 A 203.0.113.{n}" for n in range(1, 5))),
    Case("A takes the IPv4 members", "dual.gslb.example.", answer="""
         dual.gslb.example. 30 A 192.0.2.10
         dual.gslb.example. 30 A 192.0.2.11"""),
    Case("AAAA takes the IPv6 members", "dual.gslb.example.", "AAAA",
         answer="dual.gslb.example. 30 AAAA 2001:db8::10"),
    Case("a family without members is NODATA", "v6.gslb.example.", authority=NODATA),
    Case("another type is NODATA", "ordered.gslb.example.", "TXT", authority=NODATA),
    Case("below a VIP is nothing", "x.ordered.gslb.example.", rcode="NXDOMAIN", authority=NODATA),
    Case("at the apex, TTL 0", "gslb.example.", answer="gslb.example. 0 A 192.0.2.10"),
    Case("the apex keeps its own records", "gslb.example.", "MX",
         answer="gslb.example. 3600 MX 10 mail.gslb.example.",
         additional="mail.gslb.example. 3600 A 192.0.2.54"),
    Case("an alias to a VIP", "alias.gslb.example.", answer="""
         alias.gslb.example. 600 CNAME ordered.gslb.example.
         ordered.gslb.example. 20 A 192.0.2.10"""),
    Case("RFC 4592: a wildcard alias to a VIP", "any.wild.gslb.example.", answer="""
         any.wild.gslb.example. 600 CNAME ordered.gslb.example.
         ordered.gslb.example. 20 A 192.0.2.10"""),
)  # fmt: skip


@pytest.fixture(autouse=True)
def all_up(nameserver: Nameserver) -> Iterator[None]:
    yield
    nameserver.revive()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vip(nameserver: Nameserver, case: Case) -> None:
    nameserver.check(case)


def answers(nameserver: Nameserver, name: str, rtype: str = "A") -> list[str]:
    reply = nameserver.ask(plain(f"{name}.gslb.example.", rtype), "udp4")
    return [line.split()[-1] for line in records(reply.answer)]


def draws(nameserver: Nameserver, name: str, count: int) -> Counter[str]:
    return Counter(address for _ in range(count) for address in answers(nameserver, name))


def test_datacenters_share_by_weight(nameserver: Nameserver) -> None:
    found = draws(nameserver, "shared", 400)
    assert found.keys() == {"192.0.2.10", "198.51.100.10"}
    assert found["198.51.100.10"] > 1.5 * found["192.0.2.10"]  # 3 to 1; 5 sigma away from 1.5


def test_two_answers_are_two_members_and_not_always_the_same(nameserver: Nameserver) -> None:
    pairs = {tuple(answers(nameserver, "two")) for _ in range(200)}
    assert all(len(set(pair)) == 2 for pair in pairs)
    assert len(pairs) == 6


def test_a_weight_is_effective_at_once(nameserver: Nameserver) -> None:
    for _ in range(50):
        nameserver.weigh({"192.0.2.10": 0})
        assert answers(nameserver, "ordered") == ["198.51.100.10"]
        nameserver.weigh({"192.0.2.10": 0.001})
        assert answers(nameserver, "ordered") == ["192.0.2.10"]


def test_a_dead_member_leaves_the_answer_and_its_pool_stays(nameserver: Nameserver) -> None:
    nameserver.weigh({"203.0.113.1": 0, "203.0.113.3": 0})
    assert answers(nameserver, "all") == ["203.0.113.2", "203.0.113.4"]
    assert answers(nameserver, "two") == ["203.0.113.2", "203.0.113.4"]


def test_a_cname_follows_the_failover(nameserver: Nameserver) -> None:
    nameserver.weigh({"192.0.2.10": 0})
    assert answers(nameserver, "alias") == ["ordered.gslb.example.", "198.51.100.10"]


@pytest.mark.parametrize(("cap", "ttl"), [(5, 5), (0, 0), (1000, 20)])
def test_a_words_ttl_cap_caps_the_ttl(nameserver: Nameserver, cap: int, ttl: int) -> None:
    nameserver.engine.set_members(to_wire("gslb.example."), [(_word_of(), snapshot.word(1, cap))])
    reply = nameserver.ask(plain("ordered.gslb.example."), "udp4")
    assert records(reply.answer) == lines(f"ordered.gslb.example. {ttl} A 192.0.2.10")


def _word_of() -> int:
    """Find the word of the ordered VIP's member in tokyo."""
    from gslb.compiler import compile_zone  # noqa: PLC0415  (only here)

    zone = snapshot.decode_zone(compile_zone(WORLD, "gslb.example.").document)
    keys, _ = snapshot.zone_keys(zone)
    wanted = ("ordered.gslb.example.", "tokyo", "192.0.2.10")
    return [tuple(key) for key in keys].index(wanted)


def test_a_seed_fixes_the_draw(nameserver: Nameserver) -> None:
    packet = plain("shared.gslb.example.").to_wire()
    engine = nameserver.engine

    def draw(seed: int) -> str:
        reply = engine.respond(packet, "127.0.0.1", seed=seed)
        assert reply is not None
        return records(dns.message.from_wire(reply).answer)[0]

    first = [draw(seed) for seed in range(50)]
    assert first == [draw(seed) for seed in range(50)]
    assert len(set(first)) == 2
