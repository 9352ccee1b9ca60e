"""What an upload costs beside its bytes: SHA-256, being brought to the disk, and the way from create to complete."""
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import sqlite3
import tempfile
import time

from many_uploads import BLOCK, Service, speed
from pairs import Line, Run, interleaved, line, median
from processes import ROOT, Peer, cpu_seconds, telecine
from tus_sender import MIB, Sender
from upload import BOUNDARY, chunk_parts, put_whole

GIB = 1 << 30
SMALL = 100 * 1024
FILES = 200


# SHA-256

def hashed(folder: pathlib.Path, with_hash: bool) -> Run:
    """A partial upload is not hashed; a whole one is, in the background: its CPU seconds count until it is known."""
    from support.wait import until
    with Service(folder) as service:
        database = service.service.data / "telecine.sqlite"

        def is_known() -> bool:
            with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
                return connection.execute("SELECT COUNT(*) FROM versions WHERE sha256 IS NOT NULL").fetchone()[0] == 1

        def work() -> None:
            with Sender(service.service.port, service.client.token) as sender:
                sender.send(GIB, GIB, BLOCK, **({} if with_hash else {"Upload_Concat": "partial"}))
            if with_hash:
                until("the hash", is_known, deadline=120, every=0.02)

        return service.measure(1, work)


def hashing(folder: pathlib.Path, count: int) -> list[Line]:
    pairs = interleaved(count, lambda: hashed(folder, True), lambda: hashed(folder, False))
    return [line("CPU seconds of 1 GiB by one PATCH with SHA-256, against without", pairs, lambda run: run.cpu,
                 lambda cpu: f"{cpu:.2f} CPU-s/GiB", "stated", lambda ratio: True)]


# Being brought to the disk

@contextlib.contextmanager
def real_disk():
    """Not the benchmarks' tmpfs, where a sync is nothing: beside the build, or where BENCH_DISK says."""
    base = pathlib.Path(os.environ.get("BENCH_DISK", ROOT / ".build"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="telecine-bench-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def synced(how: str, piece: int, uploads: int, size: int) -> Run:
    from support.client import Client
    with real_disk() as folder:
        service = telecine(folder, WORKERS=0, UPLOAD_SYNC=how, MAX_VIDEO_SIZE_MB=4096, LOG_LEVEL="warning")
        try:
            client, pid = Client(service.url).register(), service.process.pid
            with concurrent.futures.ThreadPoolExecutor(uploads) as pool:
                def one(_) -> None:
                    with Sender(service.port, client.token) as sender:
                        sender.send(size, piece, BLOCK)
                cpu, wall = cpu_seconds(pid), time.perf_counter()
                list(pool.map(one, range(uploads)))
                return Run(time.perf_counter() - wall, cpu_seconds(pid) - cpu, uploads * size)
        finally:
            service.stop()


def durability(folder: pathlib.Path, count: int) -> list[Line]:
    lines = []
    cases = {"one upload of 256 MiB in 5 MiB PATCHes": (5 * MIB, 1, 256 * MIB),
             "eight uploads of 32 MiB in 1 MiB PATCHes": (MIB, 8, 32 * MIB)}
    for what, case in cases.items():
        for how in ("acknowledge", "complete"):
            print(f"  {what}, {how}", flush=True)
            pairs = interleaved(count, lambda: synced(how, *case), lambda: synced("system", *case))  # noqa: B023
            lines.append(line(f"{what}, UPLOAD_SYNC={how}, against system", pairs, lambda run: run.speed, speed,
                              "stated", lambda ratio: True))
    return lines


# Small files, from create to complete

def by_tus_at_once(sender: Sender, content: bytes) -> None:
    sender.ask("POST", "/api/v1/videos/tus", {
        "Upload-Length": len(content), "Content-Type": "application/offset+octet-stream"}, content, expect=201)


def by_tus(sender: Sender, content: bytes) -> None:
    sender.patch(sender.create(len(content)), 0, content)


def by_chunks(sender: Sender, content: bytes) -> None:
    data = {"filename": "small.mp4", "fileSize": len(content), "fileType": "video/mp4"}
    upload = sender.ask_json("/api/uploads/init", data, 201)["uploadId"]
    before, after = chunk_parts(0, 1)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    sender.ask("POST", f"/api/uploads/{upload}/chunks", headers, before + content + after, 200)


def by_rest(sender: Sender, content: bytes) -> None:
    data = {"session_id": "benchmark", "filename": "small.mp4", "file_size": len(content)}
    begun = sender.ask_json("/api/v1/videos/upload/init", data, 201)
    sender.patch(begun["upload_url"], 0, content)
    sender.ask_json("/api/v1/videos/upload/complete", {"upload_id": begun["upload_id"]}, 200)


def by_form(sender: Sender, content: bytes) -> None:
    # What says that it is an MP4, which this door wants to know.
    head = (b"--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"small.mp4\"\r\n"
            b"Content-Type: video/mp4\r\n\r\n" % BOUNDARY) + b"\0\0\0\x18ftypisom\0\0\2\0isommp41"
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    sender.ask("POST", "/api/media/upload/", headers, head + content + b"\r\n--%s--\r\n" % BOUNDARY, 201)


def by_draft(sender: Sender, content: bytes) -> None:
    headers = {"Upload-Complete": "?1"}
    sender.ask("POST", "/api/v1/videos/resumable", headers, content, 201)


DOORS = {"tus, created with its bytes": by_tus_at_once, "tus, POST and PATCH": by_tus, "chunks": by_chunks,
         "contract 3's REST": by_rest, "one form (contract 2)": by_form, "IETF resumable, one request": by_draft}


def small_files(folder: pathlib.Path, door) -> Run:
    """Each file on a connection of its own, as nginx gets it."""
    with Service(folder) as service:
        times = []

        def work() -> None:
            for _ in range(FILES):
                content, begin = os.urandom(SMALL), time.perf_counter()
                with Sender(service.service.port, service.client.token) as sender:
                    door(sender, content)
                times.append(time.perf_counter() - begin)

        run = service.measure(FILES, work)
        # The median: the first file of a service pays for what is made once.
        return Run(median(times), run.cpu / FILES)


def small_puts(folder: pathlib.Path) -> Run:
    nginx = Peer(folder / "nginx")
    try:
        times, cpu = [], cpu_seconds(nginx.pid)
        for _ in range(FILES):
            content, begin = os.urandom(SMALL), time.perf_counter()
            put_whole(nginx.port, SMALL, SMALL, content)
            times.append(time.perf_counter() - begin)
        # The clock of CPU time ticks a hundred times a second.
        return Run(median(times), max(cpu_seconds(nginx.pid) - cpu, 0.01) / FILES)
    finally:
        nginx.stop()
        shutil.rmtree(folder / "nginx")


def small(folder: pathlib.Path, count: int) -> list[Line]:
    lines = []
    for name, door in DOORS.items():
        print(f"  {name}", flush=True)
        pairs = interleaved(count, lambda: small_files(folder, door), lambda: small_puts(folder))  # noqa: B023
        lines.append(line(f"a file of 100 KiB from create to complete, {name}, against nginx PUT", pairs,
                          lambda run: run.wall, lambda wall: f"{wall * 1000:.1f} ms", "stated", lambda ratio: True))
    return lines
