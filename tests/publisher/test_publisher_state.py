"""The state folder: whole or old, never mixed, never trusted when damaged."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gslb.model import Broken, Refused, Steering
from gslb.publisher import Served, StateFolder

STEERING = Steering.model_validate(
    {
        "datacenters": {"tokyo": {"location": [35.68, 139.69]}},
        "probes": {"web": {"kind": "http", "interval": "5s"}},
        "vips": {
            "www.gslb.example.": {
                "probe": "web",
                "fallback": {"addresses": ["192.0.2.9"]},
                "pools": {"tokyo": {"members": [{"address": "2001:db8::1"}]}},
            }
        },
    }
)
FIRST = Served(3, "sqlite:///a", {"gslb.example.": b"zone one"}, {"world": b"map"}, STEERING)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    found = StateFolder(tmp_path)
    found.open()
    return found


def again(tmp_path: Path, folder: StateFolder) -> StateFolder:
    folder.close()
    found = StateFolder(tmp_path)
    found.open()
    return found


def test_a_new_folder_has_served_nothing(folder: StateFolder) -> None:
    assert folder.load() is None


def test_what_is_saved_is_loaded(tmp_path: Path, folder: StateFolder) -> None:
    folder.save(FIRST)
    folder.save_verdicts({"http 127.0.0.1:80": {"verdict": "down", "since": 1.5}})
    found = again(tmp_path, folder).load()
    assert found is not None
    assert (found.revision, found.store, found.zones, found.maps, found.steering) == (
        3,
        "sqlite:///a",
        FIRST.zones,
        FIRST.maps,
        STEERING,
    )
    assert found.verdicts == {"http 127.0.0.1:80": {"verdict": "down", "since": 1.5}}


def test_what_is_no_longer_served_is_removed(tmp_path: Path, folder: StateFolder) -> None:
    folder.save(FIRST)
    before = set((tmp_path / "served").iterdir())
    folder.save(Served(4, "sqlite:///a", {"gslb.example.": b"zone two"}, {}, STEERING))
    after = set((tmp_path / "served").iterdir())
    assert len(before - after) == 2
    assert len(after) == 4  # zone, steering, verdicts, manifest
    found = again(tmp_path, folder).load()
    assert found is not None
    assert found.zones == {"gslb.example.": b"zone two"}


def test_a_crash_before_the_manifest_leaves_the_old_set(
    tmp_path: Path, folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.save(FIRST)
    real = Path.replace

    def crash(self: Path, target: Path) -> Path:
        if target.name == "manifest.json":
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        folder.save(Served(4, "sqlite:///a", {"gslb.example.": b"two"}, {}, STEERING))
    monkeypatch.undo()
    found = again(tmp_path, folder).load()
    assert found is not None
    assert (found.revision, found.zones) == (3, FIRST.zones)


def test_a_damaged_document_is_refused(tmp_path: Path, folder: StateFolder) -> None:
    folder.save(FIRST)
    (document,) = (tmp_path / "served").glob("*.zone")
    document.write_bytes(b"zone 0ne")
    with pytest.raises(Broken, match="damaged"):
        again(tmp_path, folder).load()
    document.unlink()
    with pytest.raises(Broken, match="lacks"):
        StateFolder(tmp_path).load()


def test_damaged_verdicts_are_no_verdicts(tmp_path: Path, folder: StateFolder) -> None:
    folder.save(FIRST)
    (tmp_path / "served" / "verdicts.json").write_text("{")
    found = again(tmp_path, folder).load()
    assert found is not None
    assert found.verdicts == {}


def test_one_process_at_a_time(tmp_path: Path, folder: StateFolder) -> None:
    with pytest.raises(Refused, match="in use by another gslb"):
        StateFolder(tmp_path).open()
    folder.close()
    StateFolder(tmp_path).open()


def test_verdicts_and_documents_are_saved_side_by_side(folder: StateFolder) -> None:
    def save_documents() -> None:
        for _ in range(60):
            folder.save(FIRST)

    def save_verdicts() -> None:
        for _ in range(120):
            folder.save_verdicts({"http 127.0.0.1:80": {"verdict": "up", "since": 1.0}})

    with ThreadPoolExecutor(2) as threads:
        for saved in [threads.submit(save_documents), threads.submit(save_verdicts)]:
            saved.result()
    found = folder.load()
    assert found is not None
    assert found.revision == 3
