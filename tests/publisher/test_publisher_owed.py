"""A state folder that could not be written gets all that it lacks; its alarm stays until then."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atlases import nowhere

from gslb.model import Datacenter, Edit, Steering, World
from gslb.plane import Plane
from gslb.publisher import Desk, Press, StateFolder
from gslb.telemetry import Alarms


class Watch:
    """Probes nothing."""

    def follow(self, steering: Steering) -> None:
        """Take the steering."""

    def memory(self) -> dict[str, Any]:
        """Have no verdicts."""
        return {}


async def test_verdicts_that_are_saved_do_not_pass_for_the_rest(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.open()
    alarms = Alarms(time.time)
    desk = Desk(
        f"sqlite:///{tmp_path / 'store'}",
        press=Press(Plane(), lambda _: 1.0, nowhere()),
        watch=Watch(),
        state=state,
        alarms=alarms,
        now=time.time,
    )
    await desk.open(create=True)

    async def add(name: str) -> None:
        def change(_: World) -> Sequence[Edit]:
            return [Edit("datacenters", (name,), Datacenter())]

        await desk.submit(change, author="ada", source="api", summary="test")

    await add("tokyo")
    served, away = tmp_path / "state" / "served", tmp_path / "away"
    served.rename(away)
    served.write_text("no folder")
    await add("osaka")
    assert not await desk.save_verdicts()
    served.unlink()
    away.rename(served)
    assert await desk.save_verdicts()
    saved = state.load()
    assert saved is not None
    assert saved.revision == desk.revision
    assert set(saved.steering.datacenters) == {"tokyo", "osaka"}
    await desk.close()
    state.close()
