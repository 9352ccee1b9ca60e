"""A video is watched while the rest of it is being uploaded, and goes on when all of it has arrived."""
import re
import threading
import time
import urllib.parse

import pytest

from support import browser as chromium
from support import clips, pages, resumable, tus
from support.client import PASSWORD, Client
from support.playlists import Master, Media
from support.storage import nothing_lost
from support.wait import until
from support.wire import Wire


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """Forty seconds of 720p that is copied, with the index in front: four of contract 1's chunks, seven segments."""
    path = tmp_path_factory.mktemp("early") / "front.mp4"
    clips.run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=40,noise=alls=6:allf=t", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=48000:duration=40", "-c:a", "aac", "-c:v", "libx264", "-preset", "ultrafast",
        "-pix_fmt", "yuv420p", "-g", "50", "-b:v", "3500k", "-maxrate", "3500k", "-bufsize", "3500k", "-movflags",
        "+faststart", path)
    assert 15 << 20 < path.stat().st_size < 20 << 20
    return path


def early(client: Client, upload: str) -> str:
    """The link to what plays, as soon as there is one."""
    return until("a stream of an upload", lambda: client.status(upload).get("masterUrl"))


class Stream:
    """What an upload's or an asset's link gives, to whoever has it."""

    def __init__(self, client: Client, master: str, picture: str = ""):
        self.client = Client(client.url)
        self.master = Master.load(client, master)
        variant = next(v for v in self.master.variants if picture in v.url)
        self.lists = [Media.load(client, variant.url), Media.load(client, self.master.audio[0].url)]

    def get(self, url: str):
        return self.client.get(url, timeout=120)

    def inits(self) -> list[bytes]:
        return [self.get(media.map_url).body for media in self.lists]

    def segments(self, number: int) -> list[bytes]:
        answers = [self.get(media.segments[number].url) for media in self.lists]
        assert [answer.status for answer in answers] == [200, 200], answers
        return [answer.body for answer in answers]

    def held(self, number: int) -> tuple[threading.Thread, list]:
        """A request for a part of the picture, on its way."""
        answers: list = []
        thread = threading.Thread(target=lambda: answers.append(self.get(self.lists[0].segments[number].url)))
        thread.start()
        return thread, answers


def expect_first_segment(stream: Stream, folder) -> None:
    """The first segment's pictures and sound, decoded."""
    for name, media, init, segment in zip("va", stream.lists, stream.inits(), stream.segments(0)):
        path = folder / f"{name}.mp4"
        path.write_bytes(init + segment)
        rate = 25 if name == "v" else 48000 / 1024
        assert clips.count_frames(path, f"{name}:0") == pytest.approx(media.segments[0].duration * rate, abs=1)


def without_numbers(segment: bytes) -> bytes:
    """But for the fragments' own numbers, which count from where the copy began."""
    return re.sub(rb"(mfhd.{4}).{4}", rb"\1....", segment, flags=re.DOTALL)


def test_tus_plays_before_the_last_byte_and_goes_on_after_it(client, front, tmp_path):
    content = front.read_bytes()
    half = len(content) // 2
    path = tus.create(client, len(content))
    upload = tus.upload_id(path)
    assert tus.patch(client, path, 0, content[:half]).status == 204
    master = early(client, upload)
    assert client.get(f"{tus.REST}/{upload}/status").json()["master_url"] == master
    # Complete as VOD, and only its beginning is there.
    stream = Stream(client, master)
    assert all(media.ended and media.duration == pytest.approx(40, abs=0.1) for media in stream.lists)
    expect_first_segment(stream, tmp_path)
    before = stream.inits() + stream.segments(0)
    thread, answers = stream.held(-1)
    # Nobody else hears of it.
    assert Client(client.url).register().get(f"/api/uploads/{upload}").status == 403
    assert Client(client.url).get(f"/api/uploads/{upload}").status == 401
    assert thread.is_alive() and not answers, "a part that has not arrived was answered"
    assert tus.patch(client, path, half, content[half:]).status == 204
    thread.join(timeout=120)
    assert answers and answers[0].status == 200, answers
    asset = client.complete(upload)
    assert "masterUrl" not in client.status(upload)
    # The same address plays on, and what it gives is what the recording gives.
    final = Stream(client, client.stream(asset)["masterUrl"], picture="/720p/")
    assert stream.inits() + stream.segments(0) == before == final.inits() + final.segments(0)
    assert without_numbers(answers[0].body) == without_numbers(final.segments(-1)[0])
    for mine, its in zip(stream.lists, final.lists):
        assert [segment.duration for segment in mine.segments] == [segment.duration for segment in its.segments]
    assert client.request("DELETE", f"/api/assets/{asset}").status == 204
    assert client.get(master).status == 404
    assert client.get(stream.lists[0].segments[0].url).status == 404


def test_chunks_count_as_far_as_there_are_no_gaps(client, front):
    content = front.read_bytes()
    begun = client.begin("front.mp4", len(content))
    upload, size = begun["uploadId"], begun["chunkSize"]
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    for number in range(len(pieces) - 1, 0, -1):
        if number != 2:
            assert client.chunk(upload, number, pieces[number], len(pieces)).status == 200
            assert "masterUrl" not in client.status(upload)
    assert client.chunk(upload, 0, pieces[0], len(pieces)).status == 200
    master = early(client, upload)
    stream = Stream(client, master)
    stream.segments(0)
    # The last chunk is there, but not all before it.
    thread, answers = stream.held(-1)
    assert client.get(stream.lists[0].segments[1].url).status == 200
    assert thread.is_alive() and not answers
    assert client.request("DELETE", f"{tus.REST}/{upload}").status == 204
    thread.join(timeout=120)
    assert answers and answers[0].status == 404, answers
    assert client.get(master).status == 404
    assert client.get(stream.lists[0].segments[0].url).status == 404


def test_a_resumable_upload_without_a_length_plays_too(client, front, tmp_path):
    content = front.read_bytes()
    draft = resumable.Draft(client)
    path = draft.created()
    events = Wire(client, "GET", f"/api/uploads/{resumable.upload_id(path)}/events")
    assert events.next().status == 200
    assert draft.patch(path, 0, content[: len(content) // 2]).status in (201, 204)
    # Who follows it is told.
    while b'"masterUrl"' not in events._unread:
        events._more()
    events.drop()
    stream = Stream(client, early(client, resumable.upload_id(path)))
    expect_first_segment(stream, tmp_path)


def test_a_crash_in_the_middle_costs_nothing(start_service, front):
    """By tus, and by one plain PUT, whose client reads where it is told to go on."""
    service = start_service()
    client = Client(service.url).register()
    content = front.read_bytes()
    half = len(content) // 2
    appended = tus.create(client, len(content))
    assert tus.patch(client, appended, 0, content[:half]).status == 204
    draft = resumable.Draft(client, 8)
    wire = draft.open("PUT", "/api/media/upload/front.mp4", len(content), content[:half])
    single = wire.next().headers["location"]
    resumable.arrived(service, single, half)
    streams = [Stream(client, early(client, tus.upload_id(path))) for path in (appended, single)]
    before = [stream.inits() + stream.segments(0) for stream in streams]
    assert before[0] == before[1]
    service.kill()
    wire.drop()
    service.start(port=service.port)
    nothing_lost(service)
    # The same addresses, before anything else is asked.
    assert [stream.inits() + stream.segments(0) for stream in streams] == before
    thread, answers = streams[1].held(-1)
    assert tus.offset(client, appended) == half
    assert tus.patch(client, appended, half, content[half:]).status == 204
    reached = draft.offset(single)
    assert reached == half
    assert draft.patch(single, reached, content[reached:], complete=True).status == 201
    thread.join(timeout=120)
    assert answers and answers[0].status == 200, answers
    for path, stream in zip((appended, single), streams):
        asset = client.finish(tus.upload_id(path))["assetId"]
        assert service.original(asset).read_bytes() == content
        final = Stream(client, client.stream(asset)["masterUrl"], picture="/720p/")
        assert stream.inits() + stream.segments(0) == before[0] == final.inits() + final.segments(0)
    nothing_lost(service)


def test_an_index_at_the_end_waits_for_it(client, front, tmp_path):
    behind = tmp_path / "behind.mp4"
    clips.run_ffmpeg("-i", front, "-c", "copy", behind)
    content = behind.read_bytes()
    path = tus.create(client, len(content))
    upload = tus.upload_id(path)
    assert tus.patch(client, path, 0, content[:-1]).status == 204
    for _ in range(8):
        assert "masterUrl" not in client.status(upload)
        time.sleep(0.1)
    assert tus.patch(client, path, len(content) - 1, content[-1:]).status == 204
    asset = client.finish(upload)["assetId"]
    assert client.get(client.stream(asset)["masterUrl"]).status == 200


def test_the_page_offers_it_and_plays_on(page, service, front):
    client = Client(service.url).register()
    chromium.sign_in(page, service.url, client.email, PASSWORD)
    page.goto(service.url + "/")
    held, sent = [], []

    def slowly(route) -> None:
        sent.append(route)
        if len(sent) > 3:
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile(r"/api/uploads/[0-9a-f-]+/chunks$"), slowly)
    page.set_input_files("input[type=file]", front)
    link = page.get_by_role("link", name="Watch while it uploads")
    link.wait_for()
    with page.expect_popup() as opened:
        link.click()
    viewer = opened.value
    video = pages.start(viewer)
    assert "/watch/asset" not in viewer.url and "Still being uploaded" in viewer.locator("#growing").inner_text()
    until("the last chunk", lambda: held)
    for route in held:
        route.continue_()
    row = page.locator("#uploads > li").first
    until("the upload to be ready", lambda: row.get_attribute("data-state") == "ready")
    until("the page of the recording", lambda: "/watch/asset" in viewer.evaluate("location.pathname"))
    # Into what came last.
    video.evaluate("v => { v.currentTime = 36; }")
    until("the end to play", lambda: pages.position(video) > 36.5)
    assert urllib.parse.urlsplit(viewer.url).netloc in service.url
