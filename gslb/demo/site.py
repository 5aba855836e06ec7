"""A toy site, as a process of its own: answers HTTP on loopback, and misbehaves on demand.

`python -m gslb.demo.site NAME ADDRESS PORT` prints one line when it listens. Lines on standard
input set what it does next: `ok` answers 200, `error` answers 500, `hang` accepts and never
answers. It ends when its standard input closes, so it never outlives the demo.
"""

import asyncio
import os
import sys

MODES = ("ok", "error", "hang")
_STATUS = {"ok": "200 OK", "error": "500 Internal Server Error"}


class _Site:
    def __init__(self, name: str) -> None:
        self._name = name
        self._mode = "ok"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if self._mode == "hang":
                await reader.read()  # until the client gives up
                return
            body = f"{self._mode} from {self._name}\n"
            head = f"HTTP/1.1 {_STATUS[self._mode]}\r\nContent-Type: text/plain\r\n"
            head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, or sent no HTTP
        finally:
            writer.close()

    async def obey(self) -> None:
        """Read modes from standard input until it closes."""
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        while line := await lines.readline():
            mode = line.decode().strip()
            if mode in MODES:
                self._mode = mode
                print(mode, flush=True)  # noqa: T201  (the parent waits for this line)


async def _main(name: str, host: str, port: int) -> None:
    site = _Site(name)
    try:
        server = await asyncio.start_server(site.answer, host, port)
    except OSError as error:
        print(f"taken {os.strerror(error.errno or 0)}", flush=True)  # noqa: T201
        return
    print(f"listening {server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201
    await site.obey()
    os._exit(0)  # connections that hang on purpose are not waited for


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
