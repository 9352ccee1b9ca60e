"""Contract 2's five sizes of a 12-megapixel photograph, by a running service, against five vipsthumbnail runs."""
import os
import pathlib
import shutil
import subprocess
import time

from pairs import Line, Run, interleaved, line
from processes import cpu_seconds, spent_by_children, telecine

# Enough pictures that clock ticks of 10 ms do not matter.
PICTURES = 20
# The same sizes, qualities, crop and colours as Sources/Media/Images/ImageRenderer.swift.
RUNS = [
    (["--size", "150x150", "--smartcrop", "attention"], "thumbnail.jpg[Q=85,strip,optimize_coding]"),
    (["--size", "320x320>"], "small.jpg[Q=85,strip,optimize_coding]"),
    (["--size", "640x640>"], "medium.jpg[Q=85,strip,optimize_coding]"),
    (["--size", "1080x1080>"], "large.jpg[Q=85,strip,optimize_coding]"),
    (["--size", "640x640>"], "webp.webp[Q=80,strip]"),
]


def photograph(path: pathlib.Path) -> pathlib.Path:
    """The corpus's photograph at 4000 × 3000; a made picture without the corpus."""
    from support import clips
    folder = clips.corpus()
    if folder is None:
        print("  TELECINE_CORPUS is not set: a made picture stands in for the photograph", flush=True)
        source = ["-f", "lavfi", "-i", "mandelbrot=size=4000x3000,noise=alls=12"]
    else:
        source = ["-i", str(folder / "i-slrhills.jpg")]
    clips.run_ffmpeg(*source, "-vf", "scale=4000:3000", "-frames:v", "1", "-q:v", "2", str(path))
    return path


class Pictures:
    def __init__(self, folder: pathlib.Path):
        from support.client import Client
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.source = photograph(folder / "photograph.jpg")
        self.service = telecine(folder / "telecine", WORKERS="1")
        self.client = Client(self.service.url).register()
        # The helper is there from the first picture on.
        self.make(2)

    def make(self, count: int) -> float:
        """From the first byte of each upload until all of its sizes are stored; the CPU seconds that it took.

        Counted picture by picture: of a helper that is replaced Linux forgets the time, with its PID namespace. Then
        the total falls, and the share of one picture is lost.
        """
        spent, before = 0.0, cpu_seconds(self.service.process.pid)
        for _ in range(count):
            self.client.complete(self.client.send(self.source, kind="image/jpeg"))
            now = cpu_seconds(self.service.process.pid)
            spent, before = spent + max(0.0, now - before), now
        return spent

    def ours(self) -> Run:
        wall = time.perf_counter()
        spent = self.make(PICTURES)
        return Run(time.perf_counter() - wall, spent, PICTURES)

    def peer(self) -> Run:
        out = self.folder / "peer"
        out.mkdir()
        before = spent_by_children()
        wall = time.perf_counter()
        for _ in range(PICTURES):
            for options, name in RUNS:
                subprocess.run(["vipsthumbnail", self.source, *options, "--export-profile", "srgb", "-o", out / name],
                               check=True, env=os.environ)
        run = Run(time.perf_counter() - wall, spent_by_children() - before, PICTURES)
        shutil.rmtree(out)
        return run


def run(folder: pathlib.Path, count: int) -> list[Line]:
    pictures = Pictures(folder / "images")
    try:
        pairs = interleaved(count, pictures.ours, pictures.peer)
    finally:
        pictures.service.stop()
        shutil.rmtree(folder / "images")
    return [line("five image derivatives of a 12-megapixel JPEG, CPU seconds", pairs, lambda run: run.cpu / run.amount,
                 lambda cpu: f"{cpu:.3f} CPU-s", "≤ 0.3", lambda ratio: ratio <= 0.3,
                 "upload, hash and jobs included")]
