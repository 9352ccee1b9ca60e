"""Uploads that outlive the service's deaths, one class a protocol: what was acknowledged is remembered and held to."""
import abc
import random
import uuid

from support import resumable, tus
from support.client import Client, split
from support.tus import REST, ask, create, patch

SIZE = 3 * 1024 * 1024
CHUNK = 64 * 1024
LONGEST_PIECE = 512 * 1024


class Doomed(abc.ABC):
    """One file on its way over many lives of the service.

    A protocol is one subclass: `__init__` begins the upload (a request that dies with the service begins none), `step`
    makes the next request, `check` asks what is there. All raise OSError or HTTPException when the service is gone, and
    AssertionError when it broke its word. Add it to `PROTOCOLS`.
    """

    def __init__(self, dice: random.Random):
        self.dice = dice
        self.content = dice.randbytes(SIZE)

    @abc.abstractmethod
    def step(self, client: Client) -> bool:
        """The next request; false when there is none left."""

    @abc.abstractmethod
    def check(self, client: Client) -> None:
        """Asserts that all is there that was acknowledged."""

    @abc.abstractmethod
    def asset(self, client: Client) -> str:
        """What the finished upload has become."""

    def tidy(self, client: Client) -> None:
        """Removes what stays beside a finished upload."""


class Piecewise:
    """One tus resource and its bytes: asks for the offset, sends a piece, remembers what was acknowledged."""

    def __init__(self, path: str, content: bytes):
        self.path, self.content, self.acknowledged = path, content, 0

    @property
    def is_whole(self) -> bool:
        return self.acknowledged == len(self.content)

    def check(self, client: Client) -> None:
        answer = ask(client, "HEAD", self.path)
        assert answer.status == 200, answer
        at = int(answer.headers["Upload-Offset"])
        assert at >= self.acknowledged, f"{at} of {self.acknowledged} acknowledged bytes are left"
        # To tell an offset is to acknowledge what is before it.
        self.acknowledged = at

    def send(self, client: Client, dice: random.Random, checked: bool = False) -> None:
        self.check(client)
        if self.is_whole:
            return
        at = self.acknowledged
        piece = self.content[at:at + dice.randrange(1, LONGEST_PIECE)]
        extra = {"Upload_Checksum": tus.checksum("sha1", piece)} if checked else {}
        answer = patch(client, self.path, at, piece, **extra)
        assert answer.status == 204, answer
        self.acknowledged = int(answer.headers["Upload-Offset"])


class Tus(Doomed):
    """PATCHes of any length."""
    checked = False

    def __init__(self, client: Client, dice: random.Random):
        super().__init__(dice)
        self.file = Piecewise(self.begin(client), self.content)

    def begin(self, client: Client) -> str:
        return create(client, SIZE)

    def step(self, client: Client) -> bool:
        if self.file.is_whole:
            return False
        self.file.send(client, self.dice, self.checked)
        return True

    def check(self, client: Client) -> None:
        self.file.check(client)

    def asset(self, client: Client) -> str:
        return tus.completion(client, self.file.path)["asset_id"]


class CheckedTus(Tus):
    """Every piece with a checksum: counts whole or not at all."""
    checked = True


class Rest(Tus):
    """Contract 3: announced and followed by REST, its bytes by tus."""

    def begin(self, client: Client) -> str:
        data = {"session_id": str(uuid.UUID(int=self.dice.getrandbits(128))), "filename": "a.mp4", "file_size": SIZE}
        answer = client.request("POST", f"{REST}/init", data=data)
        assert answer.status == 201, answer
        return answer.json()["upload_url"]

    def check(self, client: Client) -> None:
        super().check(client)
        answer = client.get(f"{REST}/{tus.upload_id(self.file.path)}/status")
        assert answer.status == 200, answer
        assert answer.json()["offset"] >= self.file.acknowledged


class Parts(Doomed):
    """Two partial uploads and a final one, announced before or after its parts have come."""

    def __init__(self, client: Client, dice: random.Random):
        super().__init__(dice)
        self.final = None
        self.announces_early = dice.random() < 0.5
        middle = dice.randrange(1, SIZE)
        self.files = [Piecewise(create(client, len(part), Upload_Concat="partial"), part)
                      for part in (self.content[:middle], self.content[middle:])]

    def step(self, client: Client) -> bool:
        left = [file for file in self.files if not file.is_whole]
        if self.final is None and (self.announces_early or not left):
            answer = ask(client, "POST", Upload_Concat="final;" + " ".join(file.path for file in self.files))
            assert answer.status == 201, answer
            self.final = answer.headers["Location"]
            return True
        if left:
            self.dice.choice(left).send(client, self.dice)
        return bool(left)

    def check(self, client: Client) -> None:
        for file in self.files:
            file.check(client)

    def asset(self, client: Client) -> str:
        return tus.completion(client, self.final)["asset_id"]

    def tidy(self, client: Client) -> None:
        for file in self.files:
            assert ask(client, "DELETE", file.path).status == 204


class Chunks(Doomed):
    """Contract 1: numbered chunks in any order, the number before or after the bytes, none sent twice."""

    def __init__(self, client: Client, dice: random.Random):
        super().__init__(dice)
        begun = client.begin("a.mp4", SIZE)
        self.upload, self.pieces = begun["uploadId"], split(self.content, begun["chunkSize"])
        self.left = list(range(len(self.pieces)))
        dice.shuffle(self.left)

    def step(self, client: Client) -> bool:
        if not self.left:
            return False
        number = self.left[-1]
        answer = client.chunk(self.upload, number, self.pieces[number], len(self.pieces),
                              number_first=self.dice.random() < 0.5)
        assert answer.status == 200, answer
        self.left.pop()
        return True

    def check(self, client: Client) -> None:
        missing = client.status(self.upload).get("missingChunks") or []
        lost = set(missing) - set(self.left)
        assert not lost, f"chunks {sorted(lost)} were acknowledged and are asked for again"

    def asset(self, client: Client) -> str:
        return client.status(self.upload)["assetId"]


class Ietf(Doomed):
    """One version of the drafts: pieces of any length, the last of which says that it is; a 104 acknowledges too."""

    def __init__(self, client: Client, dice: random.Random):
        super().__init__(dice)
        self.version = dice.choice(resumable.VERSIONS)
        self.path, self.acknowledged, self.is_ended = self.draft(client).created(SIZE), 0, False

    def draft(self, client: Client) -> resumable.Draft:
        return resumable.Draft(client, self.version)

    def step(self, client: Client) -> bool:
        self.check(client)
        if self.is_ended:
            return False
        at = self.acknowledged
        piece = self.content[at:at + self.dice.randrange(1, LONGEST_PIECE)]
        is_last = at + len(piece) == SIZE
        wire = self.draft(client).open("PATCH", self.path, len(piece), piece, complete=is_last, offset=at)
        try:
            reply = wire.final()
        finally:
            told = [int(interim.headers.get("upload-offset", 0)) for interim in wire.interims]
            self.acknowledged = max([at, *told])
            wire.drop()
        assert reply.status < 300, reply
        self.acknowledged, self.is_ended = at + len(piece), is_last
        return True

    def check(self, client: Client) -> None:
        reply = self.draft(client).head(self.path)
        assert reply.status == 204, reply
        at = int(reply.headers["upload-offset"])
        assert at >= self.acknowledged, f"{at} of {self.acknowledged} acknowledged bytes are left"
        assert self.draft(client).complete(reply) or not self.is_ended, "it was acknowledged as complete"
        # To tell an offset is to acknowledge what is before it.
        self.acknowledged, self.is_ended = at, bool(self.draft(client).complete(reply))

    def asset(self, client: Client) -> str:
        return client.status(resumable.upload_id(self.path))["assetId"]


PROTOCOLS = [Tus, CheckedTus, Rest, Parts, Chunks, Ietf]
