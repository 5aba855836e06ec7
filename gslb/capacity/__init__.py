"""How much load each place bears, which share of its clients it sheds, which pools are too thin.

law         an offered load to a share, with hysteresis; pure
gauge       one capacity and how it stands
meter       loads: pushed, probed, or answers counted
muster      min_live: pools with too few live members
capacities  all of it behind one door
"""

from gslb.capacity.capacities import Capacities
from gslb.capacity.gauge import UNITS, Gauge, name_of
from gslb.capacity.law import Shedding, Watermarks, advance, share_of
from gslb.capacity.meter import Load, Place

__all__ = [
    "UNITS",
    "Capacities",
    "Gauge",
    "Load",
    "Place",
    "Shedding",
    "Watermarks",
    "advance",
    "name_of",
    "share_of",
]
