"""What the tests of contract 2 share: the form, and what is asked of a medium."""
import pathlib
import secrets

from support.client import Answer, Client
from support.wait import until

BASE = "/api/media/"


def form(content: bytes, name: str, declared: str = "application/octet-stream",
         fields: dict[str, str] | None = None) -> tuple[bytes, dict[str, str]]:
    """The form of an upload: the file first, as FormData of the contract has it, then other fields."""
    boundary = "----TelecineTest" + secrets.token_hex(8)
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {declared}\r\n\r\n").encode()
    rest = "".join(f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}'
                   for key, value in (fields or {}).items())
    body = head + content + rest.encode() + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def send(client: Client, content: bytes, name: str, **options) -> Answer:
    body, headers = form(content, name, **options)
    return client.request("POST", BASE + "upload/", body=body, headers=headers)


def upload(client: Client, path: pathlib.Path, **options) -> dict:
    """Uploads a file; the contract's answer."""
    answer = send(client, path.read_bytes(), path.name, **options)
    assert answer.status == 201, answer
    return answer.json()


def detail(client: Client, medium: int) -> dict:
    answer = client.get(f"{BASE}{medium}/")
    assert answer.status == 200, answer
    return answer.json()


def finished(client: Client, medium: int, deadline: float = 400) -> dict:
    """The medium once it is ready or has failed."""
    def ended() -> dict | None:
        now = detail(client, medium)
        return now if now["status"] in ("ready", "failed") else None

    return until(f"the end of medium {medium}", ended, deadline, every=0.2)


def ready(client: Client, medium: int, deadline: float = 400) -> dict:
    now = finished(client, medium, deadline)
    assert now["status"] == "ready", now
    return now
