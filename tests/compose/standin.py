"""Stand-ins for the public base images, made without an image registry.

`debian:bookworm-slim` is Debian 12 and little else; debootstrap makes that from the package
mirror that this machine uses. `rust:1-bookworm` is that with a Rust toolchain, here this
machine's. What a build inside needs of this machine (mirrors, a proxy, where
pip finds packages and whose certificates it trusts) is read from the machine when the test runs
and goes into the stand-ins, so that neither the Dockerfile nor a test file has to name it.
"""

import hashlib
import os
import shlex
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

from peers import path_of

DEBIAN, RUST = "debian:bookworm-slim", "rust:1-bookworm"
RELEASE = "bookworm"

_APT_KEYS = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-")
_PIP_KEYS = {"index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout"}
_PROXY_KEYS = ("http_proxy", "https_proxy", "no_proxy")
_BUNDLE = "etc/standin-certificates.pem"
_RUST = f"""\
FROM {DEBIAN}
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev python3
COPY bin /usr/local/rust/bin
COPY lib /usr/local/rust/lib
ENV PATH=/usr/local/rust/bin:$PATH CARGO_HOME=/usr/local/cargo CARGO_HTTP_CAINFO=/{_BUNDLE}
"""


def archive(cache: Path) -> tuple[Path, list[str]]:
    """Make the file system as a tar file, once; give it and what `docker import` should change.

    The tar file is made anew when what was read from the machine changes.
    """
    sources, options, pip = _apt_sources(), _apt_options(), _pip_settings()
    bundle = _certificates()
    recipe = hashlib.sha256(repr((sources, options, bundle)).encode()).hexdigest()[:12]
    made = cache / f"{RELEASE}-{recipe}.tar"
    if not made.exists():
        _bootstrap(cache / "root", made, sources, options, bundle)
    settings = {**pip, **_proxies(), "PIP_CERT": f"/{_BUNDLE}"}
    label = hashlib.sha256(repr((recipe, sorted(settings.items()))).encode()).hexdigest()
    changes = [f"ENV {key}={shlex.quote(value)}" for key, value in settings.items()]
    return made, [f"LABEL standin={label}", 'CMD ["bash"]', *changes]


def toolchain() -> tuple[str, Path]:
    """Give a Dockerfile for the image with Rust, and its context: this machine's toolchain."""
    return _RUST, Path(_output(path_of("rustc"), "--print", "sysroot").strip())


def _bootstrap(
    root: Path, made: Path, sources: list[str], options: list[str], bundle: bytes
) -> None:
    shutil.rmtree(root, ignore_errors=True)
    made.parent.mkdir(parents=True, exist_ok=True)
    mirror = [line.split()[1] for line in sources if line.split()[2] == RELEASE][:1]
    # Without a mirror of this release on the machine, debootstrap knows Debian's own.
    command = [path_of("debootstrap"), "--variant=minbase", RELEASE, str(root), *mirror]
    with (made.parent / "debootstrap.log").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, env=_with_proxy(options))
    if sources:
        (root / "etc/apt/sources.list").write_text("".join(f"{line}\n" for line in sources))
    (root / "etc/apt/apt.conf.d/99standin").write_text("".join(f"{line}\n" for line in options))
    (root / _BUNDLE).write_bytes(bundle)
    for leftover in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / leftover)
        (root / leftover / "partial").mkdir(parents=True)
    part = made.with_suffix(".part")
    subprocess.run(["tar", "-C", str(root), "-cf", str(part), "."], check=True)
    part.rename(made)
    shutil.rmtree(root)


def _apt_sources() -> list[str]:
    """Give this machine's package sources of the release, as lines of a sources.list."""
    form = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    found = _output("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    names = {RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security"}
    lines = (line.split() for line in found.splitlines())
    return sorted(
        {
            f"deb {uri} {name} {part}"
            for uri, name, part in lines
            if name in names and part == "main"
        }
    )


def _apt_options() -> list[str]:
    """Give the lines of apt's configuration that say how mirrors are reached and trusted."""
    lines = _output("apt-config", "dump").splitlines()
    return [line for line in lines if line.startswith(_APT_KEYS)]


def _with_proxy(options: list[str]) -> dict[str, str]:
    """Give debootstrap, which reads no apt.conf, apt's proxy."""
    environment = dict(os.environ)
    for line in options:
        key, _, value = line.partition(" ")
        scheme = key.split("::")[1]
        if key.endswith("::Proxy"):
            environment.setdefault(f"{scheme}_proxy", value.strip('";'))
    return environment


def _pip_settings() -> dict[str, str]:
    """Give pip's settings on this machine that say where packages come from, as variables."""
    found: dict[str, str] = {}
    for line in _output(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        key = name.rpartition(".")[2]
        if key in _PIP_KEYS:
            found[f"PIP_{key.upper().replace('-', '_')}"] = " ".join(shlex.split(value))
    return found


def _proxies() -> dict[str, str]:
    spellings = [*_PROXY_KEYS, *(key.upper() for key in _PROXY_KEYS)]
    return {key: os.environ[key] for key in spellings if os.environ.get(key)}


def _certificates() -> bytes:
    """Give the certificates that this machine trusts, its own authorities among them."""
    named = os.environ.get("PIP_CERT") or ssl.get_default_verify_paths().cafile
    default = Path("/etc/ssl/certs/ca-certificates.crt")
    return (Path(named) if named else default).read_bytes()


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
