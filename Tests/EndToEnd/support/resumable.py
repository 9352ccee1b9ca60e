"""What a client of the IETF's resumable uploads says, in each iteration of the drafts."""
from support.client import Client
from support.wait import unlocked, until
from support.wire import Reply, Wire, once

BASE = "/api/v1/videos/resumable"
PROBLEMS = "https://iana.org/assignments/http-problem-types#"
VERSIONS = [3, 4, 5, 6, 7, 8, 9, 10, None]


class Draft:
    """A client that speaks one version; None is the form without a version."""

    def __init__(self, client: Client, version: int | None = None):
        self.client, self.version = client, version

    def said(self, complete: bool | None = None, offset: int | None = None, **more) -> dict:
        headers = {}
        if self.version is not None:
            headers["Upload-Draft-Interop-Version"] = self.version
        if complete is not None and self.version == 3:
            headers["Upload-Incomplete"] = "?0" if complete else "?1"
        elif complete is not None:
            headers["Upload-Complete"] = "?1" if complete else "?0"
        if offset is not None:
            headers["Upload-Offset"] = offset
            if (self.version or 10) >= 6:
                headers["Content-Type"] = "application/partial-upload"
        return headers | {name.replace("_", "-"): value for name, value in more.items()}

    def complete(self, reply: Reply) -> bool | None:
        """What a response says of completeness, in this version's words; never in another's."""
        other = "upload-complete" if self.version == 3 else "upload-incomplete"
        assert other not in reply.headers, reply
        if self.version == 3:
            return {"?0": True, "?1": False, None: None}[reply.headers.get("upload-incomplete")]
        return {"?1": True, "?0": False, None: None}[reply.headers.get("upload-complete")]

    def create(self, content: bytes = b"", complete: bool = False, path: str = BASE, **more) -> Reply:
        return once(self.client, "POST", path, self.said(complete, **more), content)

    def created(self, size: int | None = None) -> str:
        """Careful creation; the upload's address."""
        reply = self.create(**({} if size is None else {"Upload_Length": size}))
        assert reply.status == 201, reply
        assert self.complete(reply) is False
        assert "max-size=" in reply.headers["upload-limit"]
        return reply.headers["location"]

    def patch(self, path: str, offset: int, content: bytes = b"", complete: bool = False, **more) -> Reply:
        """Asked again after 423."""
        said = self.said(complete, offset, **more)
        return unlocked(lambda: once(self.client, "PATCH", path, said, content))

    def head(self, path: str, method: str = "HEAD") -> Reply:
        return once(self.client, method, path, self.said())

    def offset(self, path: str) -> int:
        reply = self.head(path)
        assert reply.status == 204, reply
        assert reply.headers["cache-control"] == "no-store"
        return int(reply.headers["upload-offset"])

    def open(self, method: str, path: str, declared: int | None, sent: bytes, complete: bool = True,
             offset: int | None = None, **more) -> Wire:
        """A request that declares more than it sends; None for a chunked one without an end."""
        headers = self.said(complete, offset, **more)
        if declared is None:
            wire = Wire(self.client, method, path, headers | {"Transfer-Encoding": "chunked"})
            return wire.chunk(sent)
        return Wire(self.client, method, path, headers | {"Content-Length": declared}).send(sent)


def upload_id(path: str) -> str:
    return path.rsplit("/", 1)[1]


def staged(service, path: str) -> int:
    """Bytes that are on the server's disk; asks nothing of the server."""
    file = service.data / "staging" / f"{upload_id(path)}.data"
    return file.stat().st_size if file.exists() else 0


def arrived(service, path: str, count: int) -> None:
    until(f"{count} bytes staged", lambda: staged(service, path) >= count)


def stored(service, reply: Reply) -> bytes:
    """What the upload became that this answer ended."""
    assert reply.status == 201, reply
    assert reply.json()["completed"] is True
    return service.original(reply.json()["asset_id"]).read_bytes()


def problem(reply: Reply, kind: str, status: int = 400) -> dict:
    assert reply.status == status, reply
    assert reply.headers["content-type"] == "application/problem+json"
    found = reply.json()
    assert found["type"] == PROBLEMS + kind, found
    assert found["error"] == found["detail"] and found["status"] == status
    return found
