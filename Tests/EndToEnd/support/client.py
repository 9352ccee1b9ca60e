"""A plain client of contract 1, on the standard library alone, that can also be rude."""
import http.client
import itertools
import json
import pathlib
import secrets
import ssl
import urllib.parse

from support.wait import until

ENDED = ("processed", "failed", "processing_failed")
PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


class Answer:
    """A response, read to its end."""

    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:400]!r}"


def form(fields: list[tuple[str, str | bytes]]) -> tuple[bytes, dict[str, str]]:
    """A multipart/form-data body with the fields in the order given; bytes become a file part, as FormData does."""
    boundary = "----TelecineTest" + secrets.token_hex(8)
    parts = []
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += '; filename="blob"\r\nContent-Type: application/octet-stream'
        content = value if isinstance(value, bytes) else str(value).encode()
        parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


class Client:
    """Speaks for one user, with a bearer token."""

    def __init__(self, url: str, token: str | None = None, context: ssl.SSLContext | None = None):
        self.url = url.rstrip("/")
        self.token = token
        self.context = context
        self.email = ""

    def connect(self, timeout: float = 120) -> http.client.HTTPConnection:
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=self.context)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None, data=None,
                timeout: float = 120) -> Answer:
        """One request on a connection of its own; `data` is sent as JSON; an absolute URL is cut to its path."""
        if path.startswith("http"):
            parts = urllib.parse.urlsplit(path)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = dict(headers or {})
        if data is not None:
            body = json.dumps(data).encode()
            headers["Content-Type"] = "application/json"
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **options) -> Answer:
        return self.request("GET", path, **options)

    def ills(self) -> set[str]:
        """What the service says is wrong with it, but for checks that are late: this machine has much else to do."""
        answer = self.get("/health")
        assert answer.status in (200, 503), answer
        codes = {problem["code"] for problem in answer.json()["problems"]}
        assert (answer.status == 200) == (not codes), answer
        return codes - {"no_answer", "none_alive"}

    def register(self) -> "Client":
        """A new account; this client speaks for it from now on."""
        self.email = f"person{next(_numbers)}.{secrets.token_hex(4)}@example.com"
        data = {"email": self.email, "password": PASSWORD}

        def registered() -> Answer | None:
            # All tests come from one address, so its limit is met now and then; it says to wait.
            answer = self.request("POST", "/api/auth/register", data=data)
            return None if answer.status == 429 else answer

        answer = until("an account", registered, every=0.5)
        assert answer.status == 201, answer
        self.token = answer.json()["token"]
        return self

    def init(self, name: str, size: int, kind: str = "video/mp4", **extra) -> Answer:
        data = {"filename": name, "fileSize": size, "fileType": kind} | extra
        return self.request("POST", "/api/uploads/init", data=data)

    def begin(self, name: str, size: int, **extra) -> dict:
        answer = self.init(name, size, **extra)
        assert answer.status in (200, 201), answer
        return answer.json()

    def chunk(self, upload: str, number, content: bytes, total, number_first: bool = False) -> Answer:
        """One chunk; by default the bytes come before the number, as contract 1's JavaScript sends them."""
        place = [("chunkNumber", str(number)), ("totalChunks", str(total))]
        fields = place + [("chunk", content)] if number_first else [("chunk", content)] + place
        body, headers = form(fields)
        return self.request("POST", f"/api/uploads/{upload}/chunks", body=body, headers=headers)

    def send(self, path: pathlib.Path, **extra) -> str:
        """Uploads a whole file chunk by chunk; the upload's id."""
        content = path.read_bytes()
        upload = self.begin(path.name, len(content), **extra)
        pieces = split(content, upload["chunkSize"])
        for number, piece in enumerate(pieces):
            answer = self.chunk(upload["uploadId"], number, piece, len(pieces))
            assert answer.status == 200, answer
        return upload["uploadId"]

    def status(self, upload: str) -> dict:
        answer = self.get(f"/api/uploads/{upload}")
        assert answer.status == 200, answer
        return answer.json()

    def finish(self, upload: str, deadline: float = 400, expect: tuple = ("processed",)) -> dict:
        """Waits for an upload to end as expected, as contract 1's client does; its last status."""
        ended = until(f"the end of upload {upload}", lambda: self._ended(upload), deadline, every=0.2)
        assert ended["status"] in expect, ended
        return ended

    def _ended(self, upload: str) -> dict | None:
        status = self.status(upload)
        return status if status["status"] in ENDED else None

    def complete(self, upload: str, deadline: float = 400) -> str:
        """Waits until every rung is complete (progress 100), not only the top one; the asset's id."""
        status = self.finish(upload, deadline)
        asset = status["assetId"]
        until(f"every rung of {asset}", lambda: self.status(upload)["progress"] == 100, deadline, every=0.2)
        return asset

    def stream(self, asset: str) -> dict:
        answer = self.get(f"/media/{asset}/stream")
        assert answer.status == 200, answer
        return answer.json()


def split(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]
