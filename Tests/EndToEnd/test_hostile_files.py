"""What a client says of a file is not believed: names, types, sizes."""
import pytest

from support import clips
from support.client import Client
from support.wait import until

OUTCOMES = ("failed", "processing_failed")


def test_the_type_is_found_inside_and_not_believed(client, small_clip):
    """A real video is a video whatever its name and declared type say."""
    content = small_clip.read_bytes()
    upload = client.begin("holiday.txt", len(content), kind="text/plain")
    assert client.chunk(upload["uploadId"], 0, content, 1).status == 200
    assert client.finish(upload["uploadId"])["assetId"]


def test_a_picture_bomb_is_refused_within_its_limits(client):
    for name in ("i-bomb-65536.png", "i-bomb-17000.avif"):
        bomb = clips.real(name)
        status = client.finish(client.send(bomb), expect=OUTCOMES)
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
    until("it to be well", lambda: Client(service.url).get("/health").status == 200)
    assert client.finish(client.send(small_clip))["assetId"]
