"""Why a client gets its answer: the plane's trace of the real decision, told with the verdicts.

Nothing is decided again here. A question is put to the very function that answers packets, with a
witness; what the witness wrote is joined with what the health board knows, so that every
candidate, chosen or not, has a reason.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_interface, ip_network
from typing import Any

from dnslib import EDNS0, QTYPE, DNSHeader, DNSQuestion, DNSRecord, EDNSOption

from gslb.health import Standing
from gslb.model import Fault, Invalid, MemberKey
from gslb.model.names import canonical, labels
from gslb.plane import Plane

ECS = 8  # option code, RFC 7871 section 6
FAMILIES = {4: 1, 6: 2}  # RFC 7871 section 6, by IP version

Ask = Callable[[MemberKey], Standing | None]


def explain(plane: Plane, standing: Ask, name: str, rtype: str, client: str) -> dict[str, Any]:
    """Explain the answer to one question of one client, as JSON-ready data.

    `client` is an address, or a network such as 203.0.113.0/24, which is sent as ECS (RFC 7871).
    The keys of the plane's trace are kept; members gain `verdict`, `since`, `observation` and
    `reason`; `sentences` tells the whole. Invalid names every bad argument.
    """
    packet, source = _question(name, rtype, client)
    trace = plane.explain(packet, source, seed=secrets.randbits(63))
    for tier in trace.get("tiers") or ():
        for pool in tier["pools"]:
            for member in pool["members"]:
                key = MemberKey(trace["vip"], pool["datacenter"], member["address"])
                member |= _health(standing(key))
                member["reason"] = _why(trace, tier, pool, member)
    trace["question"] = {"name": name, "type": rtype, "client": client}
    trace["sentences"] = list(_tell(trace))
    return trace


def _question(name: str, rtype: str, client: str) -> tuple[bytes, str]:
    faults: list[Fault] = []
    absolute = name if name.endswith(".") else f"{name}."
    try:
        canonical(absolute)
    except ValueError as error:
        faults.append(Fault(("name",), str(error)))
    number = QTYPE.reverse.get(rtype.upper())
    if number is None and rtype.upper().startswith("TYPE") and rtype[4:].isdigit():
        number = int(rtype[4:])
    if number is None:
        faults.append(Fault(("type",), f"{rtype!r} is not a record type; write A or AAAA"))
    try:
        interface = ip_interface(client)
    except ValueError:
        faults.append(
            Fault(("client",), f"{client!r} is not a client; write 203.0.113.7 or 203.0.113.0/24")
        )
    if faults:
        raise Invalid(faults)
    record = DNSRecord(DNSHeader(id=0, rd=0), q=DNSQuestion(list(labels(absolute)), number))
    options = [] if "/" not in client else [_ecs(str(interface.ip), interface.network.prefixlen)]
    record.add_ar(EDNS0(udp_len=1232, opts=options))
    return record.pack(), str(interface.ip)


def _ecs(address: str, prefix: int) -> EDNSOption:
    """Make an ECS option with the address cut to its prefix (RFC 7871 section 6)."""
    network = ip_network(f"{address}/{prefix}", strict=False)
    octets = network.network_address.packed[: (prefix + 7) // 8]
    return EDNSOption(ECS, bytes([0, FAMILIES[network.version], prefix, 0]) + octets)


def _health(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"verdict": "up", "since": None, "observation": "not probed"}
    last = standing.observation
    return {
        "verdict": str(standing.verdict),
        "since": standing.since,
        "observation": last.words if last else "not observed yet",
    }


def _why(
    trace: dict[str, Any], tier: dict[str, Any], pool: dict[str, Any], member: dict[str, Any]
) -> str:
    """Say in a phrase why this member was, or was not, answered."""
    if not member["family_match"]:
        return f"its address is not what a {trace['type']} question asks for"
    if member["configured"] == 0:
        return "its configured weight is 0"
    if member["weight"] == 0 and not member["chosen"]:
        return f"{member['verdict']} since {_when(member['since'])}: {member['observation']}"
    if member["chosen"]:
        return "chosen" if member["weight"] else "chosen by the fallback, although not live"
    if pool["weight"] == 0:
        return "its pool's weight is 0"
    if tier["chosen"]:
        if pool["chosen"]:
            return f"live, another member was drawn (its share is {member['share']:.1%})"
        return f"live, another pool was drawn (this pool's share is {pool['share']:.1%})"
    return "live, but an earlier tier answered"


def _when(since: float | None) -> str:
    return (
        "the start" if since is None else f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%SZ}"
    )


def _tell(trace: dict[str, Any]) -> Iterator[str]:
    client = trace["client"]
    found = "sent by its resolver (ECS)" if client["from"] == "ecs" else "the packet's source"
    yield f"The client is {client['address']}/{client['prefix']}, {found}."
    if trace.get("zone") is None:
        yield f"No zone here holds {trace['name']}: {trace['rcode']}."
        return
    yield (
        f"{trace['name']} {trace['type']} is answered from zone {trace['zone']} "
        f"at revision {trace['revision']}: {trace['lookup']}, {trace['rcode']}."
    )
    if trace.get("vip"):
        yield from _tell_ladder(trace)
    answers = ", ".join(trace["answers"])
    if answers:
        yield f"Answered: {answers}, TTL {trace['ttl']} s, ECS scope /{trace['scope']}."


def _tell_ladder(trace: dict[str, Any]) -> Iterator[str]:
    steer = f"map {trace['map']}, class {trace['class']}" if trace.get("map") else "its own tiers"
    yield f"{trace['vip']} is a VIP; {steer} gives this client {len(trace['tiers'])} tier(s)."
    for tier in trace["tiers"]:
        state = "answers" if tier["chosen"] else "live" if tier["live"] else "nothing live"
        yield f"Tier {tier['tier'] + 1} ({', '.join(tier['datacenters'])}): {state}."
        for pool in tier["pools"]:
            for member in pool["members"]:
                yield (
                    f"  {pool['datacenter']} {member['address']} "
                    f"weight {member['weight']:g}: {member['reason']}."
                )
    if trace.get("fallback"):
        yield f"Nothing was live, so the fallback answered: {trace['fallback']}."
