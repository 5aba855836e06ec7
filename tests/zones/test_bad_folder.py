"""A folder with one fault of every kind: exactly these are found, at these lines, all at once."""

from pathlib import Path

import pytest

from gslb.compiler import check
from gslb.model import Invalid
from gslb.zones import locate, read_folder

# A line that ends in `!N` has N faults; the mark is a comment in both formats.
FILES = {
    "bad.example.zone": """\
$TTL 300                                    ;
@       IN SOA ns1 host 1 2 3 4 5
@       IN NS  ns1
ns1     IN A   192.0.2.1
odd     IN A   192.0.2.300                  ; !bad address
odd     IN AAAA nonsense                    ; !bad address
elsewhere.test. IN A 192.0.2.1              ; !out of zone
alias   IN CNAME ns1                        ; !CNAME beside other data
alias   IN TXT "beside"
two     IN CNAME ns1                        ; !several CNAMEs
two     IN CNAME odd
www     IN A   192.0.2.2
same    IN A   192.0.2.3
same    IN A   192.0.2.3                    ; !duplicate record
mixed   IN A   192.0.2.4
mixed 9 IN A   192.0.2.5                    ; !TTL differs
what    IN FOO 1                            ; !unknown type
@       IN MX  10 alias                     ; !MX to a CNAME
child   IN NS  ns.child                     ; !no glue
low     IN SOA ns1 host 1 2 3 4 5           ; !SOA below the apex
$INCLUDE nowhere.inc                        ; !missing file
chaos   CH TXT "class"                      ; !class
open    IN TXT "no end                      ; !unclosed string
""",
    "none.example.zone": """\
www 60 IN A 192.0.2.1                       ; !no SOA ; !no NS
""",
    "a.yaml": """\
datacenters:
  tokyo: {location: [35.68, 139.69]}
  north: {location: [95, 0]}                # !latitude
  tokyo: {}                                 # !duplicate
probes:
  web: {kind: http, prot: 80}               # !unknown key
  fast: {kind: tcp, interval: 1s, timeout: 2s, port: 5}   # !timeout
  odd: {kind: smoke}                        # !kind
  bare: {kind: tcp}
maps:
  world:
    rules:
      - {networks: [10.0.0.0/33], to: [tokyo]}      # !network
      - {networks: [10.0.0.0/8], to: [mars]}        # !unknown datacenter
      - {networks: [10.0.0.0/8], to: [tokyo]}       # !twice
      - {country: BR, to: [tokyo]}                  # !geography
    otherwise: [tokyo, tokyo]               # !twice in tiers
vips:
  www.bad.example.:                         # !collides with A
    weight: 5                               # !unknown key
    probe: nothing                          # !unknown probe
    order: [tokyo, venus]                   # !unknown datacenter
    pools:
      tokyo:
        members:
          - {address: 192.0.2.999}          # !bad address
          - {address: 192.0.2.9, weight: 70000}   # !weight
      north: {members: [{address: 192.0.2.8}]}
  api.outside.test.:                        # !outside every zone
    map: nowhere                            # !unknown map
    pools: {saturn: {members: [{address: 192.0.2.8}]}}   # !unknown datacenter
  relative:                                 # !not absolute
    pools: {tokyo: {members: [{address: 192.0.2.8}]}}
  a.child.bad.example.:                     # !below a delegation
    pools: {tokyo: {members: [{address: 192.0.2.8}]}}
  "*.bad.example.":                         # !wildcard
    probe: bare                             # !no port
    pools: {tokyo: {members: [{address: 192.0.2.8}]}}
  both.bad.example.:                        # !map and order
    map: world
    order: [tokyo]
    pools: {tokyo: {members: [{address: 192.0.2.8}]}}
""",
    "b.yml": """\
datacenters:
  north: {}                                 # !duplicate in another file
vip: {}                                     # !unknown key
""",
    "c.yaml": "- not\n- a mapping\n",  # one fault at line 1
    "d.yaml": "vips: {\n  x: [\n",  # one fault: not YAML
}


def _expected() -> list[str]:
    expected = []
    for file, text in FILES.items():
        for number, line in enumerate(text.splitlines(), start=1):
            expected += [f"{file}:{number}"] * line.count("!")
    return sorted([*expected, "c.yaml:1", "d.yaml:3"])


def test_every_fault_at_once_with_its_line(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    reading = read_folder(tmp_path)
    # A file that could not be read may have held any name: here we look as if it had held none.
    broken = {(collection, key) for collection, key in reading.broken if key != "*"}
    broken -= {("zones", "bad.example.")}
    faults = (*reading.faults, *locate(check(reading.world, broken), reading.places))
    found = sorted(str(fault.place).removeprefix(f"{tmp_path}/") for fault in faults)
    assert found == _expected(), "\n".join(sorted(map(str, faults)))


SENTENCES = {
    "bad.example.zone:5": "'192.0.2.300' is not data of an A record; write an IPv4 address",
    "bad.example.zone:7": "out of the zone bad.example.",
    "bad.example.zone:17": "'FOO' is not a record type",
    "a.yaml:4": "tokyo stands twice, first at",
    "a.yaml:6": "unknown key 'prot'; did you mean 'port'?",
    "a.yaml:20": "unknown key 'weight'",
    "b.yml:3": "unknown key 'vip'; did you mean 'vips'?",
}


@pytest.mark.parametrize(("place", "sentence"), SENTENCES.items())
def test_a_fault_says_what_to_do(tmp_path: Path, place: str, sentence: str) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    told = [str(fault) for fault in read_folder(tmp_path).faults]
    assert any(line.startswith(f"{tmp_path}/{place}:") and sentence in line for line in told), told


def test_what_could_not_be_read_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "x.example.zone").write_text("@ 60 IN SOA bad\n@ 60 IN NS ns\nns 60 IN A 1.2\n")
    (tmp_path / "x.example.yaml").write_text(
        "datacenters:\n  tokyo: {location: 5}\n"
        "vips:\n  www.x.example.: {order: [tokyo], pools: {tokyo: {members: [{address: z}]}}}\n"
    )
    (tmp_path / "torn.yaml").write_text("probes: [\n")
    reading = read_folder(tmp_path)
    assert [fault.place.line for fault in reading.faults if fault.place] == [2, 2, 4, 1, 3]
    assert check(reading.world, reading.broken) == ()


def test_a_folder_without_zones_is_at_fault(tmp_path: Path) -> None:
    faults = read_folder(tmp_path).faults
    assert len(faults) == 1
    assert "no *.zone file" in faults[0].sentence


def test_a_missing_folder_is_invalid(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot read the folder"):
        read_folder(tmp_path / "nowhere")
