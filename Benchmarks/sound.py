"""Ten minutes of music as MP3 of 128 kb/s, with its waveform, against one plain ffmpeg run that makes the MP3 alone."""
import os
import pathlib
import shutil
import subprocess
import time

from pairs import Line, Run, interleaved, line
from processes import adopt_orphans, spent_by_children, telecine

SECONDS = 600


def music(path: pathlib.Path) -> pathlib.Path:
    """The corpus's music, looped to ten minutes; a made sound without the corpus.

    AAC in MP4, which is served as it came: what the service spends, it spends on the MP3.
    """
    from support import clips
    folder = clips.corpus()
    if folder is None:
        print("  TELECINE_CORPUS is not set: a made sound stands in for music", flush=True)
        source = ["-f", "lavfi", "-i", f"anoisesrc=color=pink:sample_rate=44100:duration={SECONDS}", "-c:a", "aac"]
    else:
        source = ["-stream_loop", "-1", "-i", folder / "a-music-96s.aac", "-t", str(SECONDS), "-c", "copy"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *source, path], check=True)
    return path


class Sound:
    def __init__(self, folder: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.source = music(folder / "music.m4a")

    def ours(self) -> Run:
        from support import handling
        from support.client import Client
        place = self.folder / "telecine"
        before = spent_by_children()
        service = telecine(place)
        try:
            client = Client(service.url).register()
            medium = handling.upload(client, self.source)
            wall = time.perf_counter()
            # Held until it is made; the waveform comes with it.
            answer = client.get(medium["urls"]["mp3"], timeout=120)
            assert answer.status == 200, answer
            wall = time.perf_counter() - wall
            handling.ready(client, medium["id"])
        finally:
            service.stop()
            shutil.rmtree(place)
        # Its whole life: starting, signing up and the upload with them.
        return Run(wall, spent_by_children() - before)

    def peer(self) -> Run:
        out = self.folder / "music.mp3"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", self.source, "-c:a", "libmp3lame", "-b:a", "128k",
                   "-ar", "44100", "-map_metadata", "-1", out]
        before = spent_by_children()
        begin = time.perf_counter()
        subprocess.run(command, check=True, timeout=300, env=os.environ)
        run = Run(time.perf_counter() - begin, spent_by_children() - before)
        out.unlink()
        return run


def run(folder: pathlib.Path, count: int) -> list[Line]:
    adopt_orphans()
    sound = Sound(folder / "sound")
    pairs = interleaved(count, sound.ours, sound.peer)
    shutil.rmtree(folder / "sound")
    return [line("10 min of AAC to MP3 and a waveform, CPU seconds", pairs, lambda run: run.cpu,
                 lambda cpu: f"{cpu:.1f} CPU-s", "≤ 1.25", lambda ratio: ratio <= 1.25,
                 note="the peer makes no waveform")]
