"""The file of keys: read if nobody else can read it; every bad line is a fault at its place."""

from pathlib import Path

import pytest
from primary import SECRETS, write_keys

from gslb.model import Invalid
from gslb.settings import read_settings
from gslb.transfer.keys import read_keys
from gslb.transfer.secondary import read_secondaries

GOOD = "AAECAwQFBgcICQoLDA0ODw=="


def test_keys_are_read_with_comments_and_without_dots(tmp_path: Path) -> None:
    path = write_keys(tmp_path)
    path.write_text(f"# ours\n\nNS2.example HMAC-SHA256. {GOOD}  # until May\n" + path.read_text())
    found = {key.name: key for key in read_keys(path).values()}
    assert found.keys() == {"ns2.example.", *SECRETS}
    assert found["ns2.example."].secret == bytes(range(16))
    assert (found["k384."].algorithm, found["k384."].secret) == SECRETS["k384."]
    assert GOOD not in repr(found), "a secret is not shown"
    assert read_keys(None) == {}


def test_every_bad_line_is_a_fault_at_its_place(tmp_path: Path) -> None:
    path = write_keys(tmp_path)
    lines = {
        f"good. hmac-sha256 {GOOD}": None,
        f"md5. hmac-md5 {GOOD}": "no algorithm known here",
        "short. hmac-sha256 AAEC": "3 octets",
        "odd. hmac-sha256 A!": "is not base64",
        "two words": "a line holds",
        f"a..b hmac-sha256 {GOOD}": "empty label",
        f"GOOD hmac-sha512 {GOOD}": "stands twice",
    }
    path.write_text("\n".join(lines))
    with pytest.raises(Invalid) as caught:
        read_keys(path)
    wanted = [(n, words) for n, words in enumerate(lines.values(), 1) if words]
    assert len(caught.value.faults) == len(wanted)
    for fault, (number, words) in zip(caught.value.faults, wanted, strict=True):
        assert str(fault).startswith(f"{path}:{number}: ")
        assert words in fault.sentence


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = write_keys(tmp_path)
    path.chmod(mode)
    with pytest.raises(Invalid, match="chmod 600"):
        read_keys(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"keys cannot be read: No such file"):
        read_keys(tmp_path / "keys")


def test_secondaries_name_an_address_a_port_and_a_key(tmp_path: Path) -> None:
    keys = read_keys(write_keys(tmp_path))
    settings = read_settings(notify=("192.0.2.1:53", "[2001:DB8::1]:5353#K256"))
    first, second = read_secondaries(settings.notify, keys)
    assert (first.host, first.port, first.key) == ("192.0.2.1", 53, None)
    assert (second.name, second.host, second.port) == ("[2001:db8::1]:5353", "2001:db8::1", 5353)
    assert second.key is keys[b"\x04k256\0"]
    with pytest.raises(Invalid, match=r"/settings/notify/0: the key other\. is not in the file"):
        read_secondaries(("192.0.2.1:53#other.",), keys)


@pytest.mark.parametrize(
    "spec", ["ns2.example:53", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:53#a..b"]
)
def test_what_is_no_secondary_is_a_fault(spec: str) -> None:
    with pytest.raises(Invalid, match="/settings/notify/0"):
        read_settings(notify=(spec,))
