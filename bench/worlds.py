"""The zones that are served, in words that every server reads."""

from collections.abc import Iterator
from dataclasses import dataclass

ORIGIN = "bench.example."
STATIC = f"www.{ORIGIN}"
ADDRESS = "192.0.2.1"
TEXT = f"text.{ORIGIN}"
"""A name whose TXT answer is long: what a flood would ask for."""
WEIGHTS = {"192.0.2.10": 5, "192.0.2.20": 3, "192.0.2.30": 2}
"""Each VIP's addresses, one to a datacenter, and their weights."""

_HEAD = f"""\
$ORIGIN {ORIGIN}
$TTL 300
@    SOA ns1.{ORIGIN} admin.{ORIGIN} 1 3600 600 86400 60
@    NS  ns1.{ORIGIN}
ns1  A   127.0.0.1
www  A   {ADDRESS}
text TXT {" ".join(['"' + "x" * 250 + '"'] * 4)}
"""


@dataclass(frozen=True)
class World:
    """One zone: the names above, so many static names more, and so many weighted VIPs."""

    name: str
    names: int
    vips: int

    def zone(self) -> str:
        """Give the master file of the ordinary records."""
        made = (f"host{at} A 10.{at >> 16}.{at >> 8 & 255}.{at & 255}" for at in range(self.names))
        return _HEAD + "".join(f"{line}\n" for line in made)

    def vip_names(self) -> Iterator[str]:
        """Give the VIPs' names, whole."""
        return (f"vip{at}.{ORIGIN}" for at in range(self.vips))

    def steering(self) -> str:
        """Give gslb's YAML: as many datacenters as addresses, sharing clients by weight."""
        sites = "".join(f"  site{at}: {{}}\n" for at in range(len(WEIGHTS)))
        pools = "".join(
            f"      site{at}: {{weight: {weight}, members: [{{address: {address}}}]}}\n"
            for at, (address, weight) in enumerate(WEIGHTS.items())
        )
        vips = "".join(f"  {vip}:\n    ttl: 30\n    pools:\n{pools}" for vip in self.vip_names())
        return f"datacenters:\n{sites}" + (f"vips:\n{vips}" if vips else "")


STEERED = World("steered", names=0, vips=1000)
LARGE = World("large", names=100_000, vips=0)
EDITED = World("edited", names=10_000, vips=1000)
