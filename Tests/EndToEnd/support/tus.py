"""A plain tus client that says exactly what a test wants said, and can stop in the middle of it."""
import base64
import hashlib
import json
import socket
import urllib.parse

from support.client import Answer, Client
from support.wait import unlocked

BASE = "/api/v1/videos/tus"
REST = "/api/v1/videos/upload"
BYTES = "application/offset+octet-stream"


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def checksum(algorithm: str, content: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def ask(client: Client, method: str, path: str = BASE, body: bytes | None = None, **headers) -> Answer:
    """One request with `Tus-Resumable`; `Upload_Offset=5` becomes the header `Upload-Offset: 5`, None leaves it out.

    Asked again after 423.
    """
    named = {"Tus_Resumable": "1.0.0"} | headers
    if body is not None and "Content_Type" not in named:
        named["Content_Type"] = BYTES
    sent = {name.replace("_", "-"): str(value) for name, value in named.items() if value is not None}
    return unlocked(lambda: client.request(method, path, body=body, headers=sent))


def create(client: Client, size: int | None, **headers) -> str:
    """A new upload's address."""
    length = {"Upload_Defer_Length": 1} if size is None else {"Upload_Length": size}
    answer = ask(client, "POST", BASE, **(length | headers))
    assert answer.status == 201, answer
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.headers["Location"]


def patch(client: Client, path: str, offset: int, content: bytes, **headers) -> Answer:
    return ask(client, "PATCH", path, content, Upload_Offset=offset, **headers)


def offset(client: Client, path: str) -> int:
    answer = ask(client, "HEAD", path)
    assert answer.status == 200, answer
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def upload_id(path: str) -> str:
    return path.rsplit("/", 1)[1]


def completion(client: Client, path: str) -> dict:
    """What contract 3's `/complete` answers."""
    answer = client.request("POST", f"{REST}/complete", data={"upload_id": upload_id(path)})
    assert answer.status == 200, answer
    return answer.json()


def original(service, client: Client, path: str) -> bytes:
    """The bytes that a complete upload has become."""
    return service.original(completion(client, path)["asset_id"]).read_bytes()


def open_patch(client: Client, path: str, at: int, content: bytes, declared: int, **headers) -> socket.socket:
    """A PATCH that declares more than it sends, on a socket that the caller ends as rudely as it likes."""
    parts = urllib.parse.urlsplit(client.url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=120)
    lines = {
        "Host": parts.netloc, "Authorization": f"Bearer {client.token}", "Tus-Resumable": "1.0.0",
        "Content-Type": BYTES, "Content-Length": declared, "Upload-Offset": at,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"PATCH {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    connection.sendall(head.encode() + b"\r\n" + content)
    return connection


def problem(answer: Answer, status: int) -> dict:
    """A refusal in the contract's way: RFC 9457 with `error`."""
    assert answer.status == status, answer
    found = json.loads(answer.body)
    assert found["status"] == status
    assert found["error"] == found["detail"] and found["error"]
    return found
