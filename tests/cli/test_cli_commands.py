"""The command line, as an operator types it."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

from node import Node, running, write_zones

PORTS = {"tokyo": 9, "frankfurt": 9}


async def gslb(*arguments: str | Path) -> tuple[int, str, str]:
    """Run the command; give exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gslb", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "200"},
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_check_names_every_fault_at_its_line(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", PORTS)
    assert (await gslb("check", zones))[0] == 0
    yaml = zones / "gslb.example.yaml"
    yaml.write_text(
        yaml.read_text().replace("weight: 0", "weight: 70000").replace("tokyo, f", "t, f")
    )
    code, out, err = await gslb("check", zones)
    assert (code, out) == (1, "")
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 2, err
    assert all(line.startswith(f"{yaml}:") for line in lines)
    assert any("70000" in line for line in lines)


async def test_apply_and_export_without_a_node(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", PORTS)
    state = tmp_path / "state"
    store = f"sqlite:///{tmp_path / 'a.db'}"
    code, out, err = await gslb("apply", zones, "--store", store, "--state", state)
    assert code == 0, err
    assert "revision 1" in out
    code, out, _ = await gslb("apply", zones, "--store", store, "--state", state)
    assert "0 value(s) changed; revision 1" in out
    code, _, err = await gslb("export", tmp_path / "out", "--store", store, "--state", state)
    assert code == 0, err
    code, out, err = await gslb("apply", tmp_path / "out", "--store", store, "--state", state)
    assert "0 value(s) changed; revision 1" in out, err


async def test_apply_export_explain_and_status_through_a_node(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", PORTS)
    async with running(tmp_path / "state", zones) as node:
        yaml = zones / "gslb.example.yaml"
        yaml.write_text(yaml.read_text().replace("192.0.2.20", "192.0.2.30"))
        code, out, err = await gslb("apply", zones, "--dry-run", "--state", node.state)
        assert (code, "put vips/api.gslb.example." in out) == (0, True), err
        assert await node.ask("api.gslb.example.") == ["192.0.2.20"]
        code, out, err = await gslb("apply", zones, "--state", node.state)
        assert code == 0, err
        assert await node.ask("api.gslb.example.") == ["192.0.2.30"]

        code, out, err = await gslb(
            "explain", "api.gslb.example.", "--client", "203.0.113.0/24", "--state", node.state
        )
        assert code == 0, err
        assert "203.0.113.0/24, sent by its resolver (ECS)" in out
        assert "tokyo 192.0.2.30 weight 1: chosen" in out
        assert "192.0.2.21 weight 0: its configured weight is 0" in out
        code, out, err = await gslb("status", "--json", "--state", node.state)
        assert json.loads(out)["revision"] == 2
        code, out, err = await gslb("status", "--state", node.state)
        assert "www.gslb.example." in out
        await _by_url_and_token(node)


async def _by_url_and_token(node: Node) -> None:
    _, token, _ = await gslb("token", "create", "--role", "viewer", "--state", node.state)
    url = f"http://{node.http}"
    code, out, err = await gslb("status", "--url", url, "--token", token.strip())
    assert (code, "answering" in out) == (0, True), err
    code, _, err = await gslb("status", "--url", url, "--token", "nonsense")
    assert code == 3
    assert "gslb token create" in err


async def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", PORTS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        code, _, err = await gslb(
            *("serve", "--zones", zones, "--state", tmp_path / "state"),
            *("--dns", f"127.0.0.1:{port}", "--http", "127.0.0.1:0"),
        )
    assert code == 3
    assert f"127.0.0.1:{port}" in err
    assert "--dns" in err
    assert "Traceback" not in err
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        code, _, err = await gslb(
            *("serve", "--zones", zones, "--state", tmp_path / "state"),
            *("--dns", "127.0.0.1:0", "--http", f"127.0.0.1:{port}"),
        )
    assert code == 3
    assert f"127.0.0.1:{port}" in err
    assert "Traceback" not in err


async def test_a_state_folder_in_use_is_one_sentence(tmp_path: Path) -> None:
    zones = write_zones(tmp_path / "zones", PORTS)
    async with running(tmp_path / "state", zones) as node:
        code, _, err = await gslb(
            *("serve", "--zones", zones, "--state", node.state),
            *("--dns", "127.0.0.1:0", "--http", "127.0.0.1:0"),
        )
        assert code == 3
        assert "in use by another gslb" in err


async def test_bad_settings_and_folders_are_sentences(tmp_path: Path) -> None:
    code, _, err = await gslb("serve", "--dns", "nowhere", "--state", tmp_path / "state")
    assert (code, "ADDR:PORT" in err) == (1, True), err
    code, _, err = await gslb("check", tmp_path / "missing")
    assert (code, "missing" in err) == (1, True), err
    code, _, err = await gslb("status", "--state", tmp_path / "nothing")
    assert (code, "no gslb is running" in err) == (3, True), err


async def test_schema_and_version() -> None:
    code, out, _ = await gslb("schema")
    assert code == 0
    assert set(json.loads(out)["properties"]) == {"datacenters", "probes", "maps", "vips"}
    code, out, _ = await gslb("--version")
    assert (code, out.startswith("gslb ")) == (0, True)
