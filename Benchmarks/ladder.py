"""The whole ladder of a minute of 1080p, four rungs, against one hand-written ffmpeg run with the same settings."""
import json
import os
import pathlib
import shutil
import subprocess
import time

from pairs import Line, Run, interleaved, line
from processes import ROOT, adopt_orphans, spent_by_children, telecine

SECONDS = 60
NAMES = ("1080p", "720p", "480p", "360p")


def minute_of_camera(path: pathlib.Path) -> pathlib.Path:
    """The corpus's camera clip, looped to a minute without encoding it again; a made picture without the corpus."""
    from support import clips
    folder = clips.corpus()
    if folder is None:
        print("  TELECINE_CORPUS is not set: a made picture stands in for the camera clip", flush=True)
        return clips.make(path, SECONDS, size="1920x1080", noise=8)
    camera = folder / "v-1080p25-camera.mp4"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "-1", "-i", camera, "-t", str(SECONDS),
                    "-c", "copy", path], check=True)
    return path


def profiles() -> list[dict]:
    return [json.loads((ROOT / f"config/profiles/{name}.json").read_text()) for name in NAMES]


def kilobits(rate: str) -> int:
    return int(rate.removesuffix("k"))


def by_hand(source: pathlib.Path, out: pathlib.Path) -> list:
    """One ffmpeg run as one would write it: one decode, a cascade of scalers, four encoders, one sound."""
    rungs = profiles()
    graph = []
    for index, rung in enumerate(rungs):
        scale = f"scale={rung['width']}:{rung['height']}:flags=bicubic,format=yuv420p"
        entry = "[0:v]" if index == 0 else f"[c{index - 1}]"
        last = index == len(rungs) - 1
        graph.append(f"{entry}{scale}[o{index}]" if last else f"{entry}{scale},split=2[o{index}][c{index}]")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-filter_complex", ";".join(graph)]
    for index, rung in enumerate(rungs):
        rate = kilobits(rung["videoBitrate"])
        command += [
            "-map", f"[o{index}]", f"-c:v:{index}", "libx264", f"-preset:v:{index}", rung["preset"],
            f"-profile:v:{index}", "high", f"-crf:v:{index}", "23", f"-maxrate:v:{index}", f"{rate}k",
            f"-bufsize:v:{index}", f"{2 * rate}k"]
    command += ["-force_key_frames", "expr:gte(t,n_forced*6)", "-g", "9999", "-sc_threshold", "0",
                "-x264-params", "open-gop=0", "-map", "0:a:0", "-c:a", "aac", "-b:a", "192k",
                "-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
                "-master_pl_name", "master.m3u8", "-var_stream_map",
                "a:0,agroup:sound " + " ".join(f"v:{index},agroup:sound" for index in range(len(rungs))),
                out / "%v-index.m3u8"]
    return command


def heavy(source: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    """The minute at a rate that no profile allows: nothing of it stays, all four rungs are encoded."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-c:v", "libx264", "-preset", "ultrafast",
                    "-crf", "14", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "copy", path], check=True)
    return path


class Ladder:
    def __init__(self, folder: pathlib.Path, source: pathlib.Path):
        self.folder = folder
        self.source = source

    def ours(self) -> Run:
        from support.client import Client
        place = self.folder / "telecine"
        before = spent_by_children()
        service = telecine(place)
        try:
            client = Client(service.url).register()
            upload = client.send(self.source)
            wall = time.perf_counter()
            client.complete(upload, deadline=1800)
            wall = time.perf_counter() - wall
        finally:
            service.stop()
            shutil.rmtree(place)
        # Its whole life: starting, signing up and the upload with them.
        return Run(wall, spent_by_children() - before)

    def peer(self) -> Run:
        out = self.folder / "ffmpeg"
        out.mkdir()
        before = spent_by_children()
        begin = time.perf_counter()
        subprocess.run(by_hand(self.source, out), check=True, timeout=1800, env=os.environ)
        run = Run(time.perf_counter() - begin, spent_by_children() - before)
        shutil.rmtree(out)
        return run


def run(folder: pathlib.Path, count: int) -> list[Line]:
    adopt_orphans()
    folder = folder / "ladder"
    folder.mkdir(parents=True)
    camera = minute_of_camera(folder / "minute.mp4")
    lines = []
    for what, source, bar in (("four rungs", heavy(camera, folder / "heavy.mp4"), 1.05),
                              ("top rung copied", camera, 0.55)):
        ladder = Ladder(folder, source)
        pairs = interleaved(count, ladder.ours, ladder.peer)
        lines.append(line(f"whole ladder, 1 min 1080p, {what}, CPU seconds", pairs, lambda run: run.cpu,
                          lambda cpu: f"{cpu:.1f} CPU-s", f"≤ {bar}", lambda ratio, bar=bar: ratio <= bar))
    shutil.rmtree(folder)
    return lines
