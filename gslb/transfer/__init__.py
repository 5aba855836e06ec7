"""Zone transfers to secondaries, and NOTIFY to them.

transfers  the whole: connections from the plane, and what is told of changes
session    one connection; `datagram` one signed question over UDP
request    a message and its signature
hall       what all of them share: limits, counts, who had what
allow      who may
listing    a zone's document to its records
axfr       records to messages
tsig       signatures; `keys` reads their secrets
notify     telling secondaries until they acknowledge; `secondary` is one of them
packet     messages as octets
"""

from gslb.transfer.hall import RESULTS
from gslb.transfer.notify import OUTCOMES
from gslb.transfer.transfers import Transfers

__all__ = ["OUTCOMES", "RESULTS", "Transfers"]
