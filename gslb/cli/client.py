"""How the CLI reaches a node: through its unix socket, or by URL and token from elsewhere."""

import errno
import os
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from gslb.model import Broken, Fault, Invalid, Refused

PATIENCE = aiohttp.ClientTimeout(total=120, sock_connect=5)


class NotRunning(Refused):
    """No node answers there."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the node is: a state folder on this machine, or a URL with a token."""

    state: Path
    url: str | None = None
    token: str | None = None

    async def call(self, method: str, path: str, **more: Any) -> Any:
        """Make one call and give its JSON; raises what the node's problem says."""
        try:
            async with self._session() as session:
                base = self.url.rstrip("/") if self.url else "http://gslb"
                async with session.request(method, base + path, **more) as response:
                    body = await response.json(content_type=None)
                    if response.ok:
                        return body
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreached(error) from error
        except ValueError as error:
            raise Broken(f"{self.url} did not answer with JSON; is it gslb's API?") from error
        raise _as_error(body, response.status)

    def _session(self) -> aiohttp.ClientSession:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connector = None if self.url else aiohttp.UnixConnector(str(self.state / "gslb.sock"))
        return aiohttp.ClientSession(connector=connector, headers=headers, timeout=PATIENCE)

    def _unreached(self, error: Exception) -> Refused:
        if self.url:
            return Refused(f"cannot reach {self.url}: {error or 'no answer in time'}")
        if _number(error) in {errno.ENOENT, errno.ECONNREFUSED}:
            return NotRunning(
                f"no gslb is running on the state folder {self.state}; "
                "name another with --state, or reach a node elsewhere with --url and --token"
            )
        reason = os.strerror(_number(error)) if _number(error) else error or "no answer in time"
        return Refused(f"cannot speak to the gslb on the state folder {self.state}: {reason}")


def _number(error: Exception) -> int:
    cause = getattr(error, "os_error", error)
    return getattr(cause, "errno", None) or 0


def _as_error(body: Any, status: int) -> Exception:
    """Turn a problem (RFC 9457) back into the error that it was made of."""
    if not isinstance(body, dict):
        return Broken(f"the node answered {status} without a problem")
    if "errors" in body:
        return Invalid(Fault(_path(item["path"]), item["detail"]) for item in body["errors"])
    text = ": ".join(str(body[key]) for key in ("title", "detail") if body.get(key))
    return Refused(text) if status < HTTPStatus.INTERNAL_SERVER_ERROR else Broken(text)


def _path(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
