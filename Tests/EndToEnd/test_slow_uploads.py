"""A thousand slow uploads at once: memory grows by a little for each, and not by what they bring."""
import asyncio
import pathlib
import re

from support.client import Client
from support.loops import alone
from support.slow import SlowUploads, allow_descriptors
from support.wait import until

COUNT = 1000
# What a connection may cost: the engine's own buffers are up to 128 KiB of it, touched as they are used.
EACH = 192 << 10
DRIFT = 24 << 20


def resident(pid: int) -> int:
    """Bytes of the process's resident memory (Linux)."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def test_a_thousand_slow_uploads_hold_memory_flat(start_service):
    allow_descriptors(4 * COUNT)
    service = start_service(WORKERS=0, MAX_OPEN_UPLOADS=2 * COUNT, LOG_LEVEL="warning")
    client = Client(service.url).register()
    slow = SlowUploads(client, COUNT)

    def staged() -> bool:
        files = list((service.data / "staging").glob("*.data"))
        return len(files) == COUNT and all(file.stat().st_size >= slow.sent for file in files)

    async def hold() -> tuple[int, int, int]:
        before = resident(service.process.pid)
        try:
            await slow.begin()
            await slow.trickle()
            await asyncio.to_thread(until, "every first piece", staged, 400)
            begun = resident(service.process.pid)
            await slow.trickle(64)
            await asyncio.to_thread(until, "every piece", staged, 400)
            # Somebody else is served meanwhile.
            assert not await asyncio.to_thread(client.ills)
            return before, begun, resident(service.process.pid)
        finally:
            slow.close()

    before, begun, after = alone(hold)
    each = (begun - before) / COUNT
    print(f"{COUNT} slow uploads: {before >> 20} MiB before, {begun >> 20} MiB open ({each / 1024:.0f} KiB each), "
          f"{after >> 20} MiB after {slow.sent * COUNT >> 20} MiB")
    assert each <= EACH
    assert after - begun <= DRIFT
