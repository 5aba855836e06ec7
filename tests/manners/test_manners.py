"""Cookie secrets: made, read, rotated while serving, and kept when their file goes bad."""

import stat
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import pytest
from node import Node, running, until, write_zones

from gslb.manners import make_secrets, read_secrets
from gslb.model import Invalid, Refused

ONE, TWO = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


def test_a_made_file_has_one_secret_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    make_secrets(file)
    (secret,) = read_secrets(file)
    assert len(secret) == 16
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    make_secrets(file)
    assert read_secrets(file) == (secret,)


def test_a_start_that_was_cut_off_leaves_nothing_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(Refused, match="No space left"):
            make_secrets(file)
    assert not file.exists()
    make_secrets(file)
    assert len(read_secrets(file)) == 1


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"# ours\n{ONE}\nshort\n{TWO}  # next\nzz{ONE[2:]}\n")
    with pytest.raises(Invalid) as caught:
        read_secrets(file)
    assert [str(fault).split(": ")[0] for fault in caught.value.faults] == [
        f"{file}:3",
        f"{file}:5",
    ]
    file.write_text("# nothing yet\n")
    with pytest.raises(Invalid, match="no secret stands here"):
        read_secrets(file)
    with pytest.raises(Refused, match="cannot be read"):
        read_secrets(tmp_path / "missing")


def ask(node: Node, server: bytes = b"") -> tuple[int, bytes]:
    query = dns.message.make_query("txt.gslb.example.", "TXT")
    query.use_edns(0, options=[dns.edns.CookieOption(b"12345678", server)])
    reply = dns.query.udp(query, "127.0.0.1", 5, node.dns)
    (option,) = reply.options
    assert isinstance(option, dns.edns.CookieOption)
    return reply.rcode(), option.server


async def test_secrets_are_rotated_while_serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = write_zones(tmp_path / "zones", {"tokyo": 9, "frankfurt": 9})
    secrets = tmp_path / "secrets"
    secrets.write_text(ONE)
    monkeypatch.setenv("GSLB_COOKIE_SECRETS", str(secrets))
    monkeypatch.setenv("GSLB_COOKIES", "required")
    async with running(tmp_path / "state", zones) as node:
        _, old = ask(node)
        assert ask(node, old) == (0, old)
        secrets.write_text(f"{TWO}\n{ONE}\n")
        await until(lambda: _differs(node, old), "the new secret")
        rcode, new = ask(node, old)
        assert (rcode, new != old) == (0, True)
        assert ask(node, new) == (0, new)
        secrets.write_text("nonsense\n")
        await until(lambda: _alarm(node), "the alarm")
        assert ask(node, new) == (0, new), "what was read before stays in use"
        secrets.write_text(f"{TWO}\n")
        await until(lambda: _calm(node), "the end of the alarm")
        assert ask(node, old)[0] == 23, "BADCOOKIE: the old secret is gone"


async def _differs(node: Node, server: bytes) -> bool:
    return ask(node, server)[1] != server


async def _alarm(node: Node) -> bool:
    _, ready = await node.call("GET", "/readyz")
    return "cookie-secrets" in str(ready)


async def _calm(node: Node) -> bool:
    return not await _alarm(node)
