"""Many slow tus uploads at once, on one event loop."""
import asyncio
import resource
import urllib.parse

from support.client import Client
from support.tus import BASE, BYTES

PIECE = bytes(1024)


def allow_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))


class SlowUploads:
    """Holds connections, each in the middle of a PATCH, and brings every one of them a little further when asked."""

    def __init__(self, client: Client, count: int, size: int = 8 << 20):
        self.client, self.count, self.size, self.sent = client, count, size, 0
        parts = urllib.parse.urlsplit(client.url)
        self.host, self.port = parts.hostname, parts.port
        self.paths: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []
        # Readers keep their connections open.
        self.readers: list[asyncio.StreamReader] = []

    def head(self, method: str, path: str, **headers) -> bytes:
        lines = {"Host": f"{self.host}:{self.port}", "Authorization": f"Bearer {self.client.token}",
                 "Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return (f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                + "\r\n").encode()

    async def begin(self) -> None:
        gate = asyncio.Semaphore(50)
        # The service cuts who brings less than 1 KiB a second for long; on a busy machine all of this takes long.
        self.keeper = asyncio.create_task(self._keep())
        await asyncio.gather(*(self._create(gate) for _ in range(self.count)))
        await asyncio.gather(*(self._open(gate, path) for path in self.paths))

    async def _create(self, gate: asyncio.Semaphore) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(self.host, self.port)
            writer.write(self.head("POST", BASE, Upload_Length=self.size, Content_Length=0, Connection="close"))
            answer = (await reader.read()).decode()
            writer.close()
            assert answer.startswith("HTTP/1.1 201 "), answer
            self.paths.append(next(line.split(": ", 1)[1] for line in answer.splitlines()
                                   if line.lower().startswith("location:")))

    async def _open(self, gate: asyncio.Semaphore, path: str) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(self.host, self.port)
            writer.write(self.head("PATCH", path, Upload_Offset=0, Content_Type=BYTES, Content_Length=self.size))
            await writer.drain()
            self.readers.append(reader)
            self.writers.append(writer)

    async def trickle(self, pieces: int = 1) -> None:
        """So many more KiB of every upload."""
        for _ in range(pieces):
            for writer in self.writers:
                writer.write(PIECE)
            await asyncio.gather(*(writer.drain() for writer in self.writers))
            self.sent += len(PIECE)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(1)
            for writer in list(self.writers):
                writer.write(PIECE)

    def close(self) -> None:
        self.keeper.cancel()
        for writer in self.writers:
            writer.transport.abort()
