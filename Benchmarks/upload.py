"""2 GiB over one connection against one nginx DAV PUT, both on tmpfs: by one PUT as the peer gets it, and by contract
1's chunks, numbers first, which also shows what cutting a file into forms costs.

The client sends one prepared block again and again with `sendall`, and waits for the answer to each chunk before the
next. It takes about 0.2 CPU seconds a GiB, which is a fifth of what either server takes: it is not what is measured.
"""
import json
import os
import pathlib
import shutil
import socket
import time

from pairs import Line, Run, interleaved, line
from processes import Peer, cpu_seconds, forget_peak, peak_memory, telecine, warm

MIB = 1 << 20
GIB = 1 << 30
SIZE = 2 * GIB
# Sent at once where there are no chunks.
PIECE = 5 * MIB
BOUNDARY = b"----TelecineBenchmark"
MEMORY_BAR = 64_000_000


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """One response with a Content-Length, from a connection that stays open."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed before the answer")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(value.split(b":")[1]) for value in head.split(b"\r\n")
                   if value.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), body


def chunk_parts(number: int, total: int) -> tuple[bytes, bytes]:
    """What stands before and after the bytes in the form of one chunk."""
    head = b"".join(
        b"--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%d\r\n" % (BOUNDARY, name, value)
        for name, value in ((b"chunkNumber", number), (b"totalChunks", total)))
    head += (b"--%s\r\nContent-Disposition: form-data; name=\"chunk\"; filename=\"blob\"\r\n"
             b"Content-Type: application/octet-stream\r\n\r\n" % BOUNDARY)
    return head, b"\r\n--%s--\r\n" % BOUNDARY


def send_chunks(port: int, token: str, upload: str, size: int, chunk_size: int, block: bytes) -> None:
    total = -(-size // chunk_size)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(total):
            before, after = chunk_parts(number, total)
            content = memoryview(block)[: min(chunk_size, size - number * chunk_size)]
            head = (f"POST /api/uploads/{upload}/chunks HTTP/1.1\r\nHost: localhost:{port}\r\n"
                    f"Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary="
                    f"{BOUNDARY.decode()}\r\nContent-Length: {len(before) + len(content) + len(after)}\r\n\r\n")
            connection.sendall(head.encode() + before)
            connection.sendall(content)
            connection.sendall(after)
            status, body = read_answer(connection)
            if status != 200:
                raise RuntimeError(f"chunk {number}: {status} {body[:200]!r}")


def put_whole(port: int, size: int, piece: int, block: bytes, path: str = "/put/file", token: str = "") -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n"
                           f"Authorization: Bearer {token}\r\n\r\n".encode())
        for start in range(0, size, piece):
            connection.sendall(memoryview(block)[: min(piece, size - start)])
        status, body = read_answer(connection)
        if status not in (201, 204):
            raise RuntimeError(f"PUT: {status} {body[:200]!r}")


class Upload:
    """One measured pair member each; everything is deleted after its run."""

    def __init__(self, folder: pathlib.Path, chunk_size: int | None):
        self.folder = folder
        self.chunk_size = chunk_size
        self.block = os.urandom(chunk_size or PIECE)
        self.peak = 0

    def ours(self) -> Run:
        from support.client import Client
        place = self.folder / "telecine"
        # No workers: what is sent is no video, and its refusal is not what is measured here.
        service = telecine(place, WORKERS=0, CHUNK_SIZE=self.chunk_size or PIECE, MAX_VIDEO_SIZE_MB=SIZE // MIB)
        try:
            client = Client(service.url).register()
            send = self.one_request if self.chunk_size is None else self.chunks
            pid = service.process.pid
            warm(self.folder, SIZE)
            forget_peak(pid)
            cpu, wall = cpu_seconds(pid), time.perf_counter()
            send(service, client)
            run = Run(time.perf_counter() - wall, cpu_seconds(pid) - cpu, SIZE)
            self.peak = max(self.peak, peak_memory(pid))
            return run
        finally:
            service.stop()
            shutil.rmtree(place)

    def one_request(self, service, client) -> None:
        put_whole(service.port, SIZE, PIECE, self.block, "/api/media/upload/two-gibibytes.mp4", client.token)

    def chunks(self, service, client) -> None:
        upload = client.begin("two-gibibytes.mp4", SIZE)
        send_chunks(service.port, client.token, upload["uploadId"], SIZE, upload["chunkSize"], self.block)
        status = client.status(upload["uploadId"])
        if status["receivedChunks"] != status["totalChunks"]:
            raise RuntimeError(json.dumps(status))

    def peer(self) -> Run:
        place = self.folder / "nginx"
        nginx = Peer(place)
        try:
            warm(self.folder, SIZE)
            cpu, wall = cpu_seconds(nginx.pid), time.perf_counter()
            put_whole(nginx.port, SIZE, len(self.block), self.block)
            run = Run(time.perf_counter() - wall, cpu_seconds(nginx.pid) - cpu, SIZE)
            if (nginx.files / "put/file").stat().st_size != SIZE:
                raise RuntimeError("nginx did not keep the file")
            return run
        finally:
            nginx.stop()
            shutil.rmtree(place)


def touch_memory(folder: pathlib.Path) -> None:
    """Takes and gives back what two files need: the first use of memory is slow in a virtual machine, whoever comes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "touched"
    with path.open("wb") as file:
        for _ in range(2 * SIZE // MIB):
            file.write(bytes(MIB))
    path.unlink()


BAR = 0.9
# The bar is the peer's own way, one request; of chunks, those of an operator with fast links must reach it too. What
# `CHUNK_SIZE` costs as it comes, made for slow ones, is stated.
CASES = {"one PUT": (None, BAR), "64 MiB chunks": (64 * MIB, BAR), "5 MiB chunks": (5 * MIB, None)}


def run(folder: pathlib.Path, count: int) -> list[Line]:
    lines = []
    touch_memory(folder / "upload")
    for name, (chunk_size, bar) in CASES.items():
        print(f"  {name}", flush=True)
        upload = Upload(folder / "upload", chunk_size)
        pairs = interleaved(count, upload.ours, upload.peer)
        peak = f"peak memory {upload.peak / MIB:.0f} MiB"
        lines.append(line(
            f"upload of 2 GiB over one connection, {name}", pairs, lambda run: run.speed,
            lambda speed: f"{speed / GIB:.2f} GiB/s",
            f"≥ {bar} of bytes/s, ≤ 64 MB" if bar else "stated, ≤ 64 MB",
            lambda ratio: (not bar or ratio >= bar) and upload.peak <= MEMORY_BAR, peak))  # noqa: B023
    return lines
