"""Whatever is killed, cancelled, deleted or processed again: rows, objects and received files fit together."""
import os
import random
import subprocess
import time

from support import clips, tus
from support.client import PASSWORD, Client
from support.playlists import Master, Media
from support.service import binary, clean_environment, kill_quietly
from support.storage import audit, no_job_left, nothing_lost
from support.wait import until

ROUNDS = int(os.environ.get("TELECINE_STORAGE_ROUNDS", "6"))


def administrator(service) -> Client:
    client = Client(service.url)
    token = until("the link", lambda: service.admin_link).partition("token=")[2]
    data = {"token": token, "email": "boss@example.com", "password": PASSWORD}
    client.token = client.request("POST", "/setup", data=data).json()["token"]
    return client


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
        asset = until("the asset", lambda: client.status(upload).get("assetId"))
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
        nothing_lost(service)
    assert client.request("DELETE", "/api/trash").status == 200
    for upload, _ in kept:
        client.complete(upload)
    no_job_left(service)
    code, report = audit(service)
    assert code == 0 and report["healthy"] and report["assets"] == len(kept), report
    for _, asset in kept:
        assert client.request("DELETE", f"/api/assets/{asset}").status == 204
    code, report = audit(service)
    assert code == 0 and report["objects"] > 0, f"what is in the trash is expected: {report}"
    assert client.request("DELETE", "/api/trash").status == 200
    no_job_left(service)
    code, report = audit(service)
    assert code == 0 and report["objects"] == 0 and not list((service.data / "staging").iterdir()), report


def test_an_upload_given_up_and_one_processed_again_while_it_plays_orphan_nothing(start_service, tmp_path):
    service = start_service(WORKERS=1)
    admin, client = administrator(service), Client(service.url).register()
    clip = clips.make(tmp_path / "clip.mp4", 4, size="320x180", rate="10")
    content = clip.read_bytes()
    given_up = tus.create(client, len(content))
    assert tus.patch(client, given_up, 0, content[:-1]).status == 204
    nothing_lost(service)
    assert tus.ask(client, "DELETE", given_up).status == 204
    asset = client.complete(client.send(clip))
    no_job_left(service)
    viewed = Media.load(client, Master.load(client, client.stream(asset)["masterUrl"]).variants[0].url)
    again = f"/api/media/{asset.removeprefix('asset_')}/reprocess/"
    assert admin.request("POST", again).status == 202
    for pid in service.workers():
        kill_quietly(pid)
    # Who watches goes on watching what is there.
    assert [client.get(segment.url).status for segment in viewed.segments] == [200] * len(viewed.segments)
    nothing_lost(service)
    no_job_left(service)
    assert service.original(asset).parent.with_name("v2").exists()
    assert client.get(viewed.segments[-1].url).status == 200
    code, report = audit(service)
    assert code == 0 and report["healthy"] and report["assets"] == 1, report


def test_what_does_not_fit_is_named(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    upload = client.send(clips.make(tmp_path / "clip.mp4", 4, size="320x180", rate="10"))
    client.complete(upload)
    no_job_left(service)
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
                           timeout=120, env=clean_environment())
    assert lines.returncode == 1 and "ORPHAN   assets/5/v1/original" in lines.stdout
