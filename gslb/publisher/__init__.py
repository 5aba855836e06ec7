"""From a world to answers: rehearse, commit, publish, save, and follow the store.

press   compile what changed, swap it into the plane, store weights in place
desk    where changes come in, one at a time
files   zone folders, read and checked
state   what is served, on disk
"""

from gslb.publisher.desk import Desk, Receipt
from gslb.publisher.files import digest, read_checked, read_noted
from gslb.publisher.press import Press, rehearse
from gslb.publisher.state import Served, StateFolder

__all__ = [
    "Desk",
    "Press",
    "Receipt",
    "Served",
    "StateFolder",
    "digest",
    "read_checked",
    "read_noted",
    "rehearse",
]
