"""tus 1.0.0, line by line: statuses, headers, edges."""
import email.utils
import uuid

import pytest

from support import tus
from support.client import Client
from support.tus import ask, create, offset, patch

LIMIT = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def tusd(start_service_once):
    return start_service_once(MAX_VIDEO_SIZE_MB=2, CHUNK_SIZE=65536, WORKERS=0)


@pytest.fixture(scope="module")
def someone(tusd):
    return Client(tusd.url).register()


def test_options_tell_what_the_server_can_without_an_account_or_a_version(tusd):
    nobody = Client(tusd.url)
    for path in (tus.BASE, tus.BASE + "/", f"{tus.BASE}/{uuid.uuid4()}"):
        for version in (None, "0.2.2"):
            answer = ask(nobody, "OPTIONS", path, Tus_Resumable=version)
            assert answer.status in (200, 204)
            assert answer.headers["Tus-Version"] == "1.0.0"
            assert answer.headers["Tus-Resumable"] == "1.0.0"
            assert answer.headers["Tus-Max-Size"] == str(LIMIT)
            assert set(answer.headers["Tus-Extension"].split(",")) == {
                "creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum",
                "checksum-trailer", "termination", "concatenation", "concatenation-unfinished"}
            assert set(answer.headers["Tus-Checksum-Algorithm"].split(",")) == {"sha1", "sha256", "md5", "crc32"}


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", ""])
def test_another_version_is_refused_and_nothing_is_processed(someone, version):
    path = create(someone, 4)
    for method, body in (("POST", None), ("HEAD", None), ("PATCH", b"data"), ("DELETE", None)):
        answer = ask(someone, method, tus.BASE if method == "POST" else path, body, Tus_Resumable=version,
                     Upload_Offset=0, Upload_Length=4)
        assert answer.status == 412
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert offset(someone, path) == 0


def test_an_upload_is_made_filled_and_finished(tusd, someone):
    content = b"some bytes of a video"
    given = tus.metadata(filename="clip.mp4", title="A clip") + ",flag,empty "
    path = create(someone, len(content), Upload_Metadata=given)
    assert path.startswith(tus.BASE + "/") and uuid.UUID(tus.upload_id(path))
    head = ask(someone, "HEAD", path)
    assert head.headers["Upload-Length"] == str(len(content))
    assert head.headers["Upload-Offset"] == "0"
    assert head.headers["Upload-Metadata"] == given.strip()
    first = patch(someone, path, 0, content[:5])
    assert (first.status, first.headers["Upload-Offset"], first.body) == (204, "5", b"")
    assert email.utils.parsedate_to_datetime(first.headers["Upload-Expires"])
    assert first.headers["Upload-Expires"].endswith(" GMT")
    assert offset(someone, path) == 5
    last = patch(someone, path, 5, content[5:])
    assert (last.status, last.headers["Upload-Offset"]) == (204, str(len(content)))
    assert last.headers["Upload-Expires"] is None
    head = ask(someone, "HEAD", path)
    assert head.headers["Upload-Offset"] == head.headers["Upload-Length"] == str(len(content))
    assert tus.original(tusd, someone, path) == content
    asset = tus.completion(someone, path)["asset_id"]
    assert someone.get(f"/api/assets/{asset}").json()["title"] == "A clip"


def test_the_base_is_known_with_a_slash_too(someone):
    assert ask(someone, "POST", tus.BASE + "/", Upload_Length=3).status == 201


@pytest.mark.parametrize("headers", [
    {}, {"Upload_Length": "-1"}, {"Upload_Length": "x"}, {"Upload_Length": "1.5"}, {"Upload_Length": ""},
    {"Upload_Length": "99999999999999999999"}, {"Upload_Defer_Length": "0"}, {"Upload_Defer_Length": "2"},
    {"Upload_Length": "5", "Upload_Defer_Length": "1"},
    {"Upload_Length": "5", "Upload_Metadata": "a YQ==,a Yg=="}, {"Upload_Length": "5", "Upload_Metadata": "a !!!"},
    {"Upload_Length": "5", "Upload_Metadata": "a YQ== b"}, {"Upload_Length": "5", "Upload_Metadata": "a YQ==,,b"},
    {"Upload_Length": "5", "Upload_Concat": "middle"}, {"Upload_Concat": "final;"},
])
def test_a_creation_that_cannot_be_is_400(someone, headers):
    tus.problem(ask(someone, "POST", tus.BASE, **headers), 400)


def test_a_length_over_the_limit_is_413(someone):
    assert ask(someone, "POST", Upload_Length=LIMIT).status == 201
    refused = tus.problem(ask(someone, "POST", Upload_Length=LIMIT + 1), 413)
    assert refused["error"].startswith("File size exceeds maximum allowed size")


def test_a_wrong_offset_is_409_and_nothing_is_stored(someone):
    path = create(someone, 10)
    assert patch(someone, path, 0, b"12345").status == 204
    for wrong in (0, 4, 6, 10, 11):
        tus.problem(patch(someone, path, wrong, b"x"), 409)
    assert offset(someone, path) == 5


@pytest.mark.parametrize("wrong", ["-1", "x", "", None])
def test_an_offset_that_is_no_number_is_400(someone, wrong):
    path = create(someone, 10)
    tus.problem(patch(someone, path, wrong, b"x"), 400)
    assert offset(someone, path) == 0


@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", ""])
def test_another_content_type_is_415(someone, kind):
    path = create(someone, 10)
    tus.problem(patch(someone, path, 0, b"x", Content_Type=kind), 415)
    tus.problem(ask(someone, "POST", tus.BASE, b"x", Upload_Length=10, Content_Type=kind), 415)
    assert offset(someone, path) == 0


def test_more_bytes_than_the_length_are_413_and_none_is_stored(someone):
    path = create(someone, 4)
    tus.problem(patch(someone, path, 0, b"12345"), 413)
    assert offset(someone, path) == 0
    tus.problem(ask(someone, "POST", tus.BASE, b"12345", Upload_Length=4), 413)


def test_bytes_past_the_end_of_a_body_without_a_length_are_refused_and_those_within_count(tusd, someone):
    path = create(someone, 4)
    answer = someone.request("PATCH", path, body=iter([b"12", b"34", b"5"]), headers={
        "Tus-Resumable": "1.0.0", "Content-Type": tus.BYTES, "Upload-Offset": "0"})
    assert answer.status == 413
    assert offset(someone, path) == 4
    assert tus.original(tusd, someone, path) == b"1234"


def test_what_is_not_there_is_404_without_an_offset(someone):
    for name in (uuid.uuid4(), "1", "x" * 300):
        for method, body in (("HEAD", None), ("PATCH", b"x"), ("DELETE", None)):
            answer = ask(someone, method, f"{tus.BASE}/{name}", body, Upload_Offset=0)
            assert answer.status == 404
            assert answer.headers["Upload-Offset"] is None
            assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_somebody_elses_upload_is_403_and_untouched(tusd, someone):
    path = create(someone, 10)
    patch(someone, path, 0, b"12345")
    stranger = Client(tusd.url).register()
    for method, body in (("HEAD", None), ("PATCH", b"x"), ("DELETE", None), ("POST", None)):
        answer = ask(stranger, method, path, body, Upload_Offset=5, Upload_Length=10)
        assert answer.status == 403
        assert answer.headers["Upload-Offset"] is None
    assert offset(someone, path) == 5


def test_without_a_token_it_is_401_with_the_version(tusd, someone):
    path = create(someone, 10)
    for method in ("HEAD", "PATCH", "DELETE", "POST"):
        answer = ask(Client(tusd.url), method, path, b"x" if method == "PATCH" else None, Upload_Offset=0)
        assert answer.status == 401
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_other_methods_are_405(someone):
    path = create(someone, 10)
    assert ask(someone, "GET", path).status == 405
    assert ask(someone, "PUT", path, b"x").status == 405
    assert ask(someone, "PATCH", tus.BASE, b"x").status == 405
    assert "PATCH" in ask(someone, "GET", path).headers["Allow"]


def test_the_method_that_is_meant_may_stand_in_a_header(tusd, someone):
    path = create(someone, 4)
    answer = ask(someone, "POST", path, b"data", Upload_Offset=0, X_HTTP_Method_Override="PATCH")
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "4")
    head = ask(someone, "GET", path, X_HTTP_Method_Override="HEAD")
    assert (head.status, head.headers["Upload-Offset"]) == (200, "4")
    assert ask(someone, "POST", path, X_HTTP_Method_Override="delete").status == 204
    assert ask(someone, "HEAD", path).status == 404


def test_creation_with_upload(tusd, someone):
    answer = ask(someone, "POST", tus.BASE, b"12345", Upload_Length=8)
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "5")
    path = answer.headers["Location"]
    assert answer.headers["Upload-Expires"]
    assert patch(someone, path, 5, b"678").status == 204
    assert tus.original(tusd, someone, path) == b"12345678"
    whole = ask(someone, "POST", tus.BASE, b"12345", Upload_Length=5)
    assert (whole.status, whole.headers["Upload-Offset"], whole.headers["Upload-Expires"]) == (201, "5", None)


def test_a_deferred_length_comes_later_and_is_then_fixed(tusd, someone):
    path = create(someone, None)
    head = ask(someone, "HEAD", path)
    assert head.headers["Upload-Defer-Length"] == "1"
    assert head.headers["Upload-Length"] is None
    assert patch(someone, path, 0, b"1234").status == 204
    tus.problem(patch(someone, path, 4, b"", Upload_Length=3), 400)
    tus.problem(patch(someone, path, 4, b"", Upload_Length=LIMIT + 1), 413)
    assert patch(someone, path, 4, b"56", Upload_Length=8).status == 204
    head = ask(someone, "HEAD", path)
    assert (head.headers["Upload-Defer-Length"], head.headers["Upload-Length"]) == (None, "8")
    tus.problem(patch(someone, path, 6, b"78", Upload_Length=9), 400)
    assert patch(someone, path, 6, b"78", Upload_Length=8).status == 204
    assert tus.original(tusd, someone, path) == b"12345678"


def test_a_deferred_length_may_come_with_nothing_left_to_send(tusd, someone):
    path = create(someone, None)
    patch(someone, path, 0, b"1234")
    assert patch(someone, path, 4, b"", Upload_Length=4).headers["Upload-Offset"] == "4"
    assert tus.original(tusd, someone, path) == b"1234"


def test_a_deferred_upload_never_exceeds_the_limit(someone):
    path = create(someone, None)
    tus.problem(patch(someone, path, 0, bytes(LIMIT + 1)), 413)
    assert offset(someone, path) == 0


def test_an_upload_of_no_bytes_is_complete_at_once_and_its_asset_says_why_it_failed(tusd, someone):
    path = create(someone, 0)
    head = ask(someone, "HEAD", path)
    assert head.headers["Upload-Offset"] == head.headers["Upload-Length"] == "0"
    asset = tus.completion(someone, path)["asset_id"]
    details = someone.get(f"/api/assets/{asset}").json()
    assert details["status"] == "failed"
    assert "empty" in details["error"]


def test_termination_ends_an_upload_and_leaves_the_asset_of_a_finished_one(tusd, someone):
    path = create(someone, 8)
    patch(someone, path, 0, b"1234")
    gone = ask(someone, "DELETE", path)
    assert (gone.status, gone.headers["Tus-Resumable"]) == (204, "1.0.0")
    for method, body in (("HEAD", None), ("PATCH", b"x"), ("DELETE", None)):
        assert ask(someone, method, path, body, Upload_Offset=4).status in (404, 410)
    assert not list((tusd.data / "staging").glob(f"{tus.upload_id(path)}*"))
    done = create(someone, 4)
    patch(someone, done, 0, b"1234")
    asset = tus.completion(someone, done)["asset_id"]
    assert ask(someone, "DELETE", done).status == 204
    assert ask(someone, "HEAD", done).status == 404
    assert someone.get(f"/api/assets/{asset}").status == 200


def test_an_unfinished_upload_expires(tusd, someone):
    made = ask(someone, "POST", Upload_Length=8)
    path, expires = made.headers["Location"], made.headers["Upload-Expires"]
    assert ask(someone, "HEAD", path).headers["Upload-Expires"] == expires
    left = email.utils.parsedate_to_datetime(expires).timestamp() - email.utils.mktime_tz(
        email.utils.parsedate_tz(ask(someone, "HEAD", path).headers["Date"]))
    assert 86_300 < left <= 86_401


def test_pages_of_other_origins_may_read_every_tus_header(tusd, someone):
    nobody = Client(tusd.url)
    preflight = nobody.request("OPTIONS", tus.BASE, headers={
        "Origin": "https://app.example", "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "tus-resumable,upload-offset,authorization"})
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "tus-resumable" in preflight.headers["Access-Control-Allow-Headers"].lower()
    for status, path in ((200, create(someone, 4)), (404, f"{tus.BASE}/{uuid.uuid4()}")):
        answer = ask(someone, "HEAD", path, Origin="https://app.example")
        assert answer.status == status
        exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert exposed >= {"Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Upload-Concat",
                           "Upload-Metadata", "Upload-Defer-Length", "Tus-Resumable", "Tus-Version", "Tus-Extension",
                           "Tus-Max-Size", "Tus-Checksum-Algorithm"}
