"""How soon a video plays: after its last byte, and after a seek to where nothing is made yet."""
import json
import pathlib
import shutil
import subprocess
import time

from ladder import kilobits
from pairs import Line, Run, interleaved, line
from processes import ROOT, adopt_orphans, cpu_seconds, spent_by_children, telecine

# The bar in seconds for a copied video of either length; the machine is to be idle.
LIMIT = 1.0
LOWEST = "360p"
SEGMENT = 6


def plain_segment(source: pathlib.Path, out: pathlib.Path, start: int) -> Run:
    """One segment of the lowest rung as one would make it by hand: seek, decode, scale, encode, with its sound."""
    rung = json.loads((ROOT / f"config/profiles/{LOWEST}.json").read_text())
    rate = kilobits(rung["videoBitrate"])
    before, begin = spent_by_children(), time.perf_counter()
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-ss", str(start), "-i", source, "-t", str(SEGMENT),
                    "-vf", f"scale={rung['width']}:{rung['height']}:flags=bicubic,format=yuv420p",
                    "-c:v", "libx264", "-preset", rung["preset"], "-profile:v", "high", "-crf", "23",
                    "-maxrate", f"{rate}k", "-bufsize", f"{2 * rate}k", "-g", "9999", "-sc_threshold", "0",
                    "-c:a", "aac", "-b:a", "192k", "-movflags", "+frag_keyframe+empty_moov", out], check=True)
    return Run(time.perf_counter() - begin, spent_by_children() - before)


class Playing:
    """A service of its own for every run, so that nothing of the run before is still being encoded."""

    def __init__(self, folder: pathlib.Path, **settings):
        from support.client import Client
        self.folder = folder
        self.service = telecine(folder, **settings)
        self.client = Client(self.service.url).register()

    def __enter__(self) -> "Playing":
        return self

    def __exit__(self, *_) -> None:
        self.service.stop()
        shutil.rmtree(self.folder)

    @property
    def cpu(self) -> float:
        return cpu_seconds(self.service.process.pid)

    def send_all_but_the_last(self, source: pathlib.Path):
        """Returns the upload, and what sends its last part."""
        from support.client import split
        content = source.read_bytes()
        upload = self.client.begin(source.name, len(content))
        pieces = split(content, upload["chunkSize"])

        def send(number: int) -> None:
            answer = self.client.chunk(upload["uploadId"], number, pieces[number], len(pieces), number_first=True)
            assert answer.status == 200, answer

        for number in range(len(pieces) - 1):
            send(number)
        return upload["uploadId"], lambda: send(len(pieces) - 1)

    def master(self, upload: str):
        from support.playlists import Master
        from support.wait import until

        def stream() -> dict | None:
            asset = self.client.status(upload).get("assetId")
            answer = self.client.get(f"/media/{asset}/stream") if asset else None
            return answer.json() if answer and answer.status == 200 else None

        return Master.load(self.client, until("the stream", stream, deadline=300, every=0.01)["masterUrl"])

    def fetch(self, master, *files: str) -> None:
        """What a player fetches of the lowest rung and the sound before it shows a picture."""
        lowest = min(master.variants, key=lambda variant: int(variant.attributes["BANDWIDTH"]))
        for rendition in [lowest, *master.audio]:
            for file in files:
                answer = self.client.get(rendition.url.replace("playlist.m3u8", file), timeout=95)
                assert answer.status == 200, answer


def first_picture(folder: pathlib.Path, source: pathlib.Path) -> Run:
    """From the last byte to master, playlists, inits and first segments."""
    with Playing(folder / "telecine") as playing:
        upload, send_last = playing.send_all_but_the_last(source)
        cpu, wall = playing.cpu, time.perf_counter()
        send_last()
        playing.fetch(playing.master(upload), "init.mp4", "0.m4s")
        return Run(time.perf_counter() - wall, playing.cpu - cpu)


def seek(folder: pathlib.Path, source: pathlib.Path, number: int) -> Run:
    """From the request of a far segment to its bytes, while the background encodes the beginning."""
    with Playing(folder / "telecine", WORKERS=1) as playing:
        upload, send_last = playing.send_all_but_the_last(source)
        send_last()
        master = playing.master(upload)
        playing.fetch(master, "init.mp4", "0.m4s")
        cpu, wall = playing.cpu, time.perf_counter()
        playing.fetch(master, f"{number}.m4s")
        return Run(time.perf_counter() - wall, playing.cpu - cpu)


def made(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    from support import clips
    folder.mkdir(parents=True, exist_ok=True)
    picture = "testsrc2=size=1920x1080:rate=30:duration={}"
    sound = "sine=frequency=440:sample_rate=48000:duration={}"
    clips.run_ffmpeg("-f", "lavfi", "-i", picture.format(60), "-f", "lavfi", "-i", sound.format(60),
                     "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", "4M",
                     "-g", "60", "-c:a", "libopus", folder / "vp9.webm")
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=600", "-f", "lavfi", "-i",
                     sound.format(600), "-c:v", "mpeg4", "-q:v", "4", "-g", "25", "-c:a", "libopus",
                     folder / "long.mkv")
    return {"1": clips.make(folder / "60.mp4", 60, rate="30"), "10": clips.make(folder / "600.mp4", 600, rate="30"),
            "vp9": folder / "vp9.webm", "long": folder / "long.mkv"}


def run(folder: pathlib.Path, count: int) -> list[Line]:
    adopt_orphans()
    folder = folder / "first"
    sources = made(folder)

    def show(wall: float) -> str:
        return f"{wall:.2f} s"

    copied = interleaved(count, lambda: first_picture(folder, sources["10"]),
                         lambda: first_picture(folder, sources["1"]))
    slowest = max(run.wall for pair in copied for run in pair)
    encoded = interleaved(count, lambda: first_picture(folder, sources["vp9"]),
                          lambda: plain_segment(sources["vp9"], folder / "plain.mp4", 0))
    far = interleaved(count, lambda: seek(folder, sources["long"], 90),
                      lambda: plain_segment(sources["long"], folder / "plain.mp4", 90 * SEGMENT))
    shutil.rmtree(folder)
    return [
        line("last byte to first playable segment, 720p H.264 + AAC, 10 min against 1 min", copied,
             lambda run: run.wall, show, "≤ 1 s, and ≤ 1.5",
             lambda ratio: ratio <= 1.5 and slowest <= LIMIT, f"slowest {slowest:.2f} s"),
        line("last byte to first playable segment, 1080p VP9 + Opus, against one 360p segment by ffmpeg", encoded,
             lambda run: run.wall, show, "≤ 1.5", lambda ratio: ratio <= 1.5),
        line("seek into the unencoded, 720p MPEG-4 of 10 min, against one 360p segment by ffmpeg", far,
             lambda run: run.wall, show, "≤ 1.5", lambda ratio: ratio <= 1.5),
    ]
