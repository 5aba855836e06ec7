"""A container engine of the test's own: Debian's dockerd and docker-compose, started and stopped.

Its images, its socket and its containers are apart from an engine that the machine may have, so
a stand-in never passes for a real image there. Images and build layers stay in a cache folder
(GSLB_TEST_CACHE, else /var/cache/gslb-tests), which makes the next run a matter of seconds. Like
every dockerd it leaves its firewall chains and the bridge docker0 behind.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import lacking, path_of
from standin import DEBIAN, RUST, archive, toolchain

CACHE = Path(os.environ.get("GSLB_TEST_CACHE", "/var/cache/gslb-tests"))
READY_WITHIN, STOP_WITHIN = 60, 30  # seconds
KEEP = "4gb"  # of build layers, for the next run


class Engine:
    """Speaks to one dockerd through Debian's clients."""

    def __init__(self, door: Path) -> None:
        self.environment = {
            **os.environ,
            # Debian's client before a newer one that Debian's engine may not understand.
            "PATH": f"/usr/bin:/usr/sbin:/bin:/sbin:{os.environ.get('PATH', '')}",
            "DOCKER_HOST": f"unix://{door}",
            "DOCKER_BUILDKIT": "1",
            "COMPOSE_DOCKER_CLI_BUILD": "1",
        }
        self._docker = shutil.which("docker", path=self.environment["PATH"]) or path_of("docker")

    def docker(self, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the docker client; its exit code is the caller's to look at."""
        return subprocess.run(
            [self._docker, *arguments],
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    def bring_base_image(self) -> None:
        """Import the stand-in under the public name, unless it is there from the last run."""
        tar, changes = archive(CACHE)
        known = self.docker("image", "inspect", DEBIAN)
        if known.returncode == 0:
            labels = json.loads(known.stdout)[0]["Config"]["Labels"] or {}
            if f"LABEL standin={labels.get('standin')}" in changes:
                return
        options = [part for change in changes for part in ("--change", change)]
        done = self.docker("import", *options, str(tar), DEBIAN)
        assert done.returncode == 0, done.stderr

    def bring_rust_image(self) -> None:
        """Build the stand-in with a Rust toolchain, under the public name."""
        dockerfile, context = toolchain()
        build = ("build", "--quiet", "--tag", RUST, "--file", "-", str(context))
        done = self.docker(*build, text=dockerfile)
        assert done.returncode == 0, done.stderr

    def tidy(self) -> None:
        """Drop what the next run has no use for."""
        self.docker("image", "prune", "--force")
        self.docker("builder", "prune", "--force", "--keep-storage", KEEP)


@contextmanager
def engine() -> Iterator[Engine]:
    """Run a dockerd for the length of a block."""
    if os.geteuid() != 0:
        lacking("dockerd needs root")
    if _one_runs():
        lacking("a container engine runs on this machine and would share its bridge; stop it first")
    # The socket's path must stay short (108 octets), which pytest's folders don't promise.
    with tempfile.TemporaryDirectory(prefix="gslb-engine-") as name:
        folder = Path(name)
        process = _start(folder)
        try:
            running = Engine(folder / "sock")
            _wait(running, process, folder / "log")
            yield running
        finally:
            _stop(process)


def _one_runs() -> bool:
    with socket.socket(socket.AF_UNIX) as door:
        return door.connect_ex("/var/run/docker.sock") == 0


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    CACHE.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                path_of("dockerd"),
                *("--data-root", str(CACHE / "engine")),
                *("--exec-root", str(folder / "exec")),
                *("--pidfile", str(folder / "pid")),
                *("--host", f"unix://{folder / 'sock'}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": f"/usr/bin:/usr/sbin:/bin:/sbin:{os.environ['PATH']}"},
            start_new_session=True,  # Ctrl-C is for the test, which then stops it
        )


def _wait(running: Engine, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    while running.docker("info").returncode != 0:
        if process.poll() is not None or time.monotonic() > end:
            lines = log.read_text().splitlines()[-5:]
            lacking("dockerd does not start on this machine: " + " | ".join(lines))
        time.sleep(0.1)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
