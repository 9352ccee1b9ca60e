"""Resumable uploads for HTTP, line by line (draft -12): statuses, headers, problem documents."""
import pytest

from support.client import Client
from support.resumable import BASE, Draft, arrived, problem, staged, stored, upload_id
from support.wait import until
from support.wire import Wire, attempt, once

LIMIT = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def server(start_service_once):
    return start_service_once(MAX_VIDEO_SIZE_MB=2, WORKERS=0)


@pytest.fixture(scope="module")
def someone(server):
    return Client(server.url).register()


@pytest.fixture
def draft(someone):
    return Draft(someone)


def test_options_tell_limits_and_how_to_append_without_an_account(server):
    for path in (BASE, BASE + "/", "/api/media/upload/"):
        reply = once(Client(server.url), "OPTIONS", path)
        assert reply.status == 204
        assert "POST" in reply.headers["allow"]
        assert reply.headers["accept-patch"] == "application/partial-upload"
        limits = dict(pair.split("=") for pair in reply.headers["upload-limit"].split(", "))
        assert limits["min-size"] == "0" and int(limits["max-age"]) == 24 * 3600
        if path != "/api/media/upload/":
            assert limits["max-size"] == str(LIMIT)


def test_without_an_account_nothing_is_possible(server):
    nobody = Draft(Client(server.url, token="nothing"))
    assert nobody.create(b"12345", complete=True).status == 401
    assert nobody.head(f"{BASE}/{'0' * 8}-0000-4000-8000-{'0' * 12}").status == 401


def test_the_last_request_answers_for_the_whole(server, draft):
    reply = draft.create(b"1234567890", complete=True, Content_Disposition='inline; filename="clip.mp4"')
    assert stored(server, reply) == b"1234567890"
    assert draft.complete(reply) is True
    asset = reply.json()["asset_id"]
    assert reply.json()["video_id"] == int(asset.removeprefix("asset_"))
    assert reply.headers["content-location"] == f"/api/assets/{asset}"
    assert draft.client.get(f"/api/assets/{asset}").json()["title"] == "clip.mp4"


@pytest.mark.parametrize("name,expected", [
    ("inline; filename=\"a.mp4\"; filename*=UTF-8''na%C3%AFve.mp4", "naïve.mp4"),
    ("attachment; filename=\"../../etc/passwd\"", "passwd"), ("inline", "upload")])
def test_the_name_is_the_dispositions(draft, name, expected):
    asset = draft.create(b"x", complete=True, Content_Disposition=name).json()["asset_id"]
    assert draft.client.get(f"/api/assets/{asset}").json()["title"] == expected


def test_the_offset_does_not_end_an_upload_the_client_does(server, draft):
    path = draft.created(4)
    reply = draft.patch(path, 0, b"1234")
    assert (reply.status, draft.complete(reply), reply.headers["upload-offset"]) == (204, False, "4")
    head = draft.head(path)
    assert (head.headers["upload-offset"], draft.complete(head)) == ("4", False)
    assert stored(server, draft.patch(path, 4, complete=True)) == b"1234"


def test_it_does_not_end_by_a_restart_either(start_service):
    server = start_service(WORKERS=0)
    draft = Draft(Client(server.url).register())
    path = draft.created(4)
    draft.patch(path, 0, b"1234")
    server.kill()
    server.start()
    draft.client.url = server.url
    assert draft.complete(draft.head(path)) is False
    assert stored(server, draft.patch(path, 4, complete=True)) == b"1234"


def test_a_wrong_offset_is_409_with_the_right_one(draft):
    path = draft.created(10)
    draft.patch(path, 0, b"12345")
    for wrong in (0, 4, 6, 10):
        reply = draft.patch(path, wrong, b"678")
        found = problem(reply, "mismatching-upload-offset", 409)
        assert (found["expected-offset"], found["provided-offset"]) == (5, wrong)
        assert reply.headers["upload-offset"] == "5" and draft.complete(reply) is False
    assert draft.offset(path) == 5


def test_lengths_that_contradict_each_other_are_400(someone, draft):
    problem(draft.create(b"12345", complete=True, Upload_Length=6), "inconsistent-upload-length")
    problem(draft.create(b"12345", complete=False, Upload_Length=4), "inconsistent-upload-length")
    path = draft.created(10)
    problem(draft.patch(path, 0, b"123", complete=True), "inconsistent-upload-length")
    problem(draft.patch(path, 0, b"123", complete=False, Upload_Length=11), "inconsistent-upload-length")
    # A body of unknown length that ends too early: its bytes count, the end does not.
    wire = draft.open("PATCH", path, None, b"123", True, 0).chunk(b"").trailer()
    problem(wire.final(), "inconsistent-upload-length")
    head = draft.head(path)
    assert (head.headers["upload-offset"], draft.complete(head)) == ("3", False)


def test_numbers_beyond_all_files_are_refused(draft):
    path, most = draft.created(10), 2**63 - 1
    assert draft.open("POST", BASE, most, b"").final().status == 413
    assert draft.open("PATCH", path, most, b"", True, 10**15 - 1).final().status == 409
    assert draft.open("PATCH", path, most, b"", True, 0).final().status == 400
    assert draft.offset(path) == 0


def test_a_length_may_come_later_and_is_then_fixed(server, draft):
    path = draft.created()
    assert "upload-length" not in draft.head(path).headers
    draft.patch(path, 0, b"123", Upload_Length=6)
    assert draft.head(path).headers["upload-length"] == "6"
    problem(draft.patch(path, 3, b"4", Upload_Length=7), "inconsistent-upload-length")
    assert stored(server, draft.patch(path, 3, b"456", complete=True)) == b"123456"


@pytest.mark.parametrize("chunked", [False, True])
def test_past_its_length_an_upload_is_spoilt(server, draft, chunked):
    path = draft.created(5)
    if chunked:
        reply = draft.open("PATCH", path, None, b"1234567", False, 0).final()
    else:
        reply = draft.patch(path, 0, b"1234567")
    problem(reply, "inconsistent-upload-length")
    assert draft.head(path).status == 410
    assert draft.patch(path, 5).status == 410
    assert staged(server, path) == 0
    assert once(draft.client, "DELETE", path).status == 204


def test_a_limit_is_413_and_told(draft):
    for reply in (draft.create(Upload_Length=LIMIT + 1), draft.open("POST", BASE, LIMIT + 1, b"").final()):
        assert reply.status == 413
        assert f"max-size={LIMIT}" in reply.headers["upload-limit"]
    path = draft.created()
    wire = draft.open("PATCH", path, None, b"x" * LIMIT, False, 0).chunk(b"more")
    reply = wire.final()
    assert reply.status == 413 and f"max-size={LIMIT}" in reply.headers["upload-limit"]


def test_a_refused_body_costs_a_client_that_asks_first_nothing(draft):
    path = draft.created(1000)
    wire = draft.open("PATCH", path, 900, b"", True, 7, Expect="100-continue")
    assert wire.next().status == 409


def test_a_client_that_asks_first_gets_both_interim_answers(someone):
    wire = Draft(someone, 8).open("POST", BASE, 5, b"", Expect="100-continue")
    # Envoy passes the first 1xx on and no other: it must be this one.
    assert wire.next().status == 104
    assert wire.next().status == 100
    assert wire.send(b"12345").final().status == 201


@pytest.mark.parametrize("kind", [None, "application/octet-stream", "application/offset+octet-stream"])
def test_bytes_are_appended_as_partial_uploads_alone(draft, kind):
    path = draft.created(5)
    reply = draft.patch(path, 0, b"12345", complete=True, Content_Type=kind)
    assert (reply.status, reply.headers["accept-patch"]) == (415, "application/partial-upload")
    assert draft.patch(path, 0, b"12345", complete=True, Content_Type="Application/Partial-Upload; a=b").status == 201


@pytest.mark.parametrize("headers", [
    {"Upload-Complete": None}, {"Upload-Complete": "1"}, {"Upload-Complete": "true"}, {"Upload-Complete": '"?1"'},
    {"Upload-Offset": None}, {"Upload-Offset": "-0"}, {"Upload-Offset": "0.0"}, {"Upload-Offset": '"0"'},
    {"Upload-Offset": "0000000000000000"}, {"Upload-Offset": "0, 0"}])
def test_a_field_that_cannot_be_read_counts_as_absent(draft, headers):
    path = draft.created(5)
    said = draft.said(True, 0) | headers
    assert once(draft.client, "PATCH", path, said, b"12345").status == 400
    assert draft.offset(path) == 0


def test_parameters_of_fields_are_ignored(draft):
    path = draft.created(5)
    said = draft.said() | {
        "Upload-Complete": " ?1;q=1", "Upload-Offset": "0;a", "Content-Type": "application/partial-upload"}
    assert once(draft.client, "PATCH", path, said, b"12345").status == 201


def test_a_finished_upload_takes_nothing_more(draft):
    path = draft.created(3)
    assert draft.patch(path, 0, b"123", complete=True).status == 201
    problem(draft.patch(path, 3, complete=True), "completed-upload")
    problem(draft.patch(path, 3, b"4", complete=True), "inconsistent-upload-length")
    problem(draft.patch(path, 0, b"123", complete=True), "mismatching-upload-offset", 409)
    head = draft.head(path)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("3", "3")


def test_get_answers_as_head_does(draft):
    path = draft.created(9)
    reply = draft.head(path, "GET")
    assert (reply.status, reply.headers["upload-offset"], draft.complete(reply)) == (204, "0", False)
    age = dict(pair.split("=") for pair in reply.headers["upload-limit"].split(", "))["max-age"]
    assert 24 * 3600 - 60 < int(age) <= 24 * 3600


def test_old_drafts_refuse_offsets_where_they_mean_nothing(someone):
    draft = Draft(someone, 3)
    path = draft.created(9)
    for name, value in (("Upload-Offset", 0), ("Upload-Incomplete", "?0")):
        for method in ("HEAD", "DELETE"):
            assert once(someone, method, path, draft.said() | {name: value}).status == 400
    assert draft.offset(path) == 0


def test_an_empty_file_is_an_upload_too(server, draft):
    assert stored(server, draft.create(b"", complete=True)) == b""
    path = draft.created(0)
    assert draft.complete(draft.head(path)) is False
    assert stored(server, draft.patch(path, 0, complete=True)) == b""


def test_what_is_not_there_or_not_mine(server, someone, draft):
    path = draft.created(9)
    stranger = Draft(Client(server.url).register())
    for method in ("HEAD", "PATCH", "DELETE"):
        said = stranger.said(True, 0) if method == "PATCH" else stranger.said()
        assert once(stranger.client, method, path, said, b"x" if method == "PATCH" else None).status == 403
    for gone in (f"{BASE}/nothing", f"{BASE}/{upload_id(path)[:-4]}ffff"):
        reply = draft.head(gone)
        assert reply.status == 404 and "upload-offset" not in reply.headers


def test_a_silent_connection_lets_go(server, draft):
    path = draft.created(2000)
    silent = draft.open("PATCH", path, 2000, b"a" * 500, True, 0)
    arrived(server, path, 500)
    assert draft.offset(path) == 500
    assert stored(server, draft.patch(path, 500, b"b" * 1500, True)) == b"a" * 500 + b"b" * 1500
    silent.drop()


def test_who_asks_has_given_up_what_still_comes_but_a_wrong_offset_takes_nothing(server, draft):
    """A proxy may go on passing a dead client's bytes; the client that is back asks where it stands."""
    # A busy machine can make a sender silent for as long as makes it evicted: then once more.
    until("a sender that a wrong offset does not end", lambda: goes_on_until_asked(server, draft))


def goes_on_until_asked(server, draft) -> bool:
    path = draft.created(LIMIT)
    old = draft.open("PATCH", path, LIMIT, b"x" * 1000, True, 0)
    sent = 1000
    arrived(server, path, 1000)

    def drip() -> bool:
        nonlocal sent
        try:
            old.send(b"x" * 100)
        except OSError:
            return False
        sent += 100
        return True

    wrong = Wire(draft.client, "PATCH", path, draft.said(True, LIMIT - 5) | {"Content-Length": 5}).send(b"wrong")
    wrong.socket.settimeout(0.02)
    assert until("the refusal", lambda: (drip() or True) and attempt(wrong), every=0.01).status == 409
    stays = drip()
    asking = Wire(draft.client, "HEAD", path, draft.said())
    asking.socket.settimeout(0.02)
    reply = until("the offset", lambda: attempt(asking) or (drip() and None), every=0.01)
    reached = int(reply.headers["upload-offset"])
    assert 1000 <= reached <= sent
    old.drop()
    assert stored(server, draft.patch(path, reached, b"x" * (LIMIT - reached), True)) == b"x" * LIMIT
    return stays


def test_an_upload_that_is_cancelled_lets_go_of_who_still_sends(server, draft):
    path = draft.created(LIMIT)
    sender = draft.open("PATCH", path, LIMIT, b"x" * 1000, True, 0)
    arrived(server, path, 1000)
    cancelling = Wire(draft.client, "DELETE", path, draft.said())
    cancelling.socket.settimeout(0.02)

    def answered():
        try:
            sender.send(b"x" * 100)
        except OSError:
            pass
        return attempt(cancelling)

    assert until("the answer", answered, every=0.01).status == 204
    sender.socket.settimeout(120)
    try:
        assert sender.final().status >= 400
    except ConnectionError:
        pass
    assert staged(server, path) == 0 and draft.head(path).status == 404
