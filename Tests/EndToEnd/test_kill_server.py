"""kill -9 of the whole service at random moments of uploads: nothing that was acknowledged is lost.

TELECINE_KILL_ROUNDS says how often (25 by default); TELECINE_KILL_SEED repeats a run.
"""
import hashlib
import http.client
import os
import random
import threading
import time

from support import clips
from support.client import Client, split

ROUNDS = int(os.environ.get("TELECINE_KILL_ROUNDS", "25"))
CHUNK = 64 * 1024


class Sender(threading.Thread):
    """Sends the chunks of one upload that were never acknowledged, until the service goes away."""

    def __init__(self, client: Client, upload: str, pieces: list[bytes], acknowledged: set[int], order: random.Random):
        super().__init__(daemon=True)
        self.client, self.upload, self.pieces, self.acknowledged = client, upload, pieces, acknowledged
        self.order = order
        self.refusals = []

    def run(self):
        left = [number for number in range(len(self.pieces)) if number not in self.acknowledged]
        self.order.shuffle(left)
        for number in left:
            try:
                answer = self.client.chunk(
                    self.upload, number, self.pieces[number], len(self.pieces), number_first=number % 3 == 0)
            except (OSError, http.client.HTTPException):
                return
            if answer.status != 200:
                self.refusals.append(answer)
                return
            self.acknowledged.add(number)


class Transfer:
    """One file on its way over many lives of the service."""

    def __init__(self, client: Client, content: bytes):
        self.content = content
        self.pieces = split(content, CHUNK)
        self.upload = client.begin("padded.mp4", len(content))["uploadId"]
        self.acknowledged: set[int] = set()

    @property
    def complete(self) -> bool:
        return len(self.acknowledged) == len(self.pieces)


def one_life(service, client: Client, transfers: list[Transfer], dice: random.Random, last: bool) -> None:
    """The service runs until it is killed at a random moment (or, in its last life, until all is sent)."""
    client.url = service.url
    for transfer in transfers:
        status = client.status(transfer.upload)
        assert status["receivedChunks"] >= len(transfer.acknowledged), (status, len(transfer.acknowledged))
    senders = [Sender(client, transfer.upload, transfer.pieces, transfer.acknowledged, random.Random(dice.random()))
               for transfer in transfers if not transfer.complete]
    for sender in senders:
        sender.start()
    if not last:
        # The moment is the experiment, so here a span of time is meant: anything up to 0.25 s into the sending.
        time.sleep(dice.uniform(0, 0.25))
        service.kill()
    for sender in senders:
        sender.join(120)
        assert not sender.is_alive()
        assert not sender.refusals, sender.refusals


def test_no_acknowledged_chunk_is_lost(start_service, small_clip, tmp_path):
    seed = int(os.environ.get("TELECINE_KILL_SEED", random.SystemRandom().randrange(1 << 32)))
    dice = random.Random(seed)
    print(f"TELECINE_KILL_SEED={seed}")
    service = start_service(CHUNK_SIZE=CHUNK)
    client = Client(service.url).register()
    # Long enough that no transfer ends before the kills do.
    size = max(8, ROUNDS // 2) * 1024 * 1024
    transfers = [
        Transfer(client, clips.padded(small_clip, tmp_path / f"{name}.mp4", size).read_bytes()) for name in "ab"]
    for life in range(ROUNDS + 1):
        if life:
            service.start()
        one_life(service, client, transfers, dice, last=life == ROUNDS)
    for transfer in transfers:
        assert transfer.complete
        asset = client.finish(transfer.upload)["assetId"]
        assert hashlib.sha256(service.original(asset).read_bytes()).digest() == \
            hashlib.sha256(transfer.content).digest()
