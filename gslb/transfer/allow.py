"""Who may transfer zones: nobody, unless the settings name its network or it signs with a key."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from gslb.transfer.keys import Key


class Allowed:
    """The networks that may transfer unsigned; a right signature is let through from anywhere."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        self._networks = tuple(networks)

    def refusal(self, peer: str, key: Key | None) -> str | None:
        """Say why a peer may not; None if it may. `key` is what it has rightly signed with."""
        if key is not None:
            return None
        address = ip_address(peer)
        if any(address in network for network in self._networks):
            return None
        return "it is not signed, and the address is not in the setting transfer_to"
