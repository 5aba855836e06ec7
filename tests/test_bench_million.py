"""`python -m bench.million` runs and says what it should, on a small zone beside NSD and Knot."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.peer("nsd", "knotd")
def test_the_table_has_every_server_and_every_stage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.million", "--names", "400", "--rest", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for title in ("NSD", "Knot", "gslb: file", "gslb: from the state", "gslb: documents"):
        assert f"| {title}" in done.stdout
    for stage in ("read the files", "check", "compile", "store", "publish", "read the store"):
        assert f"| {stage} | " in done.stdout
