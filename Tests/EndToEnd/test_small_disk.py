"""A disk that is full, a folder that may not be written to, a file that is taken away: told, and nothing is lost."""
import contextlib
import hashlib
import json
import random
import subprocess

import pytest

from support import tus
from support.client import Client, form, split
from support.service import Service, binary, clean_environment
from support.small_disk import MIB, allow, fill, free, mounted, remount, with_quotas
from support.tus import ask, create, offset, patch
from support.wait import until

CONTENT = random.Random(3).randbytes(8 * MIB)
CHUNK = 2 * MIB
PIECES = split(CONTENT, CHUNK)


@contextlib.contextmanager
def running(folder, **settings):
    service = Service(folder, WORKERS=0, CHUNK_SIZE=CHUNK, **settings)
    try:
        yield service.start()
    finally:
        service.stop()


@pytest.fixture
def disk(tmp_path):
    """A service whose data folder is a disk of its own: room for its file three times."""
    with mounted(tmp_path / "data", 32 * MIB), running(tmp_path) as service:
        yield service


@pytest.fixture
def someone(disk):
    return Client(disk.url).register()


def full(answer) -> None:
    problem = tus.problem(answer, 507)
    assert "disk is full" in problem["error"] and "try again" in problem["error"]
    assert int(answer.headers["Retry-After"]) > 0


def same(service, asset: str) -> None:
    assert hashlib.sha256(service.original(asset).read_bytes()).digest() == hashlib.sha256(CONTENT).digest()


def in_pieces(content: bytes):
    """A body whose length is not declared (Transfer-Encoding: chunked)."""
    yield from split(content, 65536)


def test_tus_is_refused_before_its_bytes_when_they_cannot_fit(disk, someone):
    path = create(someone, len(CONTENT))
    ballast = fill(disk.data, leaving=3 * MIB)
    full(patch(someone, path, 0, CONTENT))
    assert offset(someone, path) == 0
    assert free(disk.data) >= 2 * MIB, "nothing was stored"
    full(ask(someone, "POST", Upload_Length=len(CONTENT)))
    ballast.unlink()
    assert patch(someone, path, 0, CONTENT).status == 204
    same(disk, tus.completion(someone, path)["asset_id"])


def test_tus_goes_on_where_the_disk_was_full(disk, someone):
    path = create(someone, len(CONTENT))
    ballast = fill(disk.data, leaving=3 * MIB)
    full(patch(someone, path, 0, in_pieces(CONTENT)))
    at = offset(someone, path)
    assert MIB < at <= 3 * MIB, "what fitted counts"
    full(patch(someone, path, at, CONTENT[at:]))
    assert offset(someone, path) == at
    ballast.unlink()
    assert patch(someone, path, at, CONTENT[at:]).status == 204
    same(disk, tus.completion(someone, path)["asset_id"])


def test_not_a_byte_fits(disk, someone):
    """The database too has no room: reading goes on, and every kind of write is refused in the same words."""
    path, upload = create(someone, len(CONTENT)), someone.begin("a.mp4", len(CONTENT))["uploadId"]
    ballast = fill(disk.data, leaving=0)
    full(patch(someone, path, 0, CONTENT[:1]))
    full(patch(someone, path, 0, in_pieces(CONTENT[:MIB])))
    full(patch(someone, path, 0, in_pieces(CONTENT[:9]), Upload_Checksum=tus.checksum("md5", CONTENT[:9])))
    for number_first in (True, False):
        full(chunk(someone, upload, 0, number_first, declared=False))
    assert offset(someone, path) == 0
    assert someone.status(upload)["missingChunks"] == [0, 1, 2, 3]
    ballast.unlink()
    assert patch(someone, path, 0, CONTENT).status == 204
    same(disk, tus.completion(someone, path)["asset_id"])


def test_a_checked_piece_that_did_not_fit_counts_for_nothing(disk, someone):
    path = create(someone, len(CONTENT))
    assert patch(someone, path, 0, CONTENT[:MIB]).status == 204
    ballast = fill(disk.data, leaving=3 * MIB)
    rest = CONTENT[MIB:]
    full(patch(someone, path, MIB, in_pieces(rest), Upload_Checksum=tus.checksum("sha256", rest)))
    assert offset(someone, path) == MIB
    ballast.unlink()
    assert patch(someone, path, MIB, rest, Upload_Checksum=tus.checksum("sha256", rest)).status == 204
    same(disk, tus.completion(someone, path)["asset_id"])


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "undeclared"])
@pytest.mark.parametrize("number_first", [True, False], ids=["number-first", "bytes-first"])
def test_chunks_go_on_when_there_is_room_again(disk, someone, number_first, declared):
    upload = someone.begin("a.mp4", len(CONTENT))["uploadId"]
    assert chunk(someone, upload, 0, number_first).status == 200
    ballast = fill(disk.data, leaving=MIB)
    full(chunk(someone, upload, 1, number_first, declared))
    full(someone.init("b.mp4", len(CONTENT)))
    status = someone.status(upload)
    assert (status["receivedChunks"], status["missingChunks"]) == (1, [1, 2, 3])
    until("the spool's room", lambda: not list((disk.data / "staging").glob("*.part")))
    ballast.unlink()
    for number in (3, 1, 2):
        assert chunk(someone, upload, number, number_first).status == 200
    same(disk, until("the asset", lambda: someone.status(upload).get("assetId")))


def chunk(client: Client, upload: str, number: int, number_first: bool, declared: bool = True):
    if declared:
        return client.chunk(upload, number, PIECES[number], len(PIECES), number_first)
    fields = [("chunkNumber", str(number)), ("chunk", PIECES[number])]
    body, headers = form(fields if number_first else fields[::-1])
    return client.request("POST", f"/api/uploads/{upload}/chunks", body=in_pieces(body), headers=headers)


def test_a_full_disk_survives_a_restart(disk, someone):
    path = create(someone, len(CONTENT))
    ballast = fill(disk.data, leaving=3 * MIB)
    full(patch(someone, path, 0, in_pieces(CONTENT)))
    at = offset(someone, path)
    disk.kill()
    ballast.unlink()
    someone.url = disk.start().url
    assert offset(someone, path) == at
    assert patch(someone, path, at, CONTENT[at:]).status == 204
    same(disk, tus.completion(someone, path)["asset_id"])


def test_concatenation_on_a_full_disk_can_be_asked_for_again(disk, someone):
    paths = []
    for half in (CONTENT[:4 * MIB], CONTENT[4 * MIB:]):
        paths.append(create(someone, len(half), Upload_Concat="partial"))
        assert patch(someone, paths[-1], 0, half).status == 204
    ballast = fill(disk.data, leaving=3 * MIB)
    full(ask(someone, "POST", Upload_Concat="final;" + " ".join(paths)))
    ballast.unlink()
    answer = ask(someone, "POST", Upload_Concat="final;" + " ".join(paths))
    assert answer.status == 201, answer
    same(disk, tus.completion(someone, answer.headers["Location"])["asset_id"])


def test_doctor_names_a_disk_that_is_full(tmp_path):
    with mounted(tmp_path / "data", 32 * MIB):
        found = {each["check"]: each for each in examined(tmp_path)}
    assert found["disk"]["state"] == "wrong" and "make room" in found["disk"]["remedy"]


def examined(folder) -> list[dict]:
    """What `telecine doctor` finds with the data folder in a folder, in which there is no room."""
    done = subprocess.run([binary(), "doctor", "--data", folder / "data", "--json"], cwd=folder,
                          env=clean_environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    return json.loads(done.stdout)["findings"]


def test_doctor_warns_of_a_file_system_that_may_end_the_service_when_it_is_full(tmp_path):
    with with_quotas(tmp_path / "data", 256 * MIB):
        found = {each["check"]: each for each in examined(tmp_path)}
    assert found["file system"]["state"] == "warning" and "Btrfs" in found["file system"]["message"]


@pytest.fixture
def rationed(tmp_path):
    """A service whose folder for uploads is a disk with quotas, whose files can share their blocks."""
    with with_quotas(tmp_path / "data/staging", 256 * MIB), running(tmp_path) as service:
        yield service


def test_a_quota_is_told_like_a_full_disk_and_uploads_go_on_when_it_is_raised(rationed):
    someone, staging = Client(rationed.url).register(), rationed.data / "staging"
    path, upload = create(someone, len(CONTENT)), someone.begin("a.mp4", len(CONTENT))["uploadId"]
    allow(staging, 4 * MIB)
    assert free(staging) > len(CONTENT), "only the quota is in the way"
    full(patch(someone, path, 0, CONTENT))
    at = offset(someone, path)
    assert 0 < at < len(CONTENT), "what fitted counts"
    for number_first in (True, False):
        full(chunk(someone, upload, 0, number_first))
    assert someone.status(upload)["missingChunks"] == [0, 1, 2, 3]
    allow(staging, None)
    assert patch(someone, path, at, CONTENT[at:]).status == 204
    for number in range(4):
        assert chunk(someone, upload, number, True).status == 200
    same(rationed, tus.completion(someone, path)["asset_id"])
    same(rationed, until("the asset", lambda: someone.status(upload).get("assetId")))


def test_a_concatenation_takes_no_room_where_files_share_their_blocks(rationed):
    someone = Client(rationed.url).register()
    paths = []
    for half in (CONTENT[:4 * MIB], CONTENT[4 * MIB:]):
        paths.append(create(someone, len(half), Upload_Concat="partial"))
        assert patch(someone, paths[-1], 0, half).status == 204
    allow(rationed.data / "staging", 5 * MIB)
    answer = ask(someone, "POST", Upload_Concat="final;" + " ".join(paths))
    assert answer.status == 201, answer
    same(rationed, tus.completion(someone, answer.headers["Location"])["asset_id"])


@pytest.fixture
def guarded(tmp_path):
    """A service whose folder for uploads is a disk of its own, so that it can be taken from it."""
    staging = tmp_path / "data/staging"
    with mounted(staging, 32 * MIB), running(tmp_path) as service:
        yield service


def forbidden(answer) -> None:
    problem = tus.problem(answer, 503)
    assert "may not write" in problem["error"] and "permission" in problem["error"]
    assert int(answer.headers["Retry-After"]) > 0


def test_a_lost_permission_is_told_and_uploads_go_on_when_it_is_back(guarded):
    someone, staging = Client(guarded.url).register(), guarded.data / "staging"
    path, upload = create(someone, len(CONTENT)), someone.begin("a.mp4", len(CONTENT))["uploadId"]
    assert patch(someone, path, 0, CONTENT[:MIB]).status == 204
    assert chunk(someone, upload, 0, True).status == 200
    remount(staging, "ro")
    forbidden(patch(someone, path, MIB, CONTENT[MIB:]))
    for number_first in (True, False):
        forbidden(chunk(someone, upload, 1, number_first))
    assert offset(someone, path) == MIB
    assert someone.status(upload)["missingChunks"] == [1, 2, 3]
    remount(staging, "rw")
    assert patch(someone, path, MIB, CONTENT[MIB:]).status == 204
    for number in (1, 2, 3):
        assert chunk(someone, upload, number, number == 1).status == 200
    same(guarded, tus.completion(someone, path)["asset_id"])
    same(guarded, until("the asset", lambda: someone.status(upload).get("assetId")))


def test_a_file_that_was_taken_away_is_told_and_asked_for_again(start_service):
    service = start_service(WORKERS=0, CHUNK_SIZE=CHUNK)
    someone = Client(service.url).register()
    path, upload = create(someone, len(CONTENT)), someone.begin("a.mp4", len(CONTENT))["uploadId"]
    assert patch(someone, path, 0, CONTENT[:MIB]).status == 204
    assert chunk(someone, upload, 0, True).status == 200
    for file in (service.data / "staging").glob("*.data"):
        file.unlink()
    assert patch(someone, path, MIB, CONTENT[MIB:]).status == 409
    assert offset(someone, path) == 0
    problem = tus.problem(chunk(someone, upload, 1, True), 503)
    assert "were removed" in problem["error"] and "send what is missing" in problem["error"]
    assert someone.status(upload)["missingChunks"] == [0, 1, 2, 3]
    assert patch(someone, path, 0, CONTENT).status == 204
    for number in range(4):
        assert chunk(someone, upload, number, False).status == 200
    same(service, tus.completion(someone, path)["asset_id"])
    same(service, until("the asset", lambda: someone.status(upload).get("assetId")))
