"""Google's sign-in and YouTube's resumable uploads as they are documented, strict about every request, on loopback.

developers.google.com/youtube/v3/guides/using_resumable_upload_protocol. What breaks the protocol is kept in `wrongs`,
which a test looks at in the end. `faults` are used up one by one, by the requests that they are for.
"""
import hashlib
import http.server
import json
import re
import socket
import struct
import threading
import urllib.parse

CLIENT = {"client_id": "client.apps.example", "client_secret": "s3cret+/=&", "refresh_token": "1//refresh&token"}
# What is kept of a request that breaks off: whole pieces.
PIECE = 256 * 1024
BLOCK = 64 * 1024


def refusal(code: int, reason: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "errors": [
        {"message": message, "domain": "youtube.test", "reason": reason}]}}).encode()


class Session:
    def __init__(self, resource: dict, size: int):
        self.resource = resource
        self.size = size
        self.content = bytearray()
        self.video: dict | None = None
        # Where each request with bytes began.
        self.starts: list[int] = []


class Hold:
    """Takes some bytes of an upload and no more, until it is let go; then the connection ends without an answer."""

    def __init__(self, after: int):
        self.after = after
        self.reached = threading.Event()
        self.release = threading.Event()


class YouTube:
    """A channel. `faults`: (what, fault); what is `token`, `begin`, `ask`, `send`; a fault is a (status, body), a
    number of bytes after which the connection is reset, or a `Hold`."""

    def __init__(self):
        self.faults: list[tuple[str, object]] = []
        self.sessions: dict[str, Session] = {}
        self.tokens: list[str] = []
        self.wrongs: list[str] = []
        channel = self

        class Handler(Answering):
            youtube = channel

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        return {f"YOUTUBE_{name.upper()}": value for name, value in CLIENT.items()} | {
            "YOUTUBE_API_URL": self.url, "YOUTUBE_TOKEN_URL": self.url + "/token"}

    @property
    def videos(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.video]

    def titled(self, title: str) -> list[Session]:
        return [session for session in self.sessions.values() if session.resource["snippet"]["title"] == title]

    def fault(self, what: str):
        """The next fault, when it is for this request."""
        return self.faults.pop(0)[1] if self.faults and self.faults[0][0] == what else None

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    youtube: YouTube

    def log_message(self, *arguments):
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def wrong(self, what: str) -> None:
        self.youtube.wrongs.append(f"{self.command} {self.path}: {what}")
        self.close_connection = True
        self.reply(400, refusal(400, "badRequest", what))

    def reset(self) -> None:
        """As a line that breaks: what was under way is lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def hit(self, what: str) -> bool:
        """Whether a plain refusal was due, and given."""
        fault = self.youtube.fault(what)
        if fault is None:
            return False
        self.close_connection = True
        self.reply(*fault)
        return True

    def is_let_in(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.youtube.tokens:
            return True
        self.close_connection = True
        self.reply(401, refusal(401, "authError", "Invalid Credentials"))
        return False

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            return self.give_token(body)
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        wanted = {"uploadType": ["resumable"], "part": ["snippet,status"]}
        if parts.path != "/upload/youtube/v3/videos" or query != wanted:
            return self.wrong("not the address of a resumable upload")
        if self.hit("begin") or not self.is_let_in():
            return None
        if self.headers["Content-Type"] != "application/json; charset=UTF-8":
            return self.wrong("not JSON in UTF-8")
        if not re.fullmatch(r"video/.+|application/octet-stream", self.headers["X-Upload-Content-Type"]):
            return self.wrong("no type that YouTube takes")
        resource = json.loads(body)
        if set(resource) != {"snippet", "status"} or not 1 <= len(resource["snippet"]["title"]) <= 100:
            return self.wrong("not a video resource")
        name = f"session{len(self.youtube.sessions)}"
        self.youtube.sessions[name] = Session(resource, int(self.headers["X-Upload-Content-Length"]))
        return self.reply(200, Location=f"{self.youtube.url}/upload/youtube/v3/videos?upload_id={name}")

    def give_token(self, body: bytes) -> None:
        if self.headers["Content-Type"] != "application/x-www-form-urlencoded":
            return self.wrong("not a form")
        if self.hit("token"):
            return None
        if dict(urllib.parse.parse_qsl(body.decode())) != CLIENT | {"grant_type": "refresh_token"}:
            return self.wrong("not the grant")
        self.youtube.tokens.append(f"access{len(self.youtube.tokens)}")
        answer = {"access_token": self.youtube.tokens[-1], "expires_in": 3599, "token_type": "Bearer"}
        return self.reply(200, json.dumps(answer).encode())

    def do_PUT(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        session = self.youtube.sessions.get(query.get("upload_id", [""])[0])
        if session is None:
            return self.wrong("no such session")
        length = int(self.headers["Content-Length"])
        if self.headers["Content-Range"] == f"bytes */{session.size}" and length == 0:
            if self.hit("ask") or not self.is_let_in():
                return None
            return self.tell(session)
        return self.take(session, length)

    def take(self, session: Session, length: int) -> None:
        place = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", self.headers["Content-Range"])
        if not place:
            return self.wrong(f"Content-Range: {self.headers['Content-Range']}")
        first, last, size = map(int, place.groups())
        if first != len(session.content) or size != session.size or length != last - first + 1 or last >= size:
            return self.wrong(f"{place.group()} with {length} bytes, where {len(session.content)} are there")
        fault = self.youtube.fault("send")
        if isinstance(fault, tuple):
            self.close_connection = True
            return self.reply(*fault)
        if not self.is_let_in():
            return None
        session.starts.append(first)
        stop = min(length, fault if isinstance(fault, int) else fault.after if fault else length)
        taken = 0
        while taken < stop and (block := self.rfile.read(min(BLOCK, stop - taken))):
            session.content += block
            taken += len(block)
        if fault or taken < length:
            del session.content[len(session.content) // PIECE * PIECE:]
            if isinstance(fault, Hold):
                fault.reached.set()
                fault.release.wait(120)
            return self.reset()
        if last + 1 == size:
            name = hashlib.sha256(session.content).hexdigest()[:11]
            status = session.resource["status"] | {"uploadStatus": "uploaded"}
            session.video = session.resource | {"kind": "youtube#video", "id": name, "status": status}
        return self.tell(session)

    def tell(self, session: Session) -> None:
        if session.video:
            return self.reply(201, json.dumps(session.video).encode(), **{"Content-Type": "application/json"})
        have = {"Range": f"bytes=0-{len(session.content) - 1}"} if session.content else {}
        return self.reply(308, **have)
