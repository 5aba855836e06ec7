"""The prose is true: the README's commands run, each test file has its line, names exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONSOLE = re.findall(r"```(?:sh|console)\n(.*?)```", README, re.DOTALL)
COMMANDS = sorted(
    {
        match[1]
        for block in CONSOLE
        for match in re.finditer(r"\.venv/bin/(gslb(?: [a-z]+)+)", block)
    }
)


def test_each_test_file_has_its_line() -> None:
    table = (ROOT / "tests" / "README.md").read_text()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        name = path.relative_to(ROOT / "tests").as_posix()
        words = path.read_text().split('"""')[1].strip().splitlines()[0]
        assert f"| `{name}` | {words} |" in table, f"tests/README.md lacks the line of {name}"


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^make ([a-z]+)", "\n".join(CONSOLE), re.MULTILINE))
    assert targets == {"run", "test"}
    for target in targets:
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_readme_exists(command: str) -> None:
    words = [word for word in command.split()[1:] if word not in {"zones", "tokyo", "www"}]
    done = subprocess.run(
        [sys.executable, "-m", "gslb", *words, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_links_to_what_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_stops_services_that_compose_has() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    (stopped,) = re.findall(r"docker-compose stop (.*)", README)
    assert all(f"  {service}:" in compose for service in stopped.split())


def test_every_flag_and_alarm_in_the_manual_exists() -> None:
    manual = (ROOT / "docs" / "operate.md").read_text()
    help_text = subprocess.run(
        [sys.executable, "-m", "gslb", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": "/usr/bin"},
    ).stdout
    for flag in set(re.findall(r"`(--[a-z]+)`", manual)):
        assert flag in help_text, flag
    source = "".join(path.read_text() for path in (ROOT / "gslb").rglob("*.py"))
    for alarm in set(re.findall(r"^\| `([a-z-]+)` \|", manual, re.MULTILINE)):
        assert f'"{alarm}"' in source, alarm
