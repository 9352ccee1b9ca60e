"""kill -9 of the workers while they encode: the result is the same, to the frame."""
import os
import random
import time

from support import clips
from support.client import Client
from support.playlists import Master
from support.service import kill_quietly
from support.wait import until

KILLS = int(os.environ.get("TELECINE_WORKER_KILLS", "6"))
SECONDS, RATE = 30, 25


def test_killed_workers_cost_time_and_nothing_else(start_service, tmp_path):
    seed = int(os.environ.get("TELECINE_KILL_SEED", random.SystemRandom().randrange(1 << 32)))
    dice = random.Random(seed)
    print(f"TELECINE_KILL_SEED={seed}")
    service = start_service()
    client = Client(service.url).register()
    source = clips.make(tmp_path / "counted.mp4", SECONDS, size="1280x720", rate=str(RATE))
    upload = client.send(source)
    killed = 0
    while killed < KILLS and client.status(upload)["progress"] < 100:
        workers = until("a worker", service.workers)
        # The moment is the experiment: anywhere within a chunk's encoding.
        time.sleep(dice.uniform(0.1, 1.5))
        for pid in workers:
            kill_quietly(pid)
        killed += 1
    assert killed >= min(3, KILLS), "the clip was processed before the workers could be killed"
    asset = client.complete(upload)
    assert_frame_exact(client, asset, SECONDS * RATE)


def assert_frame_exact(client: Client, asset: str, frames: int) -> None:
    """Every rung decodes end to end to the output grid's frames; the sound is as long as the picture."""
    master = Master.load(client, client.stream(asset)["masterUrl"])
    assert len(master.variants) == 3
    for variant in master.variants:
        assert clips.count_frames(variant.url) == frames, variant.attributes
    for group in master.audio:
        # AAC frames of 1024 samples, at the rate of the source's sound.
        assert abs(clips.count_frames(group.url, "a:0") * 1024 / 48000 - SECONDS) <= 1 / RATE
