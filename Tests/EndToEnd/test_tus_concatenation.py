"""tus concatenation: files sent in parts, finished and unfinished."""
import uuid

import pytest

from support import tus
from support.client import Client
from support.tus import ask, create, offset, patch

LIMIT = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def tusd(start_service_once):
    return start_service_once(MAX_VIDEO_SIZE_MB=2, WORKERS=0)


@pytest.fixture(scope="module")
def someone(tusd):
    return Client(tusd.url).register()


def partial(client: Client, content: bytes, **headers) -> str:
    path = create(client, len(content), Upload_Concat="partial", **headers)
    if content:
        assert patch(client, path, 0, content).status == 204
    return path


def final(client: Client, *paths: str, **headers):
    return ask(client, "POST", Upload_Concat="final;" + " ".join(paths), **headers)


def test_a_final_is_its_partials_in_their_order_and_one_may_appear_twice(tusd, someone):
    one, two = partial(someone, b"one ", Upload_Metadata=tus.metadata(title="not inherited")), partial(someone, b"two ")
    paths = (two, someone.url + one, two)
    answer = final(someone, *paths, Upload_Metadata=tus.metadata(title="The whole"))
    assert answer.status == 201, answer
    assert answer.headers["Upload-Expires"] is None
    path = answer.headers["Location"]
    head = ask(someone, "HEAD", path)
    assert head.headers["Upload-Concat"] == "final;" + " ".join(paths)
    assert head.headers["Upload-Offset"] == head.headers["Upload-Length"] == "12"
    assert ask(someone, "HEAD", one).headers["Upload-Concat"] == "partial"
    assert tus.original(tusd, someone, path) == b"two one two "
    again = final(someone, one, two).headers["Location"]
    assert tus.original(tusd, someone, again) == b"one two "
    assert ask(someone, "HEAD", again).headers["Upload-Metadata"] is None
    assert someone.get(f"/api/assets/{tus.completion(someone, path)['asset_id']}").json()["title"] == "The whole"


def test_a_large_concatenation_is_exact(tusd, someone):
    first, second = bytes(range(256)) * 1600, bytes(reversed(range(256))) * 2000
    path = final(someone, partial(someone, first), partial(someone, second)).headers["Location"]
    assert tus.original(tusd, someone, path) == first + second


def test_a_partial_is_no_medium(someone):
    before = someone.get("/api/assets").json()["pagination"]["total"]
    path = partial(someone, b"a part")
    assert offset(someone, path) == 6
    assert someone.get("/api/assets").json()["pagination"]["total"] == before
    assert tus.completion(someone, path)["completed"] is True


def test_a_final_may_be_named_before_its_partials_are_finished(tusd, someone):
    one, two = partial(someone, b"one "), create(someone, None, Upload_Concat="partial")
    answer = final(someone, one, two)
    assert answer.status == 201
    path = answer.headers["Location"]
    head = ask(someone, "HEAD", path)
    assert (head.status, head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (200, None, None)
    assert head.headers["Upload-Concat"].startswith("final;")
    assert patch(someone, two, 0, b"tw", Upload_Length=4).status == 204
    head = ask(someone, "HEAD", path)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (None, "8")
    assert someone.request("POST", f"{tus.REST}/complete", data={"upload_id": tus.upload_id(path)}).status == 409
    assert patch(someone, two, 2, b"o ").status == 204
    assert offset(someone, path) == 8
    assert tus.original(tusd, someone, path) == b"one two "


def test_a_final_takes_no_bytes(someone):
    path = final(someone, partial(someone, b"one")).headers["Location"]
    tus.problem(patch(someone, path, 3, b"x"), 403)
    waiting = final(someone, create(someone, 4, Upload_Concat="partial")).headers["Location"]
    tus.problem(patch(someone, waiting, 0, b"x"), 403)


def test_a_final_that_cannot_be_is_refused(tusd, someone):
    stranger = Client(tusd.url).register()
    whole = create(someone, 3)
    tus.problem(final(someone, whole), 400)
    tus.problem(final(someone, "/somewhere/else"), 400)
    tus.problem(final(someone, f"{tus.BASE}/{uuid.uuid4()}"), 404)
    tus.problem(final(stranger, partial(someone, b"x")), 403)
    tus.problem(final(someone, partial(someone, b"x"), Upload_Length=1), 400)
    big = create(someone, LIMIT, Upload_Concat="partial")
    tus.problem(final(someone, big, big), 413)


def test_a_final_outlives_its_partials_and_one_that_waits_fails_with_them(tusd, someone):
    one, two = partial(someone, b"one "), create(someone, 4, Upload_Concat="partial")
    done, waiting = final(someone, one).headers["Location"], final(someone, one, two).headers["Location"]
    assert ask(someone, "DELETE", one).status == 204
    assert tus.original(tusd, someone, done) == b"one "
    assert ask(someone, "HEAD", waiting).status == 410


def test_a_waiting_final_is_made_after_a_restart(start_service):
    service = start_service(WORKERS=0)
    someone = Client(service.url).register()
    two = create(someone, 4, Upload_Concat="partial")
    path = final(someone, partial(someone, b"one "), two).headers["Location"]
    service.kill()
    service.start()
    someone.url = service.url
    assert patch(someone, two, 0, b"two ").status == 204
    assert tus.original(service, someone, path) == b"one two "
