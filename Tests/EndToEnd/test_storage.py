"""Whatever is killed, cancelled, deleted or processed again: rows, objects and received files fit together."""
import json
import os
import random
import sqlite3
import subprocess
import time

from support import clips
from support.client import Client
from support.service import binary, clean_environment, kill_quietly
from support.wait import until

ROUNDS = int(os.environ.get("TELECINE_STORAGE_ROUNDS", "6"))


def audit(service) -> tuple[int, dict]:
    command = [binary(), "doctor", "--storage", "--json", "--data", service.data]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean_environment())
    return result.returncode, json.loads(result.stdout)


def jobs_left(service) -> int:
    with sqlite3.connect(f"file:{service.data}/telecine.sqlite?mode=ro", uri=True) as database:
        # What is replaced stays a while for those who play it.
        query = "SELECT count(*) FROM jobs WHERE state <> 'dead' AND kind <> 'asset.remove-version'"
        return database.execute(query).fetchone()[0]


def test_kills_and_deletions_at_any_moment_orphan_nothing(start_service, tmp_path):
    seed = int(os.environ.get("TELECINE_KILL_SEED", random.SystemRandom().randrange(1 << 32)))
    dice = random.Random(seed)
    print(f"TELECINE_KILL_SEED={seed}")
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    copied = clips.make(tmp_path / "copied.mp4", 20, size="640x360", rate="10")
    encoded = tmp_path / "encoded.mkv"
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=20", "-f", "lavfi", "-i",
                     "sine=frequency=440:duration=20", "-c:v", "mpeg4", "-g", "20", "-c:a", "libopus", encoded)
    kept = []
    for round in range(ROUNDS):
        upload = client.send(dice.choice([copied, encoded]), kind="video/x-matroska")
        asset = until("the asset", lambda: client.status(upload).get("assetId"), deadline=30)
        time.sleep(dice.uniform(0, 1.5))
        event = round % 3
        if event == 0:
            way = dice.choice(["", "?permanent=true"])
            assert client.request("DELETE", f"/api/assets/{asset}{way}").status == 204
        else:
            kept.append((upload, asset))
        if event == 1:
            for pid in service.workers():
                kill_quietly(pid)
        if event == 2:
            service.kill()
            service.start(port=service.port)
        # While it works, too, nothing is an orphan or missing.
        code, report = audit(service)
        assert (code, report["orphans"], report["missing"]) == (0, [], []), report
    assert client.request("DELETE", "/api/trash").status == 200
    for upload, _ in kept:
        client.complete(upload, deadline=200)
    until("no job left", lambda: jobs_left(service) == 0, deadline=120)
    code, report = audit(service)
    assert code == 0 and report["healthy"] and report["assets"] == len(kept), report
    for _, asset in kept:
        assert client.request("DELETE", f"/api/assets/{asset}").status == 204
    code, report = audit(service)
    assert code == 0 and report["objects"] > 0, f"what is in the trash is expected: {report}"
    assert client.request("DELETE", "/api/trash").status == 200
    until("no job left", lambda: jobs_left(service) == 0, deadline=120)
    code, report = audit(service)
    assert code == 0 and report["objects"] == 0 and not list((service.data / "staging").iterdir()), report


def test_what_does_not_fit_is_named(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    upload = client.send(clips.make(tmp_path / "clip.mp4", 4, size="320x180", rate="10"))
    client.complete(upload, deadline=100)
    until("no job left", lambda: jobs_left(service) == 0, deadline=60)
    lost = next((service.data / "objects/assets").rglob("0.m4s"))
    lost.rename(lost.with_name("7.m4s"))
    (service.data / "objects/assets/5/v1").mkdir(parents=True)
    (service.data / "objects/assets/5/v1/original").write_bytes(b"nobody's")
    code, report = audit(service)
    objects = service.data / "objects"
    assert code == 1 and report["missing"] == [str(lost.relative_to(objects))]
    found = [str(lost.with_name("7.m4s").relative_to(objects)), "assets/5/v1/original"]
    assert sorted(report["orphans"]) == sorted(found)
    lines = subprocess.run([binary(), "doctor", "--storage", "--data", service.data], capture_output=True, text=True,
                           timeout=60, env=clean_environment())
    assert lines.returncode == 1 and "ORPHAN   assets/5/v1/original" in lines.stdout
