"""gslb: an authoritative DNS server that steers traffic between datacenters.

Python decides, Rust answers. Read `service.py` for how the parts hang together and
`plane/src/respond.rs` for how a packet is answered.
"""
