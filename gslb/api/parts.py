"""What the handlers work with: the parts of one running node, under one typed key."""

from dataclasses import dataclass

from aiohttp import web

from gslb.capacity import Capacities
from gslb.geo import Atlas
from gslb.health import Watch
from gslb.plane import Plane
from gslb.publisher import Desk, Press
from gslb.settings import Settings
from gslb.telemetry import Alarms
from gslb.transfer import Transfers


@dataclass
class Parts:
    """A running node, as the composition root put it together. `started` is unix seconds."""

    settings: Settings
    version: str
    dns: tuple[str, ...]
    plane: Plane
    watch: Watch
    desk: Desk
    alarms: Alarms
    started: float
    transfers: Transfers
    capacities: Capacities
    atlas: Atlas
    press: Press
    http: str = ""


PARTS = web.AppKey("parts", Parts)
