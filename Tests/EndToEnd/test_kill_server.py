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


class Lane(threading.Thread):
    """Sends one file after the other, chunk by chunk, and never again what was acknowledged; ends with the service."""

    def __init__(self, client: Client, transfers: list[Transfer], content: bytes, most: int, order: random.Random):
        super().__init__(daemon=True)
        self.client, self.transfers, self.content, self.most, self.order = client, transfers, content, most, order
        self.refusals = []

    def run(self):
        try:
            while not self.refusals:
                if not self.transfers or self.transfers[-1].complete:
                    if len(self.transfers) >= self.most:
                        return
                    self.transfers.append(Transfer(self.client, self.content))
                self._send(self.transfers[-1])
        except (OSError, http.client.HTTPException):
            return

    def _send(self, transfer: Transfer) -> None:
        left = [number for number in range(len(transfer.pieces)) if number not in transfer.acknowledged]
        self.order.shuffle(left)
        for number in left:
            answer = self.client.chunk(
                transfer.upload, number, transfer.pieces[number], len(transfer.pieces), number_first=number % 3 == 0)
            if answer.status != 200:
                self.refusals.append(answer)
                return
            transfer.acknowledged.add(number)


def check_kept(client: Client, transfers: list[Transfer]) -> None:
    for transfer in transfers:
        status = client.status(transfer.upload)
        assert status["receivedChunks"] >= len(transfer.acknowledged), (status, len(transfer.acknowledged))


def one_life(service, client: Client, lanes: list[list[Transfer]], content: bytes, dice: random.Random, most: int,
             kill: bool) -> None:
    """The service runs until it is killed at a random moment (or, in its last life, until all is sent)."""
    client.url = service.url
    for transfers in lanes:
        check_kept(client, transfers)
    senders = [Lane(client, transfers, content, most, random.Random(dice.random())) for transfers in lanes]
    for sender in senders:
        sender.start()
    if kill:
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
    content = clips.padded(small_clip, tmp_path / "padded.mp4", 8 * 1024 * 1024).read_bytes()
    lanes: list[list[Transfer]] = [[], []]
    # New files begin as old ones end, so that kills meet every state: begun, half there, just complete, processing.
    for life in range(ROUNDS + 1):
        if life:
            service.start()
        one_life(service, client, lanes, content, dice, most=ROUNDS // 4 + 1, kill=life < ROUNDS)
    for transfer in lanes[0] + lanes[1]:
        assert transfer.complete
        asset = client.finish(transfer.upload)["assetId"]
        assert hashlib.sha256(service.original(asset).read_bytes()).digest() == \
            hashlib.sha256(transfer.content).digest()
