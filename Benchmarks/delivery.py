"""Segments behind a token, 32 connections, against nginx: sendfile behind signed links; 10 KiB and 1 MiB."""
import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import time

from pairs import Line, Run, interleaved, line
from processes import Peer, cpu_seconds, telecine

SECONDS = 6
SIZES = {"10 KiB": 10 << 10, "1 MiB": 1 << 20}


def wrk(url: str, pid: int) -> Run:
    """wrk against one URL; `amount` is requests, every one of them a 200."""
    cpu = cpu_seconds(pid)
    begin = time.perf_counter()
    result = subprocess.run(
        ["wrk", "-t", "1", "-c", "32", "-d", f"{SECONDS}s", url], check=True, capture_output=True, text=True)
    wall = time.perf_counter() - begin
    if "Non-2xx" in result.stdout or "Socket errors" in result.stdout:
        raise RuntimeError(f"{url}\n{result.stdout}")
    requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", result.stdout).groups()
    return Run(float(seconds) or wall, cpu_seconds(pid) - cpu, int(requests))


def signed(peer: Peer, name: str) -> str:
    """A link that nginx's secure_link accepts for an hour."""
    expires = int(time.time()) + 3600
    digest = hashlib.md5(f"{expires}/signed/{name} {peer.SECRET}".encode()).digest()
    md5 = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return f"http://127.0.0.1:{peer.port}/signed/{name}?md5={md5}&expires={expires}"


class Delivery:
    """One service with one processed clip, whose first two segments are given the sizes that are measured."""

    def __init__(self, folder: pathlib.Path):
        from support import clips, profiles
        from support.client import Client
        from support.playlists import Master, Media
        folder.mkdir(parents=True, exist_ok=True)
        ladder = profiles.fast(folder / "profiles", ("360p",))
        self.service = telecine(folder / "telecine", PROFILES_DIR=ladder)
        client = Client(self.service.url).register()
        asset = client.complete(client.send(clips.make(folder / "clip.mp4", 20, size="640x360")))
        playlist = Media.load(client, Master.load(client, client.stream(asset)["masterUrl"]).variants[0].url)
        rung = self._rung_folder(asset)
        stored = sorted(rung.glob("[0-9]*.m4s"), key=lambda path: int(path.stem))
        self.peer = Peer(folder / "nginx")
        (self.peer.files / "signed").mkdir()
        self.urls = {}
        for (name, size), path, segment in zip(SIZES.items(), stored, playlist.segments, strict=False):
            content = os.urandom(size)
            path.write_bytes(content)
            (self.peer.files / "signed" / str(size)).write_bytes(content)
            if client.get(segment.url).body != content:
                raise RuntimeError(f"{segment.url} does not send the {name} that {path} holds")
            self.urls[name] = (segment.url, signed(self.peer, str(size)))

    def _rung_folder(self, asset: str) -> pathlib.Path:
        version = self.service.original(asset).parent
        return next(path.parent for path in version.glob("*360*/init.mp4"))

    def stop(self) -> None:
        self.service.stop()
        self.peer.stop()


def run(folder: pathlib.Path, count: int) -> list[Line]:
    delivery = Delivery(folder / "delivery")
    lines = []
    try:
        for name, size in SIZES.items():
            print(f"  {name}", flush=True)
            ours, theirs = delivery.urls[name]
            service, peer = delivery.service.process.pid, delivery.peer.pid
            pairs = interleaved(count, lambda: wrk(ours, service), lambda: wrk(theirs, peer))  # noqa: B023
            bar = 0.8 if size < 1 << 20 else 0.9
            unit = (lambda speed: f"{speed:,.0f} requests/s") if size < 1 << 20 else (
                lambda speed: f"{speed / 1024:.2f} GiB/s")
            what = f"segment delivery with token check, {name}, 32 connections"
            lines.append(line(what, pairs, lambda run: run.speed, unit, f"≥ {bar}", lambda r, b=bar: r >= b))
    finally:
        delivery.stop()
        shutil.rmtree(folder / "delivery")
    return lines
