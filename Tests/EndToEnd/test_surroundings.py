"""What stands around the picture: storyboard, key frames, captions, chapters, preview, loudness, clips; no secrets."""
import re
import subprocess
import urllib.parse

import pytest

from support import browser as chromium
from support import clips, pages
from support.client import PASSWORD, Client
from support.playlists import Master, Media
from support.wait import until
from test_page_accessibility import fits, grave

SRT = "1\n00:00:00,200 --> 00:00:09,000\n<font color=red>Grüße</font> <script>aus</script> <i>Köln</i>\n"
SECRETS = (b"+48.8577+002.295", b"SERIAL-4711", b"SpyCam", b"Secret title", b"x264 - core")


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    """Twelve seconds with chapters, captions in two languages, and a place, a serial number and a camera's name."""
    folder = tmp_path_factory.mktemp("telling")
    (folder / "en.srt").write_text("1\n00:00:01,000 --> 00:00:05,000\nFrom the file\n")
    (folder / "meta.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=5\ntitle=Beginning\n"
        "[CHAPTER]\nTIMEBASE=1/1\nSTART=5\nEND=12\ntitle=The rest\n")
    path = folder / "telling.mp4"
    clips.run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=12",
        "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=12",
        "-i", folder / "en.srt", "-i", folder / "meta.txt", "-map", "0:v", "-map", "1:a", "-map", "2:s",
        "-map_chapters", "3", "-c:v", "libx264", "-preset", "veryfast", "-crf", "38", "-pix_fmt", "yuv420p", "-g", "50",
        "-c:a", "aac", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng",
        "-metadata", "location=+48.8577+002.295/", "-metadata", "comment=SERIAL-4711",
        "-metadata", "title=Secret title",
        "-metadata:s:v:0", "handler_name=SpyCam", "-metadata:s:a:0", "handler_name=SpyCam",
        "-metadata", "make=SpyCam", "-movflags", "+use_metadata_tags", path)
    content = path.read_bytes()
    assert all(secret in content for secret in SECRETS), "the clip tells what it should"
    return path


class Told:
    """The clip on the shared service, with everything made of it."""

    def __init__(self, client: Client, source):
        self.client = client
        self.asset = client.complete(client.send(source))
        wanted = ("storyboardUrl", "previewUrl", "chapters", "captions", "loudness")
        self.details = until("everything around the picture", lambda: self._with(wanted), deadline=400, every=0.3)
        self.master_url = client.stream(self.asset)["masterUrl"]
        self.master = until("I-frame playlists", self._wound, every=0.3)

    def _with(self, names):
        details = self.client.get(f"/media/{self.asset}").json()
        return details if all(name in details for name in names) else None

    def _wound(self):
        master = Master.load(self.client, self.master_url)
        return master if len(master.iframes) == len(master.variants) else None

    def fetch(self, url: str, kind: str) -> bytes:
        """By the token in the path alone."""
        answer = Client(self.client.url).get(url)
        assert answer.status == 200, (url, answer)
        assert answer.headers["Content-Type"].split(";")[0] == kind
        return answer.body


@pytest.fixture(scope="module")
def told(service, telling):
    return Told(Client(service.url).register(), telling)


def test_the_storyboard_names_parts_of_pictures_that_exist(told):
    url = told.details["storyboardUrl"]
    text = told.fetch(url, "text/vtt").decode()
    places = re.findall(r"--> [\d:.]+\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", text)
    assert text.startswith("WEBVTT\n") and len(places) == 12
    for sprite in {place[0] for place in places}:
        picture = told.fetch(urllib.parse.urljoin(url, sprite), "image/jpeg")
        assert picture[:2] == b"\xff\xd8" and b"Exif" not in picture
    assert Client(told.client.url).get(urllib.parse.urljoin(url, "storyboard-99.jpg")).status == 404


def test_the_moving_preview_is_small_and_moves(told):
    picture = told.fetch(told.details["previewUrl"], "image/webp")
    assert picture[8:12] == b"WEBP" and picture.count(b"ANMF") > 8 and len(picture) < 1 << 20
    listed = told.client.get("/api/assets").json()["assets"]
    assert [asset["previewUrl"] for asset in listed if asset["id"] == told.asset]


def test_the_loudness_of_a_tone_is_stated(told):
    loudness = told.details["loudness"]
    assert -25 < loudness["integrated"] < -15 and loudness["truePeak"] < -10 and loudness["range"] < 1


def test_key_frames_of_every_rung_can_be_wound_through(told):
    for frames in told.master.iframes:
        stated = frames.attributes
        assert int(stated["AVERAGE-BANDWIDTH"]) <= int(stated["BANDWIDTH"])
        assert re.fullmatch(r'"avc1\.[0-9a-f]{6}"', stated["CODECS"]) and "x" in stated["RESOLUTION"]
        media = Media.load(told.client, frames.url)
        assert "#EXT-X-I-FRAMES-ONLY" in media.lines and media.kind == "VOD" and media.ended
        assert media.duration == pytest.approx(12, abs=0.05)
        peak = 0
        for segment in media.segments:
            size = len(told.fetch(segment.url, "video/iso.segment"))
            peak = max(peak, 8 * size / segment.duration)
        assert peak <= int(stated["BANDWIDTH"]) * 1.01
        kinds = clips.probe(frames.url, "frame=pict_type", "-select_streams", "v:0", "-allowed_extensions", "ALL")
        assert kinds == ["I"] * len(media.segments), "ffmpeg decodes every one"


def test_captions_and_chapters_of_the_file_are_found(told):
    [track] = told.details["captions"]
    assert (track["language"], track["label"], track["source"], track["cues"]) == ("en", "English", "file", 1)
    assert "From the file" in told.fetch(track["url"], "text/vtt").decode()
    assert [chapter["title"] for chapter in told.details["chapters"]] == ["Beginning", "The rest"]
    text = told.fetch(told.details["chaptersUrl"], "text/vtt").decode()
    assert "00:00:05.000 --> 00:00:12.000\nThe rest" in text


def test_captions_are_sent_listed_played_and_deleted(told):
    client, path = told.client, f"/api/assets/{told.asset}/captions"
    answer = client.request("PUT", f"{path}/DE-at", body=SRT.encode("cp1252"))
    assert answer.status == 200 and answer.json()["language"] == "de-AT", answer
    text = told.fetch(answer.json()["url"], "text/vtt").decode()
    assert "Grüße aus <i>Köln</i>" in text and "script" not in text and "font" not in text
    assert [track["language"] for track in client.get(path).json()["captions"]] == ["de-AT", "en"]
    master = Master.load(client, told.master_url)
    groups = [line for line in master.lines if "TYPE=SUBTITLES" in line]
    assert len(groups) == 2 and all(v.attributes["SUBTITLES"] == '"captions"' for v in master.variants)
    uri = re.search(r'URI="(captions/de-AT[^"]+)"', groups[0])[1]
    media = Media.load(client, urllib.parse.urljoin(told.master_url, uri))
    assert media.kind == "VOD" and media.duration == pytest.approx(12, abs=0.05)
    assert b"X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000" in told.fetch(media.segments[0].url, "text/vtt")
    assert clips.probe(media.segments[0].url, "stream=codec_name") == ["webvtt"], "ffmpeg reads it"
    stranger = Client(client.url).register()
    assert stranger.get(path).status == 403 and stranger.request("DELETE", f"{path}/de-AT").status == 403
    for body, language, status in ((b"no cue", "fr", 400), (b"\0" * 9, "fr", 400), (SRT.encode(), "not a tag", 400),
                                   (b"x" * (1 << 20) + b"y", "fr", 413)):
        answer = client.request("PUT", f"{path}/{urllib.parse.quote(language)}", body=body)
        assert answer.status == status, answer
    assert client.request("DELETE", f"{path}/de-AT").status == 204
    assert client.request("DELETE", f"{path}/de-AT").status == 404
    assert [track["language"] for track in client.get(path).json()["captions"]] == ["en"]


def test_nothing_that_is_served_tells_where_or_with_what_it_was_taken(told):
    """The picture is copied here, not encoded: what the camera wrote into it would come along."""
    served = [told.fetch(told.details[name], kind) for name, kind in
              (("storyboardUrl", "text/vtt"), ("previewUrl", "image/webp"), ("thumbnailUrl", "image/jpeg"),
               ("chaptersUrl", "text/vtt"))]
    served.append(told.fetch(urllib.parse.urljoin(told.details["storyboardUrl"], "storyboard-0.jpg"), "image/jpeg"))
    for rendition in [*told.master.variants, *told.master.audio]:
        media = Media.load(told.client, rendition.url)
        served.append(told.fetch(media.map_url, "video/mp4"))
        served += [told.fetch(segment.url, "video/iso.segment") for segment in media.segments]
    for url in told.client.stream(told.asset)["variants"].values():
        served.append(told.fetch(url, "video/mp4"))
    assert told.client.stream(told.asset)["variants"], "there is an MP4"
    assert len(told.master.variants) == 1, "the only rung is the copy"
    for secret in SECRETS:
        assert not any(secret in content for content in served), secret


def test_a_clip_is_a_medium_of_its_own(told):
    client = told.client
    answer = client.request("POST", f"/api/assets/{told.asset}/clips", data={"start": 3.5, "end": 8.5, "title": "Part"})
    assert answer.status == 201, answer
    clip = answer.json()["id"]
    ready = until("the clip", lambda: _ended(client, clip), deadline=400, every=0.3)
    assert ready["status"] == "ready" and ready["title"] == "Part", ready
    assert ready["duration"] == pytest.approx(5, abs=0.1)
    assert ready["metadata"]["clip"] == {"of": told.asset, "start": 3.5, "end": 8.5}
    media = Media.load(client, Master.load(client, client.stream(clip)["masterUrl"]).variants[0].url)
    assert media.duration == pytest.approx(5, abs=0.1)
    for body, status in (({"start": 5, "end": 4}, 400), ({"start": 0, "end": 100}, 400), ({"start": 0}, 400)):
        assert client.request("POST", f"/api/assets/{told.asset}/clips", data=body).status == status
    stranger = Client(client.url).register()
    assert stranger.request("POST", f"/api/assets/{told.asset}/clips", data={"start": 0, "end": 2}).status == 403


def _ended(client: Client, asset: str):
    details = client.get(f"/media/{asset}").json()
    return details if details["status"] != "processing" else None


@pytest.fixture
def watching(page, service, told):
    chromium.sign_in(page, service.url, told.client.email, PASSWORD)
    pages.watch(page, service.url, told.asset)
    return page


def test_the_bar_shows_what_is_there(watching):
    pages.start(watching)
    bar = watching.locator("[data-seek]")
    box = bar.bounding_box()
    with watching.expect_response(re.compile(r"storyboard-0\.jpg$")) as arrival:
        bar.hover(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
    assert arrival.value.status == 200
    glimpse = watching.locator("[data-glimpse]")
    glimpse.wait_for(state="visible")
    assert glimpse.evaluate("g => g.style.backgroundPosition") != "0px 0px", "another part of the sprite"
    until("the chapter's name", lambda: "The rest" in watching.locator("[data-hint]").inner_text())


def test_captions_are_shown_by_key_and_by_menu_and_remembered(watching):
    video = pages.start(watching)
    text = watching.locator("[data-captions]")
    video.evaluate("v => { v.pause(); v.currentTime = 2; }")
    assert text.inner_text() == ""
    watching.keyboard.press("c")
    until("the captions", lambda: text.inner_text() == "From the file")
    watching.reload()
    video = pages.start(watching)
    video.evaluate("v => { v.pause(); v.currentTime = 3; }")
    until("the captions again", lambda: text.inner_text() == "From the file")
    watching.get_by_role("button", name="Captions, now English").click()
    watching.get_by_role("menuitemradio", name="Off").click()
    until("none", lambda: text.inner_text() == "")
    video.evaluate("v => { v.currentTime = 8; }")
    watching.keyboard.press("c")
    until("the end of a seek", lambda: video.evaluate("v => !v.seeking"))
    until("silence: nobody speaks at 8 s", lambda: text.inner_text() == "")


def test_chapters_are_marked_and_lead_to_their_place(watching):
    video = pages.start(watching)
    video.evaluate("v => v.pause()")
    until("the mark", lambda: watching.locator("[data-marks] i").count() == 1)
    watching.get_by_role("button", name=re.compile("^Chapters")).click()
    watching.get_by_role("menuitemradio", name=re.compile("^The rest")).click()
    until("the second chapter", lambda: abs(pages.position(video) - 5) < 0.1)
    watching.get_by_role("button", name="Chapters, now The rest").wait_for()


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_card_moves_under_the_mouse_unless_that_is_unwanted(browser, service, told, motion):
    context = browser.new_context(reduced_motion=motion)
    context.set_default_timeout(120_000)
    page = context.new_page()
    chromium.sign_in(page, service.url, told.client.email, PASSWORD)
    page.goto(service.url + "/")
    card = page.locator(f"li:has(a[href*='/watch/{told.asset}'])")
    card.locator(".frame img.here").wait_for()
    card.hover()
    moving = card.locator("img.moving.here")
    if motion == "reduce":
        assert moving.count() == 0
    else:
        moving.wait_for()
        page.mouse.move(0, 0)
        moving.wait_for(state="detached")
    context.close()


def test_the_player_with_everything_has_no_serious_finding(watching):
    watching.locator("[data-cc]").wait_for()
    watching.keyboard.press("c")
    assert grave(watching) == []
    watching.set_viewport_size({"width": 390, "height": 844})
    assert grave(watching) == [] and fits(watching)


def test_the_master_still_plays_from_end_to_end(told):
    """The master with captions and I-frame playlists still plays from one end to the other."""
    result = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", told.master_url, "-map", "0:v:0", "-map", "0:a:0",
         "-f", "null", "-"],
        capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0 and not result.stderr, result.stderr
