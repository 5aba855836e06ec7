"""The chain of a delegation, from a root down to gslb, and the resolvers that walk it.

All of it is configuration for real servers on port 53 of loopback addresses in a namespace:

    127.0.0.2   NSD: the root, and example., which delegates gslb.example. by NS and glue
    127.0.0.10  gslb serve
    127.0.0.11  the toy site tokyo, 127.0.0.21 frankfurt (port 8080)
    127.0.0.53  unbound or BIND, with the root's address as its only hint
"""

from pathlib import Path

PARENT, GSLB, RESOLVER = "127.0.0.2", "127.0.0.10", "127.0.0.53"
SITES = {"tokyo": "127.0.0.11", "frankfurt": "127.0.0.21"}
PORT = 8080

_HINTS = f"""\
.                3600 NS parent.example.
parent.example.  3600 A  {PARENT}
"""

_ROOT = f"""\
$TTL 3600
.                SOA parent.example. hostmaster.example. 1 3600 900 604800 60
.                NS  parent.example.
example.         NS  parent.example.
parent.example.  A   {PARENT}
"""

_EXAMPLE = f"""\
$TTL 3600
example.           SOA parent.example. hostmaster.example. 1 3600 900 604800 60
example.           NS  parent.example.
parent.example.    A   {PARENT}
gslb.example.      NS  ns1.gslb.example.
ns1.gslb.example.  A   {GSLB}
"""

_NSD = f"""\
server:
  ip-address: {PARENT}
  username: ""
  database: ""
  pidfile: ""
  zonesdir: "{{folder}}"
  xfrdir: "{{folder}}"
  xfrdfile: "{{folder}}/xfrd.state"
  zonelistfile: "{{folder}}/zone.list"
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
zone:
  name: "example."
  zonefile: "example.zone"
"""

_UNBOUND = f"""\
server:
  interface: {RESOLVER}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  do-ip6: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{{folder}}"
  use-syslog: no
  module-config: "iterator"
  root-hints: "root.hints"
remote-control:
  control-enable: no
"""

_NAMED = f"""\
options {{{{
  directory "{{folder}}";
  listen-on {{{{ {RESOLVER}; }}}};
  listen-on-v6 {{{{ none; }}}};
  recursion yes;
  allow-query {{{{ 127.0.0.0/8; }}}};
  dnssec-validation no;
  empty-zones-enable no;
  notify no;
  max-cache-size 16m;
  pid-file none;
  session-keyfile none;
}}}};
controls {{{{ }}}};
zone "." {{{{ type hint; file "root.hints"; }}}};
"""

_ZONE = f"""\
$TTL 300
@     SOA ns1 hostmaster 1 3600 900 604800 1
@     NS  ns1
ns1   A   {GSLB}
shop  CNAME www
note  TXT "found by delegation"
"""

_YAML = f"""\
datacenters: {{tokyo: {{}}, frankfurt: {{}}}}
probes:
  web:
    {{kind: http, port: {PORT}, path: /healthz, interval: 200ms, timeout: 150ms, rise: 2, fall: 2,
     contains: ok}}
vips:
  www.gslb.example.:
    ttl: 1
    order: [tokyo, frankfurt]
    probe: web
    pools:
      tokyo: {{members: [{{address: 192.0.2.10, probe_address: {SITES["tokyo"]}}}]}}
      frankfurt: {{members: [{{address: 198.51.100.10, probe_address: {SITES["frankfurt"]}}}]}}
"""


def write_parent(folder: Path) -> tuple[str, ...]:
    """Write NSD's files; give its command."""
    folder.mkdir()
    (folder / "root.zone").write_text(_ROOT)
    (folder / "example.zone").write_text(_EXAMPLE)
    (folder / "nsd.conf").write_text(_NSD.format(folder=folder))
    return "nsd", "-d", "-c", str(folder / "nsd.conf")


def write_resolver(kind: str, folder: Path) -> tuple[str, ...]:
    """Write a resolver's files; give its command."""
    folder.mkdir()
    (folder / "root.hints").write_text(_HINTS)
    conf = folder / "conf"
    conf.write_text({"unbound": _UNBOUND, "named": _NAMED}[kind].format(folder=folder))
    if kind == "unbound":
        return "unbound", "-d", "-p", "-c", str(conf)
    return "named", "-g", "-n", "1", "-c", str(conf)


def write_zones(folder: Path) -> Path:
    """Write the zones folder of gslb."""
    folder.mkdir()
    (folder / "gslb.example.zone").write_text(_ZONE)
    (folder / "gslb.example.yaml").write_text(_YAML)
    return folder
