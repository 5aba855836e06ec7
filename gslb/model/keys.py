"""How a member and a pool are called across rooms: by what an operator would call them."""

from typing import NamedTuple


class PoolKey(NamedTuple):
    """A VIP's pool in one datacenter."""

    vip: str
    datacenter: str

    def __str__(self) -> str:
        return f"{self.vip}/{self.datacenter}"


class MemberKey(NamedTuple):
    """A member: its VIP, its datacenter, its answered address."""

    vip: str
    datacenter: str
    address: str

    def __str__(self) -> str:
        return f"{self.vip}/{self.datacenter}/{self.address}"
