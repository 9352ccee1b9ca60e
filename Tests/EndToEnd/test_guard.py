"""The gateway's guard on a real service: limits, origins, headers, sizes, and what administrators leave behind."""
import concurrent.futures
import subprocess

import pytest

from support import handling
from support.client import PASSWORD, Client
from support.service import binary, clean_environment
from support.wait import until
from test_metrics import samples

FRIEND = "https://app.example.com"
PUBLIC = "https://media.example.com"


@pytest.fixture(scope="module")
def guarded(start_service_once):
    """Tight limits for whoever comes through the proxy, which this machine is; a friend among the origins."""
    return start_service_once(
        WORKERS=0, PUBLIC_URL=PUBLIC, TRUSTED_PROXIES="127.0.0.1,::1", CORS_ORIGINS=FRIEND, RATE_LIMIT_WRITES="3/3s",
        RATE_LIMIT_SIGN_IN="5/10m", RATE_LIMIT_READS="50/1s", MAX_OPEN_UPLOADS=50)


@pytest.fixture(scope="module")
def boss(guarded):
    client = Client(guarded.url)
    token = guarded.admin_link.partition("token=")[2]
    data = {"token": token, "email": "boss@example.com", "password": PASSWORD}
    client.token = client.request("POST", "/setup", data=data).json()["token"]
    client.email = data["email"]
    return client


def begin(client: Client, address: str | None):
    data = {"filename": "a.mp4", "fileSize": 100, "fileType": "video/mp4"}
    headers = {"X-Forwarded-For": address} if address else {}
    return client.request("POST", "/api/uploads/init", data=data, headers=headers)


def crowd(count: int, ask):
    """A refusal of one of so many who come at once: one after the other, a slow machine might let all of them in."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return next((answer for answer in pool.map(ask, range(count)) if answer.status == 429), None)


def test_whoever_asks_too_often_waits_as_told_and_is_served_then(guarded):
    client = Client(guarded.url).register()
    first = begin(client, "203.0.113.7")
    assert first.status == 201 and first.headers["RateLimit-Policy"] == '"writes";q=3;w=3'
    refused = until("too many at once", lambda: crowd(8, lambda _: begin(client, "203.0.113.7")))
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert "Try again in" in refused.json()["error"] and 'r=0;t=' in refused.headers["RateLimit"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 3
    # The bytes of an upload that has begun are not counted, nor is this machine itself.
    upload = first.json()["uploadId"]
    assert client.chunk(upload, 0, b"x" * 100, 1).status == 200
    assert begin(client, None).status == 201
    until("the end of the wait", lambda: begin(client, "203.0.113.7").status == 201, every=0.3)
    key = ("telecine_http_requests_limited_total", ("by", "address"), ("class", "writes"))
    assert samples(guarded.url)[key] >= 1


def test_an_account_is_limited_over_all_its_addresses(guarded):
    client = Client(guarded.url).register()
    assert begin(client, "203.0.113.20").status == 201
    refused = until("too many at once", lambda: crowd(12, lambda n: begin(client, f"203.0.113.{21 + n}")))
    assert "from this account" in refused.json()["error"]


def test_guessers_are_stopped_whatever_account_they_try(guarded):
    statuses = [
        Client(guarded.url).request(
            "POST", "/api/auth/login", data={"email": f"x{number}@example.com", "password": "a guess or two"},
            headers={"X-Forwarded-For": "203.0.113.99"}).status
        for number in range(6)]
    assert statuses == [401] * 5 + [429]


def preflight(service, origin: str):
    return Client(service.url).request("OPTIONS", "/api/uploads/init", headers={
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,upload-length"})


def test_a_listed_origin_may_send_the_cookie_and_others_may_nothing(guarded, service):
    friend, other = preflight(guarded, FRIEND), preflight(guarded, "https://evil.example")
    assert friend.status == 204 and friend.headers["Access-Control-Allow-Origin"] == FRIEND
    assert friend.headers["Access-Control-Allow-Credentials"] == "true"
    assert "upload-length" in friend.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in other.headers
    for answer in (friend, other, Client(guarded.url).get("/health")):
        assert "Origin" in (answer.headers.get_all("Vary") or [])
    data = {"email": "friend@example.com", "password": PASSWORD}
    answer = Client(guarded.url).request("POST", "/api/auth/register", data=data, headers={"Origin": FRIEND})
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    order = {"filename": "a.mp4", "fileSize": 100, "fileType": "video/mp4"}
    for origin, status in ((FRIEND, 201), ("https://evil.example", 403)):
        written = Client(guarded.url).request(
            "POST", "/api/uploads/init", data=order, headers={"Origin": origin, "Cookie": cookie})
        assert written.status == status, written
    # Without a list everybody may read, also errors, and nobody's cookie counts.
    refused = Client(service.url).get("/api/assets", headers={"Origin": "https://any.example"})
    assert refused.status == 401 and refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in refused.headers
    exposed = refused.headers["Access-Control-Expose-Headers"]
    assert all(name in exposed for name in ("Upload-Offset", "Location", "Tus-Resumable", "RateLimit", "Retry-After"))


@pytest.mark.parametrize("path", [
    "/", "/watch/asset_1", "/assets/asset_1", "/trash", "/setup", "/admin/mediafiles/media/", "/embed/unknown",
    "/public/stream/unknown"])
def test_every_page_says_what_may_be_done_with_it(service, path):
    headers = Client(service.url).get(path, headers={"Accept": "text/html"}).headers
    assert headers["Content-Type"].startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == "'self'" and policy["object-src"] == "'none'" and policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == ("*" if path.startswith("/embed/") else "'none'")
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers, "not reached by TLS"
    scripts = Client(service.url).get(path, headers={"Accept": "text/html"}).body.decode().split("<script")[1:]
    assert scripts and all(script.split(">")[1].startswith("</script") for script in scripts), "no script inside"


def test_behind_tls_browsers_are_told_to_stay_there(guarded):
    assert Client(guarded.url).get("/").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_an_active_file_is_never_served_as_one(service):
    client = Client(service.url).register()
    for name, content in (("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
                          ("a.html", b"<html><script>alert(1)</script></html>")):
        answer = handling.send(client, content, name, declared="image/svg+xml" if name == "a.svg" else "text/html")
        assert answer.status in (400, 415), answer


WRITES = [
    ("POST", "/api/auth/register"), ("POST", "/api/auth/login"), ("POST", "/api/auth/token"), ("POST", "/setup"),
    ("POST", "/api/uploads/init"), ("POST", "/api/v1/videos/upload/init"), ("POST", "/api/v1/videos/upload/complete"),
    ("POST", "/api/assets/bulk"), ("POST", "/api/admin/media/actions"), ("POST", "/api/admin/jobs/actions"),
]


@pytest.mark.parametrize("method, path", WRITES)
def test_json_that_is_too_large_is_refused_before_it_is_read(guarded, boss, method, path):
    connection = boss.connect()
    connection.putrequest(method, path)
    for name, value in (("Authorization", f"Bearer {boss.token}"), ("Content-Type", "application/json"),
                        ("Content-Length", str(8 << 20)), ("Expect", "100-continue")):
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413, response.read()
    connection.close()


def acts(boss: Client, query: str = "") -> list[dict]:
    answer = boss.get(f"/api/admin/audit?{query}")
    assert answer.status == 200, answer
    return answer.json()["entries"]


def test_administrative_acts_are_entered_and_others_are_not(guarded, boss):
    person = Client(guarded.url).register()
    medium = handling.send(person, b"\x1a\x45\xdf\xa3" + bytes(600), "broken.mkv").json()["id"]
    order = {"action": "delete", "ids": [medium, 12345]}
    for client, status in ((person, 403), (boss, 200)):
        sent = client.request("POST", "/api/admin/media/actions", data=order,
                              headers={"X-Request-ID": f"act-of-{status}", "X-Forwarded-For": "198.51.100.4"})
        assert sent.status == status, sent
    newest, before = acts(boss, "size=2")
    assert {newest["object"], before["object"]} == {f"asset_{medium}", "asset_12345"}
    done = next(entry for entry in (newest, before) if entry["object"] == f"asset_{medium}")
    failed = next(entry for entry in (newest, before) if entry["object"] == "asset_12345")
    assert done["act"] == "media.delete" and done["outcome"] == "done" and done["requestId"] == "act-of-200"
    assert done["actor"]["name"] == boss.email and done["address"] == "198.51.100.4"
    assert failed["outcome"] == "failed" and failed["detail"]
    assert not any(entry["requestId"] == "act-of-403" for entry in acts(boss, "act=media") if "requestId" in entry)
    assert acts(boss, f"actor={person.email}") == []
    first = boss.get("/api/admin/audit?size=1").json()
    second = boss.get(f"/api/admin/audit?size=1&after={first['next']}").json()
    assert [page["entries"][0]["id"] for page in (first, second)] == [newest["id"], before["id"]]
    for client, status in ((person, 403), (Client(guarded.url), 401)):
        assert client.get("/api/admin/audit").status == status
    assert boss.get("/api/admin/audit?act=burn").status == 400


def test_the_command_line_is_entered_too(guarded, boss):
    subprocess.run([binary(), "user", "invite", "--data", guarded.data], check=True, capture_output=True,
                   env=clean_environment(), cwd=guarded.folder, timeout=120)
    entry = acts(boss, "actor=command+line&act=invitation.make")[0]
    assert entry["actor"] == {"name": "command line"} and entry["outcome"] == "done" and "address" not in entry
    assert [found["actor"]["name"] for found in acts(boss, "act=user.add")] == [boss.email]
