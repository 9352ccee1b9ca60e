"""kill -9 of the service at random moments of tus uploads: nothing that was acknowledged is lost.

TELECINE_KILL_ROUNDS says how often (10 by default here); TELECINE_KILL_SEED repeats a run.
"""
import hashlib
import http.client
import os
import random
import threading
import time

from support import tus
from support.client import Client
from support.tus import ask, create, patch

ROUNDS = int(os.environ.get("TELECINE_KILL_ROUNDS", "10"))
SIZE = 6 * 1024 * 1024


class Upload:
    """One file on its way over many lives of the service, in the way of its kind: plain, checked or in parts."""

    def __init__(self, client: Client, kind: str, dice: random.Random):
        self.kind, self.dice = kind, dice
        self.content = dice.randbytes(SIZE)
        halves = [self.content[:SIZE // 2], self.content[SIZE // 2:]] if kind == "parts" else [self.content]
        extra = {"Upload_Concat": "partial"} if kind == "parts" else {}
        self.pieces = [(create(client, len(half), **extra), half) for half in halves]
        self.acknowledged = [0] * len(halves)
        self.path = self.pieces[0][0] if kind != "parts" else None

    def step(self, client: Client) -> bool:
        """The next request; false when there is none left."""
        for index, (path, content) in enumerate(self.pieces):
            if self.acknowledged[index] < len(content):
                self._send(client, index, path, content)
                return True
        if self.path:
            return False
        answer = ask(client, "POST", Upload_Concat="final;" + " ".join(path for path, _ in self.pieces))
        assert answer.status == 201, answer
        self.path = answer.headers["Location"]
        return True

    def _send(self, client: Client, index: int, path: str, content: bytes) -> None:
        head = ask(client, "HEAD", path)
        assert head.status == 200, head
        at = int(head.headers["Upload-Offset"])
        assert at >= self.acknowledged[index], f"{at} of {self.acknowledged[index]} acknowledged bytes are left"
        self.acknowledged[index] = at
        if at == len(content):
            return
        piece = content[at:at + self.dice.randrange(1, 1024 * 1024)]
        extra = {"Upload_Checksum": tus.checksum("sha1", piece)} if self.kind == "checked" else {}
        answer = patch(client, path, at, piece, **extra)
        assert answer.status == 204, answer
        self.acknowledged[index] = int(answer.headers["Upload-Offset"])


class Sender(threading.Thread):
    def __init__(self, client: Client, uploads: list[Upload], kind: str, dice: random.Random, most: int):
        super().__init__(daemon=True)
        self.client, self.uploads, self.kind, self.dice, self.most = client, uploads, kind, dice, most
        self.failure: BaseException | None = None

    def run(self):
        try:
            while True:
                if self.uploads and self.uploads[-1].step(self.client):
                    continue
                if len(self.uploads) >= self.most:
                    return
                self.uploads.append(Upload(self.client, self.kind, self.dice))
        except (OSError, http.client.HTTPException):
            return
        except AssertionError as failure:
            self.failure = failure


def test_no_acknowledged_byte_is_lost(start_service):
    seed = int(os.environ.get("TELECINE_KILL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"TELECINE_KILL_SEED={seed}")
    dice = random.Random(seed)
    service = start_service(WORKERS=0)
    client = Client(service.url).register()
    lanes: dict[str, list[Upload]] = {"plain": [], "checked": [], "parts": []}
    for life in range(ROUNDS + 1):
        if life:
            service.start()
        client.url = service.url
        senders = [Sender(client, uploads, kind, random.Random(dice.random()), ROUNDS // 3 + 1)
                   for kind, uploads in lanes.items()]
        for sender in senders:
            sender.start()
        if life < ROUNDS:
            # The moment is the experiment, so here a span of time is meant.
            time.sleep(dice.uniform(0, 0.25))
            service.kill()
        for sender in senders:
            sender.join(120)
            assert not sender.is_alive()
            assert sender.failure is None, sender.failure
    for upload in (upload for uploads in lanes.values() for upload in uploads):
        stored = tus.original(service, client, upload.path)
        assert hashlib.sha256(stored).digest() == hashlib.sha256(upload.content).digest()
    assert not list((service.data / "staging").glob("*.part"))
