"""Lists and searches: what a library of a million assets of one owner costs, to one of a thousand."""
import http.client
import json
import pathlib
import random
import shutil
import sqlite3
import statistics
import time
import urllib.parse

from pairs import Line, Run, interleaved, line
from processes import cpu_seconds, telecine

BAR = 3.0
LARGE, SMALL = 1_000_000, 1_000
ROUNDS = 25
WORDS = ("harbour", "mountain", "interview", "concert", "lecture", "drone", "market", "winter", "train", "garden",
         "river", "night", "report", "training", "holiday", "wedding", "festival", "library", "bridge", "island")
TAGS = ("red", "archive", "final", "draft", "2024", "press")

LISTS = ("page=1", "page=3&limit=100", "status=ready", "status=failed", "type=audio", "type=video&status=ready",
         "tag=archive", "tag=press&status=failed", "sort=title", "sort=-title&status=ready",
         "sort=-updatedAt&status=failed", "sort=-updatedAt&type=audio", "cursor={middle}", "cursor={middle}&limit=100")
SEARCHES = ("film", "harbour", "f", "har", "harbour winter", "film 000777", "zebra", "fes", "holida", "training final",
            "harbour&tag=archive", "winter&status=failed", "concert&type=audio", "night&sort=title")


def title(number: int, chance: random.Random) -> str:
    return f"Film {number:06d} {chance.choice(WORDS)} {chance.choice(WORDS)}"


def rows(count: int, owner: int):
    """An asset, its version, its tags and its words, the same for the same number; ids as the service makes them."""
    chance = random.Random(1)
    for number in range(1, count + 1):
        asset = (1_700_000_000_000 + number * 1000) << 12 | chance.randrange(4096)
        name = title(number, chance)
        tags = [tag for tag in TAGS if chance.random() < 0.1]
        status = "failed" if chance.random() < 0.001 else "ready"
        kind = "audio" if chance.random() < 0.05 else "video"
        description = " ".join(chance.choices(WORDS, k=12))
        yield asset, owner, name, tags, status, kind, description


def fill(database: pathlib.Path, count: int) -> None:
    """Writes the assets as the service would, triggers included; plain texts are their own words."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous = OFF")
    [owner] = connection.execute("SELECT max(id) FROM users").fetchone()
    now = int(time.time() * 1_000_000)
    for asset, user, name, tags, status, kind, description in rows(count, owner):
        connection.execute(
            "INSERT INTO assets (id, user_id, kind, title, description, file_name, file_type, metadata, version,"
            " created_at, updated_at, state, indexed, title_key)"
            " VALUES (?, ?, ?, ?, ?, 'clip.mp4', 'video/mp4', '{}', 1, ?, ?, ?, 1, ?)",
            (asset, user, kind, name, description, now, now - asset % 1_000_003, status, name.lower()))
        connection.execute(
            "INSERT INTO versions (asset_id, number, status, progress, size, created_at, was_live)"
            " VALUES (?, 1, ?, 100, 1000, ?, 1)", (asset, status, now))
        connection.executemany("INSERT INTO asset_tags (asset_id, tag, label, user_id) VALUES (?, ?, ?, ?)",
                               [(asset, tag, tag, user) for tag in tags])
        connection.execute("INSERT INTO asset_search (rowid, words) VALUES (?, ?)",
                           (asset, words(user, name.lower(), tags, description)))
    connection.commit()
    connection.close()


def words(owner: int, name: str, tags: list[str], description: str) -> str:
    """The words with their marks, as Sources/Service/Catalog/SearchIndex.swift writes them."""
    anywhere, in_title, in_tags, in_name, facet, gap = (chr(0xE000 + mark) for mark in range(6))
    texts = [name.split(), tags, ["clip", "mp4"], description.split()]
    found = [f"{facet}U{owner}", *(facet + "T" + tag.encode().hex().upper() for tag in tags)]
    for text in texts:
        found += [gap, *(anywhere + word for word in text)]
    for mark, text in zip((in_title, in_tags, in_name), texts):
        found += [gap, *(mark + word for word in text)]
    return " ".join(found)


class Shelf:
    """A service whose one owner has so many assets."""

    def __init__(self, folder: pathlib.Path, count: int):
        from support.client import PASSWORD, Client
        service = telecine(folder, WORKERS=0)
        email = Client(service.url).register().email
        service.stop()
        began = time.perf_counter()
        database = service.data / "telecine.sqlite"
        fill(database, count)
        print(f"    {count} assets written in {time.perf_counter() - began:.0f} s, "
              f"{database.stat().st_size / count:.0f} bytes each", flush=True)
        self.service = service.start()
        client = Client(self.service.url)
        signed_in = client.request("POST", "/api/auth/login", data={"email": email, "password": PASSWORD})
        self.token = signed_in.json()["token"]
        self.connection = http.client.HTTPConnection("localhost", self.service.port, timeout=60)
        middle = self.get(f"/api/assets?page={count // 200}&limit=100")
        self.middle = middle["pagination"]["next"]

    def get(self, path: str) -> dict:
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:200])
        return json.loads(body)

    def run(self, paths: list[str]) -> Run:
        """The time that ninety-nine of a hundred requests do not exceed, in seconds."""
        times: dict[str, list[float]] = {path: [] for path in paths}
        # The other's turn was long: this one's connection was closed meanwhile.
        self.connection.close()
        cpu = cpu_seconds(self.service.process.pid)
        for _ in range(ROUNDS):
            for path in paths:
                began = time.perf_counter()
                self.get(path.replace("{middle}", urllib.parse.quote(self.middle)))
                times[path].append(time.perf_counter() - began)
        slowest = sorted(times, key=lambda path: -statistics.median(times[path]))[:3]
        print("      " + ", ".join(f"{path.split('?')[1]} {statistics.median(times[path]) * 1000:.1f} ms"
                                   for path in slowest), flush=True)
        every = sorted(sum(times.values(), []))
        spent = cpu_seconds(self.service.process.pid) - cpu
        return Run(every[int(len(every) * 0.99)], spent, amount=len(every))


def run(folder: pathlib.Path, count: int) -> list[Line]:
    large, small = Shelf(folder / "large", LARGE), Shelf(folder / "small", SMALL)
    lines = []
    try:
        lists = [f"/api/assets?{question}" for question in LISTS]
        searches = [f"/api/assets?search={question.replace(' ', '%20')}" for question in SEARCHES]
        for what, paths in (("list page", lists), ("search", searches)):
            pairs = interleaved(count, lambda paths=paths: large.run(paths), lambda paths=paths: small.run(paths))
            lines.append(line(f"{what}, p99, 1,000,000 assets of one owner against 1,000", pairs, lambda run: run.wall,
                              lambda wall: f"{wall * 1000:.1f} ms", f"≤ {BAR:.0f}", lambda ratio: ratio <= BAR))
    finally:
        large.service.stop()
        small.service.stop()
        shutil.rmtree(folder / "large")
        shutil.rmtree(folder / "small")
    return lines
