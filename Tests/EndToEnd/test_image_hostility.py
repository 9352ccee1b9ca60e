"""Pictures that mean harm: refused with a reason, within limits, while the service answers."""
import os
import struct
import threading
import zlib

import pytest

from support import clips, pictures
from support.client import Client
from support.service import command_line, descendants, kill_quietly
from support.wait import until

FAILED = ("failed", "processing_failed")


def lone_header(kind: str) -> bytes:
    return {"jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a\x01\0\x01\0",
            "webp": b"RIFF\x04\0\0\0WEBP", "bmp": b"BM" + b"\0" * 12}[kind]


def bomb_gif() -> bytes:
    """One small frame on a screen of 65,000 × 65,000."""
    frame = b"\x2c" + struct.pack("<HHHHB", 64999, 64999, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 65000, 65000, 0x80, 0, 0) + b"\0" * 6 + frame + b"\x3b"


def bomb_jpeg(folder) -> bytes:
    made = bytearray(pictures.jpeg(folder, "64x64"))
    frame = made.index(b"\xff\xc0")
    made[frame + 5:frame + 9] = struct.pack(">HH", 65500, 65500)
    return bytes(made)


def bomb_bmp() -> bytes:
    made = bytearray(pictures.bmp(4, 4, (1, 2, 3)))
    made[18:26] = struct.pack("<ii", 2_000_000_000, -2_000_000_000)
    return bytes(made)


def bomb_webp(folder) -> bytes:
    made = pictures.tainted_webp(folder)
    return made[:24] + (16_777_214).to_bytes(3, "little") * 2 + made[30:]


def two_sizes_png() -> bytes:
    """A second header with another size: two readers could believe different ones."""
    huge = pictures.chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0))
    return pictures.png(20, 20, extra=huge)


def endless_text_png() -> bytes:
    """A text that would become 200 MB when somebody unpacks it."""
    packed = zlib.compress(b"\0" * 200_000_000, 9)
    return pictures.png(20, 20, extra=pictures.chunk(b"zTXt", b"Comment\0\0" + packed))


def send(client: Client, content: bytes, name: str = "picture.png") -> str:
    upload = client.begin(name, len(content), kind="image/png")
    step = upload["chunkSize"]
    pieces = [content[start:start + step] for start in range(0, len(content), step)]
    for number, piece in enumerate(pieces):
        assert client.chunk(upload["uploadId"], number, piece, len(pieces)).status == 200
    return upload["uploadId"]


def refused(client: Client, content: bytes, name: str = "picture.png") -> str:
    reason = client.finish(send(client, content, name), expect=FAILED)["error"]
    assert len(reason) > 10 and reason[0].isupper() and "\n" not in reason, reason
    for leak in ("/tmp", "vips", "0x", "errno", "Error"):
        assert leak not in reason, reason
    return reason


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "bmp"])
def test_a_header_alone_is_no_picture(client, kind):
    assert "damaged" in refused(client, lone_header(kind))


def test_a_picture_of_which_nothing_is_left_is_refused(client):
    assert "damaged" in refused(client, clips.real("i-singlerowtrunc.jpg").read_bytes())


def test_a_picture_that_claims_too_much_is_refused_by_its_header(client, tmp_path):
    claims = [pictures.png(8, 8, claims=(50_000, 50_000)), bomb_gif(), bomb_jpeg(tmp_path), bomb_bmp(),
              bomb_webp(tmp_path), clips.real("i-bomb-65536.png").read_bytes()]
    for content in claims:
        assert "pixels" in refused(client, content), content[:4]


@pytest.mark.parametrize("content, name", [
    (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "picture.png"),
    (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "picture.jpg"),
    (b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n", "picture.jpg"),
    (b"push graphic-context\nimage over 0,0 0,0 'https://example.com/x'\npop graphic-context\n", "picture.gif"),
    (b"P6 100000 100000 255\n" + b"\0" * 64, "picture.bmp"),
    (b"II*\0\x08\0\0\0" + b"\0" * 64, "picture.png"),
    (b"gimp xcf v011\0" + b"\0" * 64, "picture.png")])
def test_what_only_calls_itself_a_picture_is_refused(client, content, name):
    refused(client, content, name)


def test_two_sizes_in_one_file_gain_nothing(client):
    status = client.finish(send(client, two_sizes_png()), expect=("processed", *FAILED))
    assert status["status"] in FAILED or status["progress"] == 100


def test_text_that_unpacks_without_end_is_never_unpacked(client):
    asset = client.complete(send(client, endless_text_png()))
    original = client.get(f"/media/{asset}").json()["images"]["original"]
    assert len(client.get(original).body) < 2000


def test_a_second_file_behind_the_picture_does_not_come_out(client, tmp_path):
    payload = b"<script>alert('canary')</script>PK\x03\x04"
    made = {"jpg": pictures.jpeg(tmp_path), "png": pictures.png(40, 30), "gif": pictures.tainted_gif(tmp_path)}
    for name, content in made.items():
        asset = client.complete(send(client, content + payload))
        images = client.get(f"/media/{asset}").json()["images"]
        assert all(b"canary" not in client.get(url).body for url in images.values()), name


def test_damaged_pictures_of_all_kinds_harm_nobody(service, tmp_path):
    """Bytes changed here and there: each ends as ready or failed, and the service answers all the while."""
    client = Client(service.url).register()
    stop, failures = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                failures.extend(Client(service.url).ills())
            except (AssertionError, OSError) as error:
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        sources = [pictures.tainted_jpeg(tmp_path), pictures.tainted_png(), pictures.tainted_webp(tmp_path),
                   pictures.tainted_gif(tmp_path), pictures.bmp(64, 64, (1, 2, 3))]
        uploads = []
        for number in range(30):
            content = bytearray(sources[number % len(sources)])
            for step in range(1 + number // 5):
                content[12 + (number * 7919 + step * 104_729) % (len(content) - 12)] ^= 0xFF
            uploads.append(send(client, bytes(content)))
        for upload in uploads:
            client.finish(upload, expect=("processed", *FAILED))
    finally:
        stop.set()
        asking.join()
    assert not failures


def helpers(service) -> list[int]:
    return [pid for pid in descendants(service.process.pid) if "image-helper" in command_line(pid)]


def test_killed_helpers_cost_a_retry_only(start_service, tmp_path):
    service = start_service()
    client = Client(service.url).register()
    # Costly enough to be met in the middle.
    source = pictures.ffmpeg(tmp_path / "large.png", "testsrc2=size=12000x9000", "-frames:v", "1")
    upload = send(client, source)
    for pid in until("a helper", lambda: helpers(service), every=0.01):
        kill_quietly(pid)
    asset = client.complete(upload)
    assert "large" in client.get(f"/media/{asset}").json()["images"]
    # And one that waits for its next picture.
    for pid in helpers(service):
        kill_quietly(pid)
    assert client.complete(send(client, pictures.png(30, 30)))


def test_a_helper_sees_nothing_of_the_machine(start_service, tmp_path):
    service = start_service()
    client = Client(service.url).register()
    client.complete(send(client, pictures.png(30, 30)))
    inside = [pid for pid in helpers(service) if not command_line(pid)[0].endswith("bwrap")
              and os.path.basename(command_line(pid)[0]) == "telecine"]
    if not inside or "bwrap" not in "".join(" ".join(command_line(pid)) for pid in helpers(service)):
        pytest.skip("bubblewrap is not allowed here: helpers run under resource limits alone")
    root = f"/proc/{inside[0]}/root"
    assert not os.path.exists(f"{root}{service.data}") and not os.path.exists(f"{root}/etc/passwd")
    environment = open(f"/proc/{inside[0]}/environ", "rb").read()
    assert b"HOME=" not in environment
    limits = open(f"/proc/{inside[0]}/limits").read()
    assert "Max file size             1048576" in limits
