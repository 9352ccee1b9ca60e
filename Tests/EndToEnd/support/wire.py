"""One HTTP/1.1 exchange on a socket of its own: interim responses, trailers, half of a body, rude ends."""
import json
import socket
import struct
import urllib.parse

from support.client import Client


class Reply:
    """A response as it stood on the wire; header names in lower case."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes = b""):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:400]!r}"


class Wire:
    """A request whose head is sent at once; body and end are the caller's to choose."""

    def __init__(self, client: Client, method: str, path: str, headers: dict | None = None, timeout: float = 120):
        parts = urllib.parse.urlsplit(client.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout)
        lines = {"Host": parts.netloc, "Authorization": f"Bearer {client.token}"} | (headers or {})
        target = urllib.parse.urlsplit(path)
        path = target.path + (f"?{target.query}" if target.query else "")
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
        self.method = method
        self.interims: list[Reply] = []
        self._unread = b""
        self.socket.sendall(head.encode() + b"\r\n")

    def send(self, content: bytes) -> "Wire":
        self.socket.sendall(content)
        return self

    def chunk(self, content: bytes) -> "Wire":
        """A piece of a chunked body; empty for its last, which `trailer` ends."""
        return self.send(f"{len(content):x}\r\n".encode() + content + (b"\r\n" if content else b""))

    def trailer(self, **fields: str) -> "Wire":
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        return self.send(lines.encode() + b"\r\n")

    def next(self) -> Reply:
        """The next response, interim or final."""
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, self._unread = self._unread.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        reply = Reply(int(first.split(" ")[1]), headers)
        if reply.status < 200:
            self.interims.append(reply)
        elif self.method != "HEAD" and reply.status != 204:
            length = int(headers.get("content-length", 0))
            while len(self._unread) < length:
                self._more()
            reply.body, self._unread = self._unread[:length], self._unread[length:]
        return reply

    def _more(self) -> None:
        block = self.socket.recv(65536)
        if not block:
            raise ConnectionError(f"the connection ended after {self._unread!r}")
        self._unread += block

    def final(self) -> Reply:
        while True:
            reply = self.next()
            if reply.status >= 200:
                return reply

    def drop(self, reset: bool = False) -> None:
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def attempt(wire: Wire) -> Reply | None:
    """The final response, or None when it does not come within the socket's timeout."""
    try:
        return wire.final()
    except TimeoutError:
        return None


def once(client: Client, method: str, path: str, headers: dict | None = None, body: bytes | None = None) -> Reply:
    """A whole request and its final response."""
    headers = dict(headers or {})
    if body is not None and "Transfer-Encoding" not in headers:
        headers["Content-Length"] = len(body)
    wire = Wire(client, method, path, headers)
    if body:
        wire.send(body)
    reply = wire.final()
    reply.interims = wire.interims
    wire.drop()
    return reply
