"""The right shares of a VIP's members: the ladder of DESIGN in exact fractions, by plain loops.

It draws nothing: it says how often each member should be drawn, and how likely counts as seen are.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from gslb.model import Pool, Vip

Weights = Mapping[tuple[str, str], int]
"""Effective weight by (datacenter, address)."""


def configured(vip: Vip) -> dict[tuple[str, str], int]:
    """Give the weights of a VIP whose members are all up."""
    return {
        (site, str(member.address)): member.weight
        for site, pool in vip.pools.items()
        for member in pool.members
    }


def tiers(vip: Vip) -> Sequence[Sequence[str]]:
    """Give the tiers: as ordered, or all datacenters in one."""
    return vip.order or (tuple(vip.pools),)


def live_members(pool: Pool, site: str, weights: Weights, family: int) -> dict[str, int]:
    """Give a pool's members of a family that can be drawn, with their weights."""
    return {
        str(member.address): weights[site, str(member.address)]
        for member in pool.members
        if member.address is not None
        and member.address.version == family
        and weights[site, str(member.address)]
    }


def shares(vip: Vip, weights: Weights, family: int) -> dict[str, Fraction]:
    """Give each member's share of the first draw, by address; empty if nothing is live."""
    for tier in tiers(vip):
        live = {
            site: found
            for site in tier
            if site in vip.pools
            and vip.pools[site].weight
            and (found := live_members(vip.pools[site], site, weights, family))
        }
        if not live:
            continue
        whole = sum(vip.pools[site].weight for site in live)
        return {
            address: Fraction(vip.pools[site].weight, whole) * Fraction(weight, sum(pool.values()))
            for site, pool in live.items()
            for address, weight in pool.items()
        }
    return {}


def chi_square(counts: Mapping[str, int], expected: Mapping[str, Fraction]) -> float:
    """Give the statistic of counts against shares; every share must be above 0."""
    total = sum(counts.values())
    return sum(
        (counts.get(key, 0) - total * float(share)) ** 2 / (total * float(share))
        for key, share in expected.items()
    )


def chance(statistic: float, freedom: int) -> float:
    """Give the chance that a chi-square of this many degrees of freedom is greater.

    The upper incomplete gamma function, which is a finite sum for whole and half numbers.
    """
    half = statistic / 2
    found = math.erfc(math.sqrt(half)) if freedom % 2 else 0.0
    at = 0.5 if freedom % 2 else 0.0
    while at < freedom / 2:
        found += math.exp(-half) * half**at / math.gamma(at + 1)
        at += 1
    return found
