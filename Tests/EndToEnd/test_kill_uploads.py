"""kill -9 of the service at random moments of uploads by every protocol at once: nothing acknowledged is lost.

TELECINE_KILL_ROUNDS says how often (10 by default; `make kill-rounds` takes 200); TELECINE_KILL_SEED repeats a run.
"""
import hashlib
import http.client
import os
import random
import threading
import time

import pytest

from support.client import Client
from support.doomed import CHUNK, PROTOCOLS, Doomed
from support.wait import until

ROUNDS = int(os.environ.get("TELECINE_KILL_ROUNDS", "10"))


class Lane(threading.Thread):
    """One file after the other by one protocol, until the service dies; in its last life only what is begun."""

    def __init__(self, protocol: type[Doomed], client: Client, uploads: list[Doomed], seed: float, goes_on: bool):
        super().__init__(daemon=True)
        self.protocol, self.client, self.uploads, self.goes_on = protocol, client, uploads, goes_on
        self.dice = random.Random(seed)
        self.failure: BaseException | None = None
        self.was_cut = False

    def run(self):
        try:
            for upload in self.uploads:
                upload.check(self.client)
            while True:
                if self.uploads and self.uploads[-1].step(self.client):
                    continue
                if not self.goes_on:
                    return
                self.uploads.append(self.protocol(self.client, self.dice))
        except (OSError, http.client.HTTPException):
            self.was_cut = True
        except AssertionError as failure:
            self.failure = failure


def settle(service, client: Client, uploads: list[Doomed]) -> int:
    """Compares the files that are whole with what was sent, and makes room; how many they were."""
    whole = uploads[:-1]
    for upload in whole:
        # A completion that the service died in is taken up by its next life, in its own time.
        asset = until("the asset", lambda u=upload: finished(client, u))
        stored = service.original(asset)
        assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(upload.content).digest()
        stored.unlink()
        upload.tidy(client)
    del uploads[:-1]
    return len(whole)


def finished(client: Client, upload: Doomed) -> str | None:
    try:
        return upload.asset(client)
    except (AssertionError, KeyError):
        return None


@pytest.mark.timeout(240 + 15 * ROUNDS)
def test_no_acknowledged_byte_is_lost(start_service):
    seed = int(os.environ.get("TELECINE_KILL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"TELECINE_KILL_SEED={seed}")
    dice = random.Random(seed)
    service = start_service(WORKERS=0, CHUNK_SIZE=CHUNK, LOG_LEVEL="warning")
    client = Client(service.url).register()
    uploads: dict[type[Doomed], list[Doomed]] = {protocol: [] for protocol in PROTOCOLS}
    files = cut = 0
    for life in range(ROUNDS + 1):
        if life:
            service.start()
        client.url = service.url
        files += sum(settle(service, client, mine) for mine in uploads.values())
        lanes = [Lane(protocol, client, mine, dice.random(), goes_on=life < ROUNDS)
                 for protocol, mine in uploads.items()]
        for lane in lanes:
            lane.start()
        if life < ROUNDS:
            # The moment is the experiment, so here a span of time is meant.
            time.sleep(dice.uniform(0, 0.4))
            service.kill()
        for lane in lanes:
            lane.join(120)
            assert not lane.is_alive()
            assert lane.failure is None, f"{lane.protocol.__name__}: {lane.failure}"
        cut += sum(lane.was_cut for lane in lanes)
    for mine in uploads.values():
        # The last ones are whole too: settled like the others.
        mine.append(mine[-1])
        files += settle(service, client, mine)
    print(f"{ROUNDS} deaths cut {cut} requests or their sequels; {files} files are identical, none lost a byte")
    assert cut >= ROUNDS
    assert not list((service.data / "staging").glob("*.part"))
