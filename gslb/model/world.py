"""The world: everything that an operator has said, at one revision."""

from typing import Final

from pydantic import Field

from gslb.model.maps import Map
from gslb.model.names import Name, ancestors
from gslb.model.probe import Probe
from gslb.model.steering import Datacenter, Vip
from gslb.model.values import Key, Noun
from gslb.model.zone import Zone

COLLECTIONS: Final = ("datacenters", "probes", "maps", "vips")
"""The parts of a world that `zones/*.yaml` holds; zones stand in master files."""


class Steering(Noun):
    """The part of a world that says where clients go; what `zones/*.yaml` may hold."""

    datacenters: dict[Key, Datacenter] = Field(default_factory=dict)
    probes: dict[Key, Probe] = Field(default_factory=dict)
    maps: dict[Key, Map] = Field(default_factory=dict)
    vips: dict[Name, Vip] = Field(default_factory=dict)


class World(Steering):
    """Steering and the zones it steers in."""

    zones: dict[Name, Zone] = Field(default_factory=dict)

    @property
    def steering(self) -> Steering:
        """The world without its zones."""
        return Steering(
            datacenters=self.datacenters, probes=self.probes, maps=self.maps, vips=self.vips
        )

    def zone_of(self, name: str) -> str | None:
        """Give the origin of the closest zone at or above a name."""
        return next((above for above in ancestors(name) if above in self.zones), None)
