"""Targets: what is probed, apart from who uses it. Reads the steering; probes nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gslb.model import Broken, HttpProbe, Member, MemberKey, Probe, Steering
from gslb.model.probe import DEFAULT_PORTS


@lru_cache(maxsize=4096)
def _definition(probe: Probe) -> str:
    """Give what a probe says apart from its port, the same in each process.

    Defaults are left out, so that a key that a later version adds does not make it another probe.
    """
    said = probe.model_dump(mode="json", exclude_defaults=True, exclude={"kind", "port"})
    return json.dumps(said, sort_keys=True, separators=(",", ":")) if said else ""


@dataclass(frozen=True, slots=True)
class Target:
    """A whole probe definition, an address and a port: equal targets are probed once.

    `text` is the identity: readable, and stable across restarts and nodes.
    """

    probe: Probe = field(compare=False)
    address: str = field(compare=False)
    port: int = field(compare=False)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", f"{self.endpoint} {_definition(self.probe)}".rstrip())

    @property
    def authority(self) -> str:
        """The address and port, IPv6 in brackets (RFC 3986 section 3.2)."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """What stays the same when only the definition is edited: kind, address and port."""
        return f"{self.probe.kind} {self.authority}"

    @property
    def interval(self) -> float:
        """Seconds between probes."""
        return self.probe.interval / 1000

    def __str__(self) -> str:
        if isinstance(self.probe, HttpProbe):
            return f"http://{self.authority}{self.probe.path}"
        return self.endpoint


def targets_of(steering: Steering) -> dict[MemberKey, Target | None]:
    """Give every member's target, or None where its VIP has no probe.

    Broken if a VIP names a probe that is not there, or no port can be found: a check of the world
    refuses both before they come here.
    """
    found: dict[MemberKey, Target | None] = {}
    for name, vip in steering.vips.items():
        probe = _probe(steering.probes, name, vip.probe)
        for datacenter, pool in vip.pools.items():
            for member in pool.members:
                key = MemberKey(name, datacenter, member.target)
                found[key] = _target(key, probe, member) if probe else None
    return found


def _probe(probes: Mapping[str, Probe], vip: str, name: str | None) -> Probe | None:
    if name is None:
        return None
    probe = probes.get(name)
    if probe is None:
        raise Broken(f"{vip} names the probe {name!r}, which is not there; define it under probes")
    return probe


def _target(key: MemberKey, probe: Probe, member: Member) -> Target:
    port = member.probe_port or probe.port or DEFAULT_PORTS.get(probe.kind)
    if port is None:
        raise Broken(f"{key} has no port to probe; give its {probe.kind} probe a port")
    address = member.probe_address or member.address
    if address is None:
        raise Broken(f"{key} is a name, which is not looked up; give it a probe_address")
    return Target(probe, str(address), port)
