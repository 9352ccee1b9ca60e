"""The main job through deploy/nginx.conf: TLS and HTTP/2 outside, nothing buffered, nothing lost."""
import http.client
import subprocess
import urllib.parse

import pytest

from support import browser as chromium
from support import clips, pages
from support.client import PASSWORD, Client, form
from support.nginx import Nginx, free_port


@pytest.fixture(scope="module")
def front(start_service_once, tmp_path_factory):
    nginx = Nginx(tmp_path_factory.mktemp("nginx"))
    nginx.service = start_service_once(
        port=free_port(), HOST="127.0.0.1", PUBLIC_URL=nginx.url, TRUSTED_PROXIES="127.0.0.1", CHUNK_SIZE=256 * 1024)
    yield nginx.start(nginx.service.port)
    nginx.stop()


@pytest.fixture
def someone(front):
    return Client(front.url, context=front.context).register()


def test_the_main_job_works_through_nginx(front, someone, small_clip, browser):
    asset = someone.complete(someone.send(small_clip))
    master = someone.stream(asset)["masterUrl"]
    assert master.startswith(front.url + "/stream/"), "URLs name the public address"
    assert clips.count_frames(master) == 4 * 25
    # Chromium does not know this certificate; that it is the right one, Python's client has just checked.
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    chromium.sign_in(page, front.url, someone.email, PASSWORD)
    pages.watch(page, front.url, asset)
    pages.start(page)
    context.close()


def test_nginx_speaks_http2_and_sends_plain_requests_to_tls(front):
    command = ["curl", "-sS", "--http2", "--cacert", front.certificate, "-o", "/dev/null", "-w",
               "%{http_version} %{response_code}", front.url + "/health/live"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "2 200"
    plain = http.client.HTTPConnection("127.0.0.1", front.plain, timeout=120)
    plain.request("GET", "/watch/1?t=2", headers={"Host": "localhost"})
    answer = plain.getresponse()
    assert answer.status == 308
    assert urllib.parse.urlsplit(answer.headers["Location"]).path == "/watch/1"


def test_an_upload_reaches_the_service_while_it_is_being_sent(front, someone):
    """A refusal that needs no body comes before the body is through: nginx did not keep it for itself."""
    upload = someone.begin("clip.mp4", 1024 * 1024)["uploadId"]
    body, headers = form([("chunk", b"x" * 256 * 1024), ("chunkNumber", "0"), ("totalChunks", "4")])
    connection = someone.connect()
    connection.putrequest("POST", f"/api/uploads/{upload}/chunks")
    connection.putheader("Content-Type", headers["Content-Type"])
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:1000])
    # No token, half of a body: only an unbuffered proxy can have an answer now.
    assert connection.getresponse().status == 401
    connection.close()


def test_uploads_are_created_carefully_and_named_by_the_public_address(front, someone):
    """nginx passes no 104 on: a client creates with an empty request and goes on at the address it is given."""
    made = someone.request("POST", "/api/v1/videos/resumable", body=b"", headers={"Upload-Complete": "?0"})
    assert made.status == 201
    address = made.headers["Location"]
    assert address.startswith(front.url + "/api/v1/videos/resumable/")
    done = someone.request("PATCH", address, body=b"12345", headers={
        "Upload-Complete": "?1", "Upload-Offset": "0", "Content-Type": "application/partial-upload"})
    assert (done.status, done.headers["Upload-Complete"]) == (201, "?1")
    assert done.headers["Content-Location"] == f"{front.url}/api/assets/{done.json()['asset_id']}"


def test_the_cookie_is_secure_behind_tls(front):
    someone = Client(front.url, context=front.context).register()
    answer = someone.request("POST", "/api/auth/login", data={"email": someone.email, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" in cookie
