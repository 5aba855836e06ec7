"""The systemd units in the manual are such as systemd accepts."""

import re
import subprocess
from pathlib import Path

import pytest
from peers import path_of

MANUAL = Path(__file__).parents[2] / "docs" / "operate.md"


def units() -> dict[str, str]:
    """Give the units in the manual by their file's name."""
    (block,) = re.findall(r"```ini\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    text = re.sub(r"^  ", "", block, flags=re.MULTILINE)
    parts = re.split(r"^# /etc/systemd/system/(\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.peer("systemd-analyze")
def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    found = units()
    assert set(found) == {"gslb.socket", "gslb.service"}
    for name, text in found.items():
        # The program need not be installed here; systemd looks for it.
        (tmp_path / name).write_text(text.replace("/opt/gslb/bin/gslb", "/bin/true"))
    done = subprocess.run(
        [path_of("systemd-analyze"), "verify", *(str(tmp_path / name) for name in found)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_datagram_socket_has_its_stream() -> None:
    lines = units()["gslb.socket"].splitlines()
    datagrams, streams = (
        [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]
        for name in ("ListenDatagram", "ListenStream")
    )
    assert datagrams == streams != []
