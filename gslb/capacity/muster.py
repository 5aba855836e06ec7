"""Which pools have enough live members: `min_live`, counted as verdicts come.

Only pools that need more than one live member are counted: a pool without any is passed over by
the plane itself. A change of one member's weight costs one look-up, however many pools there are.
"""

from collections.abc import Callable, Iterable

from gslb.model import MemberKey, Pool, PoolKey, Steering

Weigh = Callable[[MemberKey], float]


class _Count:
    __slots__ = ("live", "pool")

    def __init__(self, pool: Pool, live: set[str]) -> None:
        self.pool = pool
        self.live = live

    @property
    def enough(self) -> bool:
        return len(self.live) >= self.pool.needed


class Muster:
    """Counts live members; a member is live if its effective weight is above 0."""

    def __init__(self, weigh: Weigh) -> None:
        self._weigh = weigh
        self._counts: dict[PoolKey, _Count] = {}

    def follow(self, steering: Steering) -> None:
        """Count the pools of a new steering; those that did not change keep their counts."""
        old, self._counts = self._counts, {}
        for vip, noun in steering.vips.items():
            for datacenter, pool in noun.pools.items():
                if pool.min_live != 1:
                    key = PoolKey(vip, datacenter)
                    kept = old.get(key)
                    same = kept is not None and kept.pool is pool
                    self._counts[key] = kept if same and kept else self._count(key, pool)

    def _count(self, key: PoolKey, pool: Pool) -> _Count:
        targets = (member.target for member in pool.members)
        return _Count(pool, {name for name in targets if self._weigh(MemberKey(*key, name)) > 0})

    def reweigh(self, changes: Iterable[tuple[MemberKey, float]]) -> list[PoolKey]:
        """Take in members' new effective weights; give the pools that now have enough, or not."""
        before: dict[PoolKey, bool] = {}
        for (vip, datacenter, target), weight in changes:
            key = PoolKey(vip, datacenter)
            count = self._counts.get(key)
            if count is not None:
                before.setdefault(key, count.enough)
                (count.live.add if weight > 0 else count.live.discard)(target)
        return [key for key, enough in before.items() if self._counts[key].enough != enough]

    def enough(self, key: PoolKey) -> bool:
        """Whether a pool has as many live members as it needs."""
        count = self._counts.get(key)
        return count is None or count.enough

    def count(self, key: PoolKey) -> tuple[int, int]:
        """Give how many members of a counted pool live, and how many are needed."""
        count = self._counts[key]
        return len(count.live), count.pool.needed

    def short(self) -> dict[PoolKey, tuple[int, int]]:
        """Give the pools that are down for want of live members: how many live, how many needed."""
        return {
            key: (len(count.live), count.pool.needed)
            for key, count in self._counts.items()
            if not count.enough
        }
