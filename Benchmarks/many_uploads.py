"""What it costs to send a file in pieces, many files at once, and one file beside a thousand slow ones.

Ratios of the service to itself: the peer is one PATCH over one connection.
"""
import asyncio
import concurrent.futures
import os
import pathlib
import re
import shutil
import threading
import time

from pairs import Line, Run, interleaved, line
from processes import cpu_seconds, telecine, warm
from tus_sender import MIB, Sender

SIZE = 1024 * MIB
PARALLEL = 64
SLOW = 1000
BLOCK = memoryview(os.urandom(5 * MIB))


class Service:
    """One service for one run, so that nothing of the run before is still being hashed."""

    def __init__(self, folder: pathlib.Path):
        from support.client import Client
        self.folder = folder / "telecine"
        self.service = telecine(self.folder, WORKERS=0, MAX_VIDEO_SIZE_MB=4096, MAX_OPEN_UPLOADS=10_000,
                                LOG_LEVEL="warning")
        self.client = Client(self.service.url).register()

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_) -> None:
        self.service.stop()
        shutil.rmtree(self.folder)

    @property
    def pid(self) -> int:
        return self.service.process.pid

    def measure(self, amount: float, work) -> Run:
        warm(self.folder, SIZE)
        cpu, wall = cpu_seconds(self.pid), time.perf_counter()
        work()
        return Run(time.perf_counter() - wall, cpu_seconds(self.pid) - cpu, amount)

    def send(self, size: int, piece: int) -> None:
        with Sender(self.service.port, self.client.token) as sender:
            sender.send(size, piece, BLOCK)


def one_upload(folder: pathlib.Path, piece: int) -> Run:
    with Service(folder) as service:
        return service.measure(SIZE, lambda: service.send(SIZE, piece))


def parallel_uploads(folder: pathlib.Path) -> Run:
    with Service(folder) as service, concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        def all_of_them() -> None:
            list(pool.map(lambda _: service.send(SIZE // PARALLEL, SIZE // PARALLEL), range(PARALLEL)))
        return service.measure(SIZE, all_of_them)


def speed(value: float) -> str:
    return f"{value / (1 << 30):.2f} GiB/s"


def chunking(folder: pathlib.Path, count: int) -> list[Line]:
    pairs = interleaved(count, lambda: one_upload(folder, 5 * MIB), lambda: one_upload(folder, SIZE))
    return [line("1 GiB by tus in 5 MiB PATCHes, against one PATCH", pairs, lambda run: run.speed, speed,
                 "stated", lambda ratio: True)]


def parallel(folder: pathlib.Path, count: int) -> list[Line]:
    pairs = interleaved(count, lambda: parallel_uploads(folder), lambda: one_upload(folder, SIZE))
    return [line(f"{PARALLEL} parallel uploads together, against one", pairs, lambda run: run.speed, speed,
                 "≥ 0.9 of bytes/s", lambda ratio: ratio >= 0.9)]


def resident(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


class Slow:
    """A thousand uploads that bring a KiB a second each, on a thread of their own."""

    def __init__(self, service: Service):
        from support.slow import SlowUploads, allow_descriptors
        allow_descriptors(4 * SLOW)
        self.before = resident(service.pid)
        self.uploads = SlowUploads(service.client, SLOW, size=64 * MIB)
        self.stopping, self.begun = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.thread.start()
        if not self.begun.wait(120):
            raise RuntimeError("the slow uploads did not begin")
        self.each = (resident(service.pid) - self.before) / SLOW

    async def _run(self) -> None:
        await self.uploads.begin()
        await self.uploads.trickle()
        self.begun.set()
        while not self.stopping.is_set():
            await asyncio.sleep(1)
            await self.uploads.trickle()
        self.uploads.close()

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(30)


def slow(folder: pathlib.Path, count: int) -> list[Line]:
    costs = []

    def beside() -> Run:
        with Service(folder) as service:
            others = Slow(service)
            costs.append(others.each)
            try:
                return service.measure(SIZE, lambda: service.send(SIZE, SIZE))
            finally:
                others.stop()

    pairs = interleaved(count, beside, lambda: one_upload(folder, SIZE))
    note = f"{max(costs) / 1024:.0f} KiB of memory a slow one"
    return [line(f"one upload beside {SLOW} slow ones, against one alone", pairs, lambda run: run.speed, speed,
                 "≥ 0.5 of bytes/s", lambda ratio: ratio >= 0.5, note)]
