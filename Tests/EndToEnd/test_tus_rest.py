"""Contract 3's REST endpoints, and one upload through several doors."""
import datetime
import re
import uuid

import pytest

from support import clips, tus
from support.client import Client, split
from support.tus import REST, ask, create, offset, patch

PART = 65536
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def tusd(start_service_once):
    return start_service_once(MAX_VIDEO_SIZE_MB=2, CHUNK_SIZE=PART, WORKERS=0)


@pytest.fixture(scope="module")
def someone(tusd):
    return Client(tusd.url).register()


def announce(client: Client, size: int = 100, **other):
    data = {"session_id": str(uuid.uuid4()), "filename": "practice_video.mp4", "file_size": size,
            "duration_seconds": 180, "content_type": "video/mp4"} | other
    return client.request("POST", f"{REST}/init", data={key: value for key, value in data.items() if value is not None})


def status(client: Client, upload: str) -> dict:
    answer = client.get(f"{REST}/{upload}/status")
    assert answer.status == 200, answer
    return answer.json()


def test_an_upload_is_announced_followed_and_completed(tusd, someone):
    answer = announce(someone, 1000)
    assert answer.status == 201, answer
    begun = answer.json()
    assert set(begun) == {"upload_id", "upload_url", "expires_at", "chunk_size"}
    assert begun["upload_url"] == f"{tus.BASE}/{begun['upload_id']}"
    assert DATE.fullmatch(begun["expires_at"])
    left = datetime.datetime.fromisoformat(begun["expires_at"]) - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23, minutes=59) < left <= datetime.timedelta(hours=24)
    assert patch(someone, begun["upload_url"], 0, b"x" * 200).status == 204
    assert status(someone, begun["upload_id"]) == {
        "upload_id": begun["upload_id"], "offset": 200, "size": 1000, "completed": False,
        "expires_at": begun["expires_at"], "percentage": 20.0}
    body = {"upload_id": begun["upload_id"]}
    tus.problem(someone.request("POST", f"{REST}/complete", data=body), 409)
    assert patch(someone, begun["upload_url"], 200, b"x" * 800).status == 204
    done = status(someone, begun["upload_id"])
    assert (done["completed"], done["percentage"], done["offset"]) == (True, 100, 1000)
    first = tus.completion(someone, begun["upload_url"])
    assert first["completed"] is True and first["upload_id"] == begun["upload_id"]
    assert first["asset_id"] == f"asset_{first['video_id']}"
    assert tus.completion(someone, begun["upload_url"]) == first
    assert tus.original(tusd, someone, begun["upload_url"]) == b"x" * 1000


@pytest.mark.parametrize("changed, statuses", [
    ({"file_size": 0}, {400}), ({"file_size": -1}, {400}), ({"file_size": "x"}, {400}), ({"file_size": None}, {400}),
    ({"filename": ""}, {400}), ({"filename": None}, {400}), ({"session_id": None}, {400}), ({"session_id": ""}, {400}),
    ({"duration_seconds": -1}, {400}), ({"duration_seconds": 301}, {400}),
    ({"file_size": 2 * 1024 * 1024 + 1}, {413}),
])
def test_an_announcement_that_cannot_be_is_refused(someone, changed, statuses):
    answer = announce(someone, **changed)
    assert answer.status in statuses, answer
    problem = tus.problem(answer, answer.status)
    if answer.status == 400:
        assert next(iter(changed)) in problem["error"]


@pytest.mark.parametrize("changed", [
    {"duration_seconds": None}, {"duration_seconds": 12.5}, {"content_type": None}, {"duration_seconds": 300},
    {"file_size": 2 * 1024 * 1024},
])
def test_what_real_clients_send_is_taken(someone, changed):
    assert announce(someone, **changed).status == 201


def test_a_session_belongs_to_the_first_who_names_it(tusd, someone):
    session, stranger = str(uuid.uuid4()), Client(tusd.url).register()
    assert announce(someone, session_id=session).status == 201
    assert announce(someone, session_id=session).status == 201
    assert tus.problem(announce(stranger, session_id=session), 403)["error"] == "Access denied"
    refused = ask(stranger, "POST", Upload_Length=5, Upload_Metadata=tus.metadata(session_id=session))
    tus.problem(refused, 403)


def test_only_the_owner_sees_completes_and_aborts(tusd, someone):
    upload, stranger = announce(someone).json()["upload_id"], Client(tusd.url).register()
    for client, expected in ((stranger, 403), (Client(tusd.url), 401)):
        tus.problem(client.get(f"{REST}/{upload}/status"), expected)
        tus.problem(client.request("POST", f"{REST}/complete", data={"upload_id": upload}), expected)
        tus.problem(client.request("DELETE", f"{REST}/{upload}"), expected)
    assert status(someone, upload)["offset"] == 0


def test_what_is_not_there_is_not_found(someone):
    for name in (str(uuid.uuid4()), "undefined"):
        assert tus.problem(someone.get(f"{REST}/{name}/status"), 404)["error"] == "Upload not found"
        tus.problem(someone.request("POST", f"{REST}/complete", data={"upload_id": name}), 404)
        tus.problem(someone.request("DELETE", f"{REST}/{name}"), 404)
    tus.problem(someone.request("POST", f"{REST}/complete", data={}), 400)


def test_an_aborted_upload_is_gone(someone):
    begun = announce(someone).json()
    patch(someone, begun["upload_url"], 0, b"x" * 10)
    assert someone.request("DELETE", f"{REST}/{begun['upload_id']}").status == 204
    assert someone.get(f"{REST}/{begun['upload_id']}/status").status == 404
    assert ask(someone, "HEAD", begun["upload_url"]).status == 404


def test_a_video_longer_than_the_door_allows_fails_with_the_reason(start_service, tmp_path):
    service = start_service(MAX_VIDEO_DURATION_MINUTES=1)
    someone = Client(service.url).register()
    clip = clips.make(tmp_path / "long.mp4", 63, size="160x120", rate="5", sound=False).read_bytes()
    path = create(someone, len(clip), Upload_Metadata=tus.metadata(filename="long.mp4"))
    assert patch(someone, path, 0, clip).status == 204
    ended = someone.finish(tus.upload_id(path), expect=("processing_failed",))
    assert ended["error"] == "The video is too long: 1:03, allowed are 1:00."


# One upload, several doors.

CONTENT = bytes(range(256)) * 1000
PIECES = split(CONTENT, PART)


def test_chunks_are_seen_as_a_prefix_and_tus_finishes_what_they_began(tusd, someone):
    upload = someone.begin("clip.mp4", len(CONTENT))["uploadId"]
    path = f"{tus.BASE}/{upload}"
    assert offset(someone, path) == 0
    for number in (0, 2):
        assert someone.chunk(upload, number, PIECES[number], len(PIECES)).status == 200
    assert offset(someone, path) == PART
    tus.problem(patch(someone, path, 0, b"x"), 409)
    # Only whole parts count; the third was here before.
    answer = patch(someone, path, PART, CONTENT[PART:3 * PART + 17])
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(3 * PART))
    assert someone.status(upload)["receivedChunks"] == 3
    wrong = patch(someone, path, 3 * PART, CONTENT[3 * PART:], Upload_Checksum=tus.checksum("md5", b""))
    assert wrong.status == 460
    assert offset(someone, path) == 3 * PART
    answer = patch(someone, path, 3 * PART, CONTENT[3 * PART:], Upload_Checksum=tus.checksum("md5", CONTENT[3 * PART:]))
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    assert tus.original(tusd, someone, path) == CONTENT


def test_chunks_in_order_finish_what_tus_began(tusd, someone):
    path = create(someone, len(CONTENT))
    upload = tus.upload_id(path)
    assert patch(someone, path, 0, CONTENT[:PART + 100]).status == 204
    before = someone.status(upload)
    assert (before["receivedChunks"], before["totalChunks"], before["chunkSize"]) == (1, len(PIECES), PART)
    assert before["missingChunks"] == list(range(1, len(PIECES)))
    assert someone.chunk(upload, 2, PIECES[2], len(PIECES)).status == 409
    assert someone.chunk(upload, 0, PIECES[0], len(PIECES)).json()["received"] == 1
    for number in range(1, len(PIECES)):
        answer = someone.chunk(upload, number, PIECES[number], len(PIECES), number_first=number % 2 == 0)
        assert answer.json()["received"] == number + 1, answer
    assert tus.original(tusd, someone, path) == CONTENT


def test_every_door_names_every_upload(someone):
    upload = someone.begin("clip.mp4", 1000)["uploadId"]
    assert status(someone, upload)["size"] == 1000
    assert ask(someone, "DELETE", f"{tus.BASE}/{upload}").status == 204
    assert someone.get(f"/api/uploads/{upload}").status == 404
