"""Contract 2's limits by kind, whether the length is known beforehand or not, and what is refused by its content."""
import secrets
import socket

import pytest

from support import clips, handling
from support.client import Client
from support.wait import until

WORDS = "File size exceeds maximum allowed size"
MIB = 1 << 20
HEADS = {
    "image": (b"\x89PNG\r\n\x1a\n", "1 MB for images", 1),
    "video": (b"\0\0\0\x18ftypisom" + bytes(500), "3 MB for videos", 3),
    "audio": (b"RIFF\xff\xff\xff\x7fWAVEfmt ", "2 MB for audio", 2),
}


@pytest.fixture(scope="module")
def small_limits(start_service_once):
    return start_service_once(MEDIA_IMAGE_SIZE_MB=1, MEDIA_VIDEO_SIZE_MB=3, MEDIA_AUDIO_SIZE_MB=2)


@pytest.fixture(scope="module")
def sender(small_limits):
    return Client(small_limits.url).register()


def staged(service) -> list[str]:
    return [path.name for path in (service.data / "staging").iterdir()]


@pytest.mark.parametrize("kind", HEADS)
def test_a_file_over_its_kinds_limit_is_refused_by_its_length(sender, small_limits, kind):
    head, words, limit = HEADS[kind]
    answer = handling.send(sender, head + bytes(limit * MIB + 100_000), "file.bin")
    assert answer.status == 413
    assert WORDS in answer.json()["error"] and words in answer.json()["error"]
    assert staged(small_limits) == []


@pytest.mark.parametrize("kind", HEADS)
def test_a_file_just_within_its_kinds_limit_is_taken(sender, kind):
    head, _, limit = HEADS[kind]
    answer = handling.send(sender, head + secrets.token_bytes(limit * MIB - len(head)), "file.bin")
    assert answer.status == 201 and answer.json()["file_type"] == kind


def chunked(client: Client, body: bytes, headers: dict[str, str]) -> bytes:
    """Sends a body of unknown length as far as the server takes it; all that it answers."""
    connection = client.connect()
    connection.connect()
    sock: socket.socket = connection.sock
    lines = [f"{name}: {value}" for name, value in headers.items()]
    sock.sendall("\r\n".join(["POST /api/media/upload/ HTTP/1.1", f"Host: {connection.host}:{connection.port}",
                              f"Authorization: Bearer {client.token}", "Transfer-Encoding: chunked", *lines,
                              "", ""]).encode())
    try:
        for start in range(0, len(body), 16384):
            piece = body[start : start + 16384]
            sock.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        sock.sendall(b"0\r\n\r\n")
    except OSError:
        pass  # Closed at the limit: the answer may be there all the same.
    received = b""
    try:
        while piece := sock.recv(65536):
            received += piece
            if b"\r\n\r\n" in received and received.endswith(b"}"):
                break
    except OSError:
        pass
    sock.close()
    return received


@pytest.mark.parametrize("kind", HEADS)
def test_a_file_of_unknown_length_is_cut_at_its_kinds_limit(sender, small_limits, kind):
    head, words, limit = HEADS[kind]
    body, headers = handling.form(head + bytes((limit + 8) * MIB), "file.bin")
    received = chunked(sender, body, headers)
    assert received.startswith(b"HTTP/1.1 413") and words.encode() in received
    assert staged(small_limits) == []


def test_the_refusal_by_length_comes_before_the_body(sender):
    _, headers = handling.form(b"", "file.bin")
    connection = sender.connect()
    connection.putrequest("POST", "/api/media/upload/")
    for name, value in (headers | {"Authorization": f"Bearer {sender.token}", "Content-Length": str(200 * MIB),
                                   "Expect": "100-continue"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and WORDS in answer.read().decode()
    connection.close()


@pytest.mark.parametrize(("content", "name"), [
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing.jpg"), (b"#EXTM3U\n/etc/passwd\n" * 40, "list.mp4"),
    (b"<!doctype html><script>alert(1)</script>" * 20, "page.png"), (b"MZ" + bytes(4000), "program.exe"),
    (b"\0\0\0\x1cftypheic" + bytes(2000), "photo.jpg"), (b"\xff\xfe" + "text".encode("utf-16le") * 500, "text.mp3"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_no_supported_file_is_refused_whatever_its_name(sender, small_limits, content, name):
    answer = handling.send(sender, content, name, declared="image/jpeg")
    assert answer.status == 415 and "JPEG, PNG" in answer.json()["error"]
    assert staged(small_limits) == []


def test_a_form_without_its_file_is_refused(sender):
    body, headers = handling.form(b"x", "a.bin")
    wrong = sender.request("POST", "/api/media/upload/", body=body.replace(b'"file"', b'"upload"'), headers=headers)
    assert wrong.status == 400 and wrong.json()["field"] == "file"
    empty = handling.send(sender, b"", "empty.jpg")
    assert empty.status == 400 and empty.json()["error"] == "The submitted file is empty."


def test_a_movie_file_with_sound_alone_has_the_limit_of_sound(sender, tmp_path, small_limits):
    """An MP4 is a video by its first bytes; what the probe finds in it counts in the end."""
    sound = tmp_path / "sound.mp4"
    clips.run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=200:duration=2", "-c:a", "aac", sound)
    padded = clips.padded(sound, tmp_path / "long.mp4", int(2.5 * MIB))
    first = handling.upload(sender, padded)
    assert first["file_type"] == "video"
    now = handling.finished(sender, first["id"])
    assert now["status"] == "failed" and WORDS in now["error"] and "2 MB" in now["error"]
    assert handling.ready(sender, handling.upload(sender, sound)["id"])["file_type"] == "audio"


def test_a_broken_connection_leaves_nothing(sender, small_limits):
    body, headers = handling.form(HEADS["video"][0] + bytes(2 * MIB), "file.mp4")
    connection = sender.connect()
    connection.putrequest("POST", "/api/media/upload/")
    for name, value in (headers | {"Authorization": f"Bearer {sender.token}",
                                   "Content-Length": str(len(body))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body[:MIB])
    connection.close()
    until("the upload to be forgotten", lambda: staged(small_limits) == []
          and sender.get("/api/media/stats/").json()["by_status"]["uploading"] == 0)
