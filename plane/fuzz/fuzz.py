"""Run every fuzz target for a while, and say in a table what came of it: `make fuzz`.

Builds the targets with libFuzzer's instrumentation on the stable toolchain, so neither nightly Rust
nor cargo-fuzz is needed: only a C++ compiler, for libFuzzer itself. New inputs are left in
target/corpus; `--keep` adds those to the corpora here that reach what nothing there reaches.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
WORK = HERE / "target" / "corpus"
FINDINGS = HERE / "target" / "findings"
TARGETS = ("respond", "options", "documents", "frames")
LONGEST = 4096  # octets of an input
KEPT = 600  # octets of an input that the repository keeps

INSTRUMENTED = (
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
)


def build() -> Path:
    """Build the targets; give the folder where they are."""
    rustc = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host: str = re.findall(r"^host: (.*)$", rustc, re.MULTILINE)[0]
    # With --target, build scripts and macros are left uninstrumented.
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--features", "libfuzzer"]
    environment = {**os.environ, "RUSTFLAGS": " ".join(INSTRUMENTED)}
    subprocess.run([*command, "--target", host], cwd=HERE, env=environment, check=True)
    return HERE / "target" / host / "release"


def run(program: Path, seconds: int) -> tuple[str, ...]:
    """Run one target; give its row of the table."""
    name = program.name
    work, findings = WORK / name, FINDINGS / name
    work.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    done = subprocess.run(
        [
            program,
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST}",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            f"-artifact_prefix={findings}/",
            work,
            CORPUS / name,
        ],
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    (findings / "log").write_text(done.stderr)
    found = set(findings.iterdir()) - before - {findings / "log"}
    executions = re.search(r"stat::number_of_executed_units: (\d+)", done.stderr)
    edges = re.findall(r"cov: (\d+)", done.stderr)
    if done.returncode != 0 and not found:
        sys.exit(f"the target {name} ended with code {done.returncode}; see {findings / 'log'}")
    for path in sorted(found):
        print(f"found: {path}", file=sys.stderr)
    return (
        name,
        str(seconds),
        executions[1] if executions else "?",
        edges[-1] if edges else "?",
        str(len(found)),
    )


def keep(program: Path) -> None:
    """Add to the repository's corpus what reaches more, as long as it is short."""
    name = program.name
    merged = HERE / "target" / "merged" / name
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir(parents=True)
    folders = [folder for folder in (CORPUS / name, WORK / name) if folder.is_dir()]
    subprocess.run(
        [program, "-set_cover_merge=1", f"-max_len={KEPT}", merged, *folders],
        stderr=subprocess.DEVNULL,
        check=True,
    )
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    for path in (CORPUS / name).glob(f"{'[0-9a-f]' * 16}.bin"):
        path.unlink()  # what has another name is of a finding, and stays
    for path in merged.iterdir():
        octets = path.read_bytes()
        (CORPUS / name / f"{hashlib.sha256(octets).hexdigest()[:16]}.bin").write_bytes(octets)


def show(rows: list[tuple[str, ...]]) -> None:
    """Print a table in Markdown."""
    head = ("target", "seconds", "executions", "edges reached", "findings")
    for row in (head, ("---",) * len(head), *rows):
        print(f"| {' | '.join(row)} |")


def main() -> None:
    """Run all targets, or keep what they have found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int, nargs="?", default=60, help="for each target")
    parser.add_argument("--only", choices=TARGETS, action="append", help="not all targets")
    parser.add_argument("--keep", action="store_true", help="do not run; add to the corpora")
    wanted = parser.parse_args()
    if shutil.which("c++") is None:
        sys.exit("gslb: no C++ compiler (c++) for libFuzzer; on Debian: apt-get install g++")
    programs = [build() / name for name in wanted.only or TARGETS]
    if wanted.keep:
        for program in programs:
            keep(program)
        return
    rows = [run(program, wanted.seconds) for program in programs]
    show(rows)
    if any(row[-1] != "0" for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
