"""tus by plain sockets: cheap enough that the sender is not what is measured."""
import json
import socket

MIB = 1 << 20
BASE = "/api/v1/videos/tus"


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one response."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed before the answer")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed within the answer")
        body += piece
    return int(lines[0].split()[1]), headers, body


class Sender:
    """One connection of one user."""

    def __init__(self, port: int, token: str):
        self.port, self.token = port, token
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, headers: dict, content: memoryview | bytes = b"",
            expect: int = 204) -> tuple[dict[str, str], bytes]:
        lines = {"Host": f"localhost:{self.port}", "Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0",
                 "Content-Length": len(content)} | headers
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.connection.sendall(head.encode() + b"\r\n")
        if len(content):
            self.connection.sendall(content)
        status, found, body = read_answer(self.connection)
        if status != expect:
            raise RuntimeError(f"{method} {path}: {status} {body[:200]!r}")
        return found, body

    def ask_json(self, path: str, data: dict, expect: int) -> dict:
        headers = {"Content-Type": "application/json"}
        return json.loads(self.ask("POST", path, headers, json.dumps(data).encode(), expect)[1])

    def create(self, size: int, **headers) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", BASE, {"Upload-Length": size} | named, expect=201)[0]["location"]

    def patch(self, path: str, at: int, content: memoryview | bytes) -> None:
        self.ask("PATCH", path, {"Upload-Offset": at, "Content-Type": "application/offset+octet-stream"}, content)

    def send(self, size: int, piece: int, block: memoryview, **headers) -> str:
        """A whole upload in pieces of one length; `block` is as long as a piece, or is sent again and again."""
        path = self.create(size, **headers)
        for start in range(0, size, piece):
            length = min(piece, size - start)
            if length <= len(block):
                self.patch(path, start, block[:length])
            else:
                self.patch_long(path, start, length, block)
        return path

    def patch_long(self, path: str, at: int, length: int, block: memoryview) -> None:
        """One request that is longer than what is kept in memory for it."""
        head = (f"PATCH {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
                f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {at}\r\nContent-Type: application/offset+octet-stream\r\n"
                f"Content-Length: {length}\r\n\r\n")
        self.connection.sendall(head.encode())
        for start in range(0, length, len(block)):
            self.connection.sendall(block[: min(len(block), length - start)])
        status, _, _ = read_answer(self.connection)
        if status != 204:
            raise RuntimeError(f"PATCH {path}: {status}")
