"""tus checksum-trailer: a checksum that comes after the bytes it is of."""
import pytest

from support import tus
from support.client import Client
from support.tus import BASE, create, offset
from support.wait import until
from support.wire import Wire


@pytest.fixture(scope="module")
def tusd(start_service_once):
    return start_service_once(WORKERS=0, CHUNK_SIZE=65536)


@pytest.fixture(scope="module")
def someone(tusd):
    return Client(tusd.url).register()


def send(client: Client, path: str, at: int, *pieces: bytes, method: str = "PATCH", **headers) -> Wire:
    """A chunked request that announces a checksum."""
    said = {"Tus-Resumable": "1.0.0", "Transfer-Encoding": "chunked", "Content-Type": tus.BYTES,
            "Trailer": "Upload-Checksum"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    wire = Wire(client, method, path, said | ({"Upload-Offset": at} if method == "PATCH" else {}))
    for piece in (*pieces, b""):
        wire.chunk(piece)
    return wire


def test_it_is_announced(someone):
    assert "checksum-trailer" in tus.ask(someone, "OPTIONS").headers["Tus-Extension"].split(",")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_right_one_counts_and_a_wrong_one_is_460_with_the_offset_unchanged(tusd, someone, algorithm):
    path = create(someone, 8)
    wire = send(someone, path, 0, b"12", b"34").trailer(Upload_Checksum=tus.checksum(algorithm, b"1234"))
    reply = wire.final()
    assert (reply.status, reply.headers["upload-offset"]) == (204, "4")
    wire = send(someone, path, 4, b"5678").trailer(Upload_Checksum=tus.checksum(algorithm, b"1234"))
    assert wire.final().status == 460
    assert offset(someone, path) == 4
    wire = send(someone, path, 4, b"5678").trailer(Upload_Checksum=tus.checksum(algorithm, b"5678"))
    assert wire.final().status == 204
    assert tus.original(tusd, someone, path) == b"12345678"


@pytest.mark.parametrize("fields,status", [
    ({}, 460), ({"Other": "sha1 AAAA"}, 460), ({"Upload_Checksum": "sha512 AAAA"}, 400),
    ({"Upload_Checksum": "sha1"}, 400), ({"Upload_Checksum": "sha1 !"}, 400)])
def test_one_that_does_not_come_or_cannot_be_read_leaves_the_offset(someone, fields, status):
    path = create(someone, 8)
    assert send(someone, path, 0, b"1234").trailer(**fields).final().status == status
    assert offset(someone, path) == 0


def test_one_that_was_announced_and_cannot_come_counts_as_wrong(someone):
    path = create(someone, 8)
    assert tus.patch(someone, path, 0, b"1234", Trailer="Upload-Checksum").status == 460
    assert offset(someone, path) == 0
    # In the head it is as good.
    assert tus.patch(someone, path, 0, b"1234", Trailer="Upload-Checksum",
                     Upload_Checksum=tus.checksum("sha1", b"1234")).status == 204


def test_one_that_was_not_announced_is_not_read(someone):
    path = create(someone, 8)
    wire = send(someone, path, 0, b"1234", Trailer="Other").trailer(Upload_Checksum=tus.checksum("sha1", b"x"))
    assert wire.final().status == 204


def test_without_its_trailer_nothing_counts_also_after_a_restart(start_service):
    service = start_service(WORKERS=0)
    someone = Client(service.url).register()
    path = create(someone, 2_000_000)
    said = {"Tus-Resumable": "1.0.0", "Transfer-Encoding": "chunked", "Content-Type": tus.BYTES,
            "Trailer": "Upload-Checksum", "Upload-Offset": 0}
    wire = Wire(someone, "PATCH", path, said).chunk(b"x" * 1_000_000)
    file = service.data / "staging" / f"{tus.upload_id(path)}.data"
    until("the bytes", lambda: file.exists() and file.stat().st_size == 1_000_000)
    service.kill()
    wire.drop()
    service.start()
    someone.url = service.url
    assert offset(someone, path) == 0


def test_first_bytes_and_parts_may_have_one_too(tusd, someone):
    wire = send(someone, BASE, 0, b"1234", method="POST", Upload_Length=4)
    reply = wire.trailer(Upload_Checksum=tus.checksum("sha1", b"1234")).final()
    assert (reply.status, reply.headers["upload-offset"]) == (201, "4")
    upload = someone.begin("clip.mp4", 100_000)["uploadId"]
    path, content = f"{BASE}/{upload}", bytes(range(250)) * 400
    assert send(someone, path, 0, content).trailer(Upload_Checksum=tus.checksum("sha1", b"")).final().status == 460
    assert offset(someone, path) == 0
    assert send(someone, path, 0, content).trailer(Upload_Checksum=tus.checksum("sha1", content)).final().status == 204
    assert tus.original(tusd, someone, path) == content


@pytest.mark.parametrize("fields", [
    {"X": "y" * 40_000}, {f"X{number}": "y" for number in range(200)}, {"Bad name": "y"}], ids=["long", "many", "bad"])
def test_fields_after_a_body_have_the_limits_of_a_head(someone, fields):
    path = create(someone, 8)
    wire = send(someone, path, 0, b"1234")
    try:
        reply = wire.trailer(**fields, Upload_Checksum=tus.checksum("sha1", b"1234")).final()
        assert reply.status in (400, 413, 431)
    except ConnectionError:
        pass
    assert offset(someone, path) == 0
