"""Instant play: a copied video plays at once; what is not there yet is made when it is asked for."""
import sqlite3
import threading
import time

from support import browser as chromium
from support import clips, pages
from support.client import PASSWORD, Client
from support.playlists import Master
from support.service import kill_quietly
from support.wait import until


def playable(client: Client, upload: str, deadline: float = 400) -> dict:
    """Waits until something plays; the asset's stream links."""
    def links() -> dict | None:
        asset = client.status(upload).get("assetId")
        answer = client.get(f"/media/{asset}/stream") if asset else None
        return answer.json() | {"asset": asset} if answer and answer.status == 200 else None
    return until("something that plays", links, deadline, every=0.02)


def jobs(service, query: str) -> list[tuple]:
    with sqlite3.connect(f"file:{service.data}/telecine.sqlite?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def test_ten_minutes_that_browsers_play_are_playable_at_once(start_service, tmp_path):
    service = start_service()
    client = Client(service.url).register()
    source = clips.make(tmp_path / "long.mp4", 600, size="640x360", rate="10")
    upload = client.send(source)
    stream = playable(client, upload)
    master = Master.load(client, stream["masterUrl"])
    first = client.get(master.variants[0].url.replace("playlist.m3u8", "0.m4s"))
    assert first.status == 200 and first.body[4:8] == b"moof"
    details = client.get(f"/media/{stream['asset']}").json()
    assert details["status"] == "ready" and "nonStandardReasons" not in details
    # Complete as VOD from the first request on, and every part of it can be had.
    playlist = client.get(master.variants[0].url).body.decode()
    files = [line for line in playlist.splitlines() if line.endswith(".m4s")]
    lengths = [float(line[8:-1]) for line in playlist.splitlines() if line.startswith("#EXTINF:")]
    assert "#EXT-X-ENDLIST" in playlist and abs(sum(lengths) - 600) < 0.1
    assert client.get(master.variants[0].url.replace("playlist.m3u8", files[-1]), timeout=120).status == 200


def test_a_seek_to_the_end_of_a_mostly_unencoded_video_is_served(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    # Not H.264, so that everything is encoded; small, so that this machine sustains it.
    source = tmp_path / "long.mkv"
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=400", "-f", "lavfi", "-i",
                     "sine=frequency=440:sample_rate=48000:duration=400", "-c:v", "mpeg4", "-q:v", "6", "-g", "20",
                     "-c:a", "libopus", source)
    upload = client.send(source, kind="video/x-matroska")
    stream = playable(client, upload)
    details = client.get(f"/media/{stream['asset']}").json()
    assert "mpeg4" in details["nonStandardReasons"][0]
    base = stream["masterUrl"].rsplit("/", 1)[0]
    variant = Master.load(client, stream["masterUrl"]).variants[0].url.split("/")[-2]
    answers: list[int] = []

    def viewer() -> None:
        answers.append(client.get(f"{base}/{variant}/65.m4s", timeout=120).status)

    viewers = [threading.Thread(target=viewer) for _ in range(8)]
    for thread in viewers:
        thread.start()
    for thread in viewers:
        thread.join()
    assert answers == [200] * 8
    made = jobs(service, "SELECT count(*) FROM segments WHERE rendition <> 'audio'")[0][0]
    assert made < 60, "the end was served only when all before it was encoded"
    assert client.get(f"{base}/{variant}/67.m4s").status == 404
    assert client.get(f"{base}/{variant}/065.m4s").status == 404


def test_a_request_that_was_given_up_yields(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = tmp_path / "long.mkv"
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=854x480:rate=25:duration=90", "-c:v", "mpeg4", "-q:v", "4",
                     "-g", "25", source)
    upload = client.send(source, kind="video/x-matroska")
    asset = until("the asset", lambda: client.status(upload).get("assetId"))
    stream = playable(client, upload)
    base = "/" + stream["masterUrl"].split("/", 3)[3].rsplit("/", 1)[0]
    viewers = []
    for number in range(14, 4, -1):
        connection = client.connect()
        connection.request("GET", f"{base}/360p/{number}.m4s")
        viewers.append(connection)
    where = "FROM jobs WHERE kind = 'asset.segment' AND state = 'queued'"
    until("orders", lambda: jobs(service, f"SELECT 1 {where} AND lane = 'viewer' AND priority = 30"))
    for connection in viewers:
        connection.close()
    until("orders that yield", lambda: not jobs(service, f"SELECT 1 {where} AND lane = 'viewer'"))
    assert client.request("DELETE", f"/api/assets/{asset}?permanent=true").status == 204
    until("no job left", lambda: not jobs(service, "SELECT 1 FROM jobs WHERE state <> 'dead'"))
    until("no object left", lambda: not list((service.data / "objects/assets").rglob("*.m4s")))


def test_killed_workers_while_a_viewer_waits_cost_time_and_nothing_else(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = clips.make(tmp_path / "clip.mp4", 60, size="1280x720", rate="12", noise=4)
    upload = client.send(source)
    stream = playable(client, upload)
    base = stream["masterUrl"].rsplit("/", 1)[0]
    answers: list[int] = []
    viewer = threading.Thread(target=lambda: answers.append(client.get(f"{base}/360p/6.m4s", timeout=120).status))
    viewer.start()
    for _ in range(3):
        for pid in until("a worker", service.workers):
            kill_quietly(pid)
        time.sleep(0.5)
    viewer.join()
    assert answers == [200]
    client.complete(upload)
    for variant in Master.load(client, stream["masterUrl"]).variants:
        assert clips.count_frames(variant.url) == 60 * 12, variant.attributes
    rows = jobs(service, "SELECT rendition, count(*) FROM segments GROUP BY rendition")
    assert len({count for _, count in rows}) == 1, rows


def test_the_page_seeks_to_what_is_not_encoded_yet(start_service, tmp_path, page):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = tmp_path / "long.mkv"
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=600", "-c:v", "mpeg4", "-q:v", "6",
                     "-g", "20", source)
    upload = client.send(source, kind="video/x-matroska")
    stream = playable(client, upload)
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    pages.watch(page, service.url, stream["asset"])
    video = pages.start(page)
    video.evaluate("v => { v.currentTime = 590; }")
    until("the end playing", lambda: pages.has_played(video, 590.3))
    assert video.evaluate("v => v.error") is None
    assert jobs(service, "SELECT count(*) FROM segments")[0][0] < 90


def test_the_page_takes_up_what_joins(start_service, tmp_path, page):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = clips.make(tmp_path / "clip.mp4", 40, size="1280x720", rate="12", noise=4)
    upload = client.send(source)
    stream = playable(client, upload)
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    pages.watch(page, service.url, stream["asset"])
    video = pages.start(page)
    client.complete(upload)
    names = "() => document.querySelectorAll('[data-quality-menu] [role=menuitemradio]').length"
    page.locator("[data-quality]").click()
    # Three rungs and "automatic".
    until("all rungs in the menu", lambda: page.evaluate(names) == 4)
    assert video.evaluate("v => v.error") is None and video.evaluate("v => !v.paused || v.ended")


def test_the_picture_gets_better_while_it_plays(start_service, tmp_path, page):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = tmp_path / "clip.mkv"
    # Everything is encoded; the lowest rung is there long before the top one.
    clips.run_ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=12:duration=100", "-f", "lavfi", "-i",
                     "sine=frequency=440:duration=100", "-c:v", "mpeg4", "-q:v", "5", "-g", "24", "-c:a", "libopus",
                     source)
    upload = client.send(source, kind="video/x-matroska")
    stream = playable(client, upload)
    assert len(Master.load(client, stream["masterUrl"]).variants) < 3
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    pages.watch(page, service.url, stream["asset"])
    video = pages.start(page)
    first, address = pages.picture_width(video), video.evaluate("v => v.currentSrc")
    assert first < 1280
    video.evaluate("v => { v.restarts = 0; v.addEventListener('emptied', () => { v.restarts += 1; }); }")
    client.complete(upload)
    until("a larger picture", lambda: pages.picture_width(video) > first)
    assert video.evaluate("v => v.currentSrc") == address and video.evaluate("v => v.restarts") == 0
    assert video.evaluate("v => v.error") is None and not video.evaluate("v => v.paused && !v.ended")


def test_sound_that_must_be_encoded_does_not_hold_up_a_seek(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = tmp_path / "long.mkv"
    # Its whole sound takes this machine many seconds, its picture (a rung that is copied) a moment.
    clips.run_ffmpeg("-f", "lavfi", "-i", "color=gray:size=320x180:rate=2:duration=1200", "-f", "lavfi", "-i",
                     "sine=frequency=440:sample_rate=48000:duration=1200", "-c:v", "libx264", "-preset", "ultrafast",
                     "-pix_fmt", "yuv420p", "-g", "12", "-c:a", "flac", "-strict", "-2", source)
    upload = client.send(source, kind="video/x-matroska")
    stream = playable(client, upload)
    base = stream["masterUrl"].rsplit("/", 1)[0]
    made = "SELECT count(*) FROM segments WHERE rendition = 'audio'"
    sound = client.get(f"{base}/audio/190.m4s", timeout=120)
    assert sound.status == 200 and sound.body[4:8] == b"moof"
    assert jobs(service, made)[0][0] < 190, "the end was served only when all before it was encoded"
    # What was made alone stays, and the whole is complete around it.
    until("all of the sound", lambda: jobs(service, made)[0][0] == 200)
    assert client.get(f"{base}/audio/190.m4s").body == sound.body
    master = Master.load(client, stream["masterUrl"])
    assert abs(clips.count_frames(master.audio[0].url, "a:0") * 1024 / 48000 - 1200) < 0.05


def test_a_copy_that_disappoints_is_encoded_instead(start_service, tmp_path):
    service = start_service(WORKERS=1)
    client = Client(service.url).register()
    source = clips.make(tmp_path / "clip.mp4", 30, size="640x360", rate="10")
    broken = bytearray(source.read_bytes())
    # The index is whole; in the middle a picture's length is not what the index says.
    place = int(clips.probe(source, "packet=pos", "-select_streams", "v:0")[170])
    broken[place:place + 4] = b"\x00\x7f\xff\xff"
    path = tmp_path / "broken.mp4"
    path.write_bytes(broken)
    upload = client.send(path)
    asset = client.complete(upload)
    details = client.get(f"/media/{asset}").json()
    assert details["nonStandardReasons"] == ["Its packets are not what its index says."]
    assert jobs(service, "SELECT count(*) FROM renditions WHERE origin <> 'encoded' AND name <> 'audio'")[0][0] == 0
    for variant in Master.load(client, client.stream(asset)["masterUrl"]).variants:
        assert clips.count_frames(variant.url) == 300
