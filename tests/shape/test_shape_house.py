"""The house keeps its shape: layers, sizes, one library in one room."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400  # lines of a file
ROOMS: dict[str, str | tuple[str, ...]] = {
    "sqlalchemy": "gslb/store/",
    "alembic": "gslb/store/",
    "aiohttp.web": "gslb/api/",
    "prometheus_client": "gslb/api/",
    "dnslib": ("gslb/explain/", "gslb/transfer/"),
    "httptools": "gslb/health/probes/",
    "ruamel": "gslb/zones/",
    "gslb._plane": "gslb/plane.py",
    "typer": "gslb/cli/",
    "rich": "gslb/cli/",
    "pydantic_settings": "gslb/settings.py",
    "uvloop": "gslb/cli/",
}


def sources() -> list[Path]:
    found = [p for part in ("gslb", "tests", "bench", "demo") for p in (ROOT / part).rglob("*.py")]
    return found + [p for p in (ROOT / "plane").rglob("*.rs") if "target" not in p.parts]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_go_down_only() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--config", "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_file_is_longer_than_its_idea() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in sources()}
    assert len(lengths) > 50
    assert {path: count for path, count in lengths.items() if count > LONGEST} == {}


@pytest.mark.parametrize(("library", "room"), ROOMS.items())
def test_one_library_one_room(library: str, room: str | tuple[str, ...]) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "gslb").rglob("*.py")
        if any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    assert users, f"nothing uses {library}"
    assert {path for path in users if not path.startswith(room)} == set()


def test_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = {line.split(">")[0].split("[")[0] for line in project["project"]["dependencies"]}
    modules = {
        "dnspython": "dns",
        "ruamel.yaml": "ruamel",
        "prometheus-client": "prometheus_client",
    }
    used = {name.split(".")[0] for path in (ROOT / "gslb").rglob("*.py") for name in imports(path)}
    used |= {"aiosqlite"}  # named in the store's URL, which SQLAlchemy imports
    used |= {"ruamel.yaml.clib"}  # imported by ruamel.yaml, where it finds it
    assert {n for n in named if modules.get(n, n.replace("-", "_")) not in used} == set()


def test_unsafe_rust_stays_in_two_files() -> None:
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "plane" / "src").rglob("*.rs")
        if "unsafe {" in path.read_text()
    }
    assert files == {"plane/src/net/batch.rs", "plane/src/net/inherited.rs"}


def test_pyo3_stays_in_one_room() -> None:
    source = ROOT / "plane" / "src"
    files = {str(p.relative_to(source)) for p in source.rglob("*.rs") if "pyo3" in p.read_text()}
    assert files == {"python.rs", "python/atlas.rs"}


def test_the_stub_is_true_to_the_built_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "gslb._plane"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def test_every_text_ends_as_it_should_and_names_no_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    bad = []
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix not in {".py", ".rs", ".md", ".toml", ".yaml", ".yml", ".zone", ""}:
            continue
        text = path.read_text(errors="replace")
        if text and (not text.endswith("\n") or "\t\n" in text):
            bad.append(name)
    assert bad == []
