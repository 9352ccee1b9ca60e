"""Files that are not what they say: refused with a reason, and nothing outside of the file is read."""
import pathlib
import struct

import pytest

from support import clips
from support.client import Client

OUTCOMES = ("failed", "processing_failed")


@pytest.fixture(scope="module")
def canary(tmp_path_factory) -> pathlib.Path:
    """A perfectly good video outside of the upload: whoever follows a reference would find it."""
    return clips.make(tmp_path_factory.mktemp("canary") / "canary.ts", 2, size="320x180")


def playlist(canary: pathlib.Path) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{canary}\n#EXT-X-ENDLIST\n".encode()


def concat(canary: pathlib.Path) -> bytes:
    return f"ffconcat version 1.0\nfile '{canary}'\n".encode()


def dash(canary: pathlib.Path) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">'
        f"<BaseURL>file://{canary}</BaseURL></Representation></AdaptationSet></Period></MPD>").encode()


def svg(canary: pathlib.Path) -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100">'
        f'<image xlink:href="file://{canary}" width="100" height="100"/></svg>').encode()


def sdp(canary: pathlib.Path) -> bytes:
    return b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"


def outside_reference(canary: pathlib.Path) -> bytes:
    """A QuickTime reference movie: all of its pictures would be in another file."""
    url = f"file://{canary}".encode() + b"\0"
    rdrf = struct.pack(">I4sI4sI", 20 + len(url), b"rdrf", 0, b"url ", len(url)) + url
    rmda = struct.pack(">I4s", 8 + len(rdrf), b"rmda") + rdrf
    rmra = struct.pack(">I4s", 8 + len(rmda), b"rmra") + rmda
    return struct.pack(">I4s", 8 + len(rmra), b"moov") + rmra


def plain_text(canary: pathlib.Path) -> bytes:
    return b"Dear service,\nI am not a video.\n" * 100


def noise(canary: pathlib.Path) -> bytes:
    return bytes(range(256)) * 64


def only_a_head(canary: pathlib.Path) -> bytes:
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom")


@pytest.mark.parametrize("make", [
    playlist, concat, dash, svg, sdp, outside_reference, plain_text, noise, only_a_head])
@pytest.mark.parametrize("name, kind", [("video.mp4", "video/mp4")])
def test_what_is_no_medium_is_refused_and_reads_nothing_else(client, canary, tmp_path, make, name, kind):
    path = tmp_path / name
    path.write_bytes(make(canary))
    status = client.finish(client.send(path), deadline=60, expect=OUTCOMES)
    assert_reason(status["error"], canary)


def assert_reason(reason: str, canary: pathlib.Path) -> None:
    """A sentence for a person: no path of this machine, no tool's raw output."""
    assert len(reason) > 10 and reason[0].isupper(), reason
    for leak in (str(canary.parent), "/tmp", "0x", "ffprobe", "Error opening", "[in#", "\n"):
        assert leak not in reason, reason


def test_the_type_is_found_inside_and_not_believed(client, small_clip):
    """A real video is a video whatever its name and declared type say."""
    content = small_clip.read_bytes()
    upload = client.begin("holiday.txt", len(content), kind="text/plain")
    assert client.chunk(upload["uploadId"], 0, content, 1).status == 200
    assert client.finish(upload["uploadId"])["assetId"]


def test_a_picture_bomb_is_refused_within_its_limits(client):
    for name in ("i-bomb-65536.png", "i-bomb-17000.avif"):
        bomb = clips.real(name)
        status = client.finish(client.send(bomb), deadline=60, expect=OUTCOMES)
        assert status["error"]


@pytest.mark.parametrize("name", [
    "../../../../etc/passwd", "/etc/passwd", "a\0b.mp4", "<script>alert(1)</script>.mp4", "x" * 3000, "con\r\nX: y"])
def test_a_name_is_only_a_name(service, client, small_clip, name):
    """It may be refused; accepted, it is stored as text and leads nowhere."""
    content = small_clip.read_bytes()
    answer = client.init(name, len(content))
    if answer.status in (400, 422):
        assert answer.json()["detail"]
        return
    upload = answer.json()["uploadId"]
    assert client.chunk(upload, 0, content, 1).status == 200
    asset = client.finish(upload)["assetId"]
    assert service.original(asset).read_bytes() == content
    assert client.status(upload)["filename"] == name


def test_a_refused_file_leaves_the_service_well(service, client, small_clip):
    assert Client(service.url).get("/health").status == 200
    assert client.finish(client.send(small_clip))["assetId"]
