"""Every real file of the corpus becomes playable, exact to the frame, or fails with a reason a person understands."""
import csv
import pathlib

import pytest

from support import clips, profiles
from support.client import Client
from support.playlists import Master, Media

# The output grid's frames where they are known: counted from the originals when the chunk engine was proven.
FRAMES = {
    "v-720p-traffic-vfr.mp4": 828, "v-nonzero-start.mp4": 12, "v-edit-list.mp4": 225, "v-rotate-1080p24.mp4": 45,
    "v-sar2x1.mp4": 150, "v-hdr10-1080p-phone.mp4": 30, "v-320x240-60fps.mp4": 466, "v-vp9-odd.webm": 30,
    "v-frag-no-duration.mp4": 30, "v-cursed-vfr-3026x1386.mp4": 87, "v-ts-no-initial-key.ts": 15,
    "v-nasa-multistream.mp4": 390,
}
# Nothing can be shown of these; they end as failed, with a reason.
BROKEN = {"v-invalid-bitstream.webm"}


def names() -> list[str]:
    folder = clips.corpus()
    if folder is None:
        return []
    with (folder / "MANIFEST.tsv").open() as manifest:
        return [row["file"] for row in csv.DictReader(manifest, delimiter="\t") if row["file"][:2] in ("v-", "a-")]


@pytest.fixture(scope="module")
def queued(start_service_once, tmp_path_factory):
    """One service with all files in its queue at once: (client, upload of each file)."""
    if clips.corpus() is None:
        pytest.skip("TELECINE_CORPUS is not set: real files are not tested")
    # Two small rungs, so that the time goes into reading the files; the ceiling keeps the rates that FRAMES states.
    ladder = profiles.fast(tmp_path_factory.mktemp("ladder"), ("480p", "360p"), frameRate=30)
    service = start_service_once(PROFILES_DIR=ladder)
    client = Client(service.url).register()
    return client, {name: client.send(clips.real(name)) for name in names()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", names() or ["(no corpus)"])
def test_a_real_file_plays_or_says_why_not(queued, name):
    client, uploads = queued
    status = client.finish(uploads[name], deadline=500, expect=("processed", "failed", "processing_failed"))
    if status["status"] != "processed":
        assert name in BROKEN or name not in FRAMES, status
        assert len(status["error"]) > 10 and "\n" not in status["error"], status
        print(f"{name}: {status['error']}")
        return
    assert name not in BROKEN, "nothing of it can be shown"
    asset = client.complete(uploads[name], deadline=500)
    if name.startswith("v-"):
        check_video(client, clips.real(name), asset)


def check_video(client: Client, source: pathlib.Path, asset: str) -> None:
    master = Master.load(client, client.stream(asset)["masterUrl"])
    counts = {clips.count_frames(variant.url) for variant in master.variants}
    assert len(counts) == 1, f"rungs differ: {counts}"
    frames = counts.pop()
    if source.name in FRAMES:
        assert frames == FRAMES[source.name]
    rate = float(master.variants[0].attributes["FRAME-RATE"])
    pictures = Media.load(client, master.variants[0].url)
    assert pictures.duration == pytest.approx(frames / rate, abs=1 / rate)
    for group in master.audio:
        assert Media.load(client, group.url).duration == pytest.approx(pictures.duration, abs=max(1 / rate, 0.025))
