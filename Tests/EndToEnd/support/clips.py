"""Clips: real ones from the corpus folder, and made ones whose frames can be counted."""
import os
import pathlib
import struct
import subprocess

import pytest


def corpus() -> pathlib.Path | None:
    folder = os.environ.get("TELECINE_CORPUS")
    return pathlib.Path(folder) if folder else None


def real(name: str) -> pathlib.Path:
    """A file of the corpus; skips the test, with one line, where there is none."""
    folder = corpus()
    if folder is None:
        pytest.skip("TELECINE_CORPUS is not set: real files are not tested")
    path = folder / name
    assert path.exists(), f"the corpus has no {name}"
    return path


def make(path: pathlib.Path, seconds: float, size: str = "1280x720", rate: str = "25", sound: bool = True,
         noise: int = 0, codec: tuple[str, ...] = ("libx264", "-preset", "ultrafast")) -> pathlib.Path:
    """H.264 unless told, with a running counter in the picture and a tone; `noise` makes it costly to compress."""
    picture = f"testsrc2=size={size}:rate={rate}:duration={seconds}"
    if noise:
        picture += f",noise=alls={noise}:allf=t"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture]
    if sound:
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}", "-c:a", "aac"]
    # Key frames closer than a segment, as cameras and phones write them.
    command += ["-c:v", *codec, "-pix_fmt", "yuv420p", "-g", "50", path]
    subprocess.run(command, check=True, timeout=300)
    return path


def run_ffmpeg(*options) -> None:
    """Makes a clip that `make` does not."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *options], check=True, timeout=300)


def padded(source: pathlib.Path, path: pathlib.Path, size: int) -> pathlib.Path:
    """The same MP4 made `size` bytes long by a `free` box of random bytes: long to send, quick to process."""
    content = source.read_bytes()
    room = size - len(content)
    assert room >= 8
    path.write_bytes(content + struct.pack(">I4s", room, b"free") + os.urandom(room - 8))
    return path


def probe(source, entries: str, *options: str) -> list[str]:
    """ffprobe's answer for stream entries, one value a line."""
    command = ["ffprobe", "-v", "error", *options, "-show_entries", entries, "-of", "csv=p=0:nk=1", str(source)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return [line.strip(",") for line in result.stdout.split()]


def count_frames(source, stream: str = "v:0") -> int:
    """Decodes everything and counts: containers and headers can lie, pictures cannot."""
    values = probe(source, "stream=nb_read_frames", "-count_frames", "-select_streams", stream)
    return int(values[0])


def duration(source) -> float:
    return float(probe(source, "format=duration")[0])
