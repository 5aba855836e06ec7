"""gslb: an authoritative DNS server that steers traffic between datacenters.

Python decides, Rust answers. Read `service.py` for how the parts hang together and
`plane/src/respond.rs` for how a packet is answered.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gslb")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unbuilt"
