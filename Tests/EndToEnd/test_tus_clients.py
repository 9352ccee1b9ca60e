"""Clients that nobody here wrote: tuspy, aiotus, curl, and the requests of tus-js-client in contract 3's example."""
import concurrent.futures
import io
import re
import subprocess
import uuid

import aiohttp
import aiotus
import aiotus.core
import aiotus.creation
import pytest
import yarl
from tusclient.client import TusClient
from tusclient.uploader import Uploader

from support import clips, tus
from support.client import Client
from support.loops import alone
from support.tus import BASE, REST, ask, offset, open_patch, patch
from support.wait import until


@pytest.fixture
def clip(small_clip, tmp_path):
    """A video of three megabytes, its last bytes random."""
    return clips.padded(small_clip, tmp_path / "padded.mp4", 3 * 1024 * 1024)


def bearer(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"}


def arrived(service, client: Client, path: str, clip) -> None:
    assert tus.original(service, client, path) == clip.read_bytes()


def path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


@pytest.mark.parametrize("checked", [False, True])
def test_tuspy_sends_a_file_in_pieces(service, client, clip, checked):
    tusd = TusClient(client.url + BASE, headers=bearer(client))
    uploader = tusd.uploader(str(clip), chunk_size=500_000, upload_checksum=checked,
                             metadata={"filename": "clip.mp4", "title": "Through tuspy"})
    uploader.upload()
    path = path_of(uploader.url)
    arrived(service, client, path, clip)
    ended = client.finish(tus.upload_id(path))
    assert client.get(f"/api/assets/{ended['assetId']}").json()["title"] == "Through tuspy"


def test_tuspy_goes_on_where_another_left_off(service, client, clip):
    tusd = TusClient(client.url + BASE, headers=bearer(client))
    first = tusd.uploader(str(clip), chunk_size=400_000)
    first.upload_chunk()
    first.upload_chunk()
    second = Uploader(file_path=str(clip), url=first.url, client=tusd, chunk_size=700_000)
    assert second.offset == 800_000
    second.upload()
    arrived(service, client, path_of(first.url), clip)


def test_tuspy_sends_checked_parts_in_parallel_that_become_one_file(service, client, clip):
    """It knows no concatenation: the header that makes an upload a part goes in by hand, and the last request."""
    content = clip.read_bytes()
    parts = TusClient(client.url + BASE, headers=bearer(client) | {"Upload-Concat": "partial"})

    def send(at: int) -> str:
        part = parts.uploader(file_stream=io.BytesIO(content[at:at + 1_200_000]), chunk_size=500_000,
                              upload_checksum=True)
        part.upload()
        return path_of(part.url)

    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        paths = list(threads.map(send, range(0, len(content), 1_200_000)))
    made = ask(client, "POST", Upload_Concat="final;" + " ".join(paths))
    assert made.status == 201, made
    arrived(service, client, made.headers["Location"], clip)


@pytest.fixture
def resolving(monkeypatch):
    """aiotus 1.1.0 takes a `Location` that is a path for a name below its endpoint; contract 3 has a path."""
    create = aiotus.creation.create

    async def resolved(session, url, *arguments, **named):
        return url.join(await create(session, url, *arguments, **named))

    monkeypatch.setattr(aiotus.creation, "create", resolved)


def test_aiotus_sends_a_file(service, client, clip, resolving):
    async def send():
        with clip.open("rb") as file:
            return await aiotus.upload(client.url + BASE, file, {"filename": b"clip.mp4"}, headers=bearer(client))

    url = alone(send)
    arrived(service, client, path_of(str(url)), clip)

    async def told():
        return await aiotus.metadata(url, headers=bearer(client))

    assert alone(told) == {"filename": b"clip.mp4"}


def test_aiotus_goes_on_where_it_was_broken_off(service, client, clip, resolving):
    content = clip.read_bytes()

    class Torn(io.BytesIO):
        def read(self, count=-1):
            if self.tell() >= 1_000_000:
                raise OSError("the card was pulled out")
            return super().read(count)

    async def send():
        async with aiohttp.ClientSession() as session:
            url = yarl.URL(client.url + BASE)
            url = await aiotus.creation.create(session, url, io.BytesIO(content), {}, headers=bearer(client))
            with pytest.raises(OSError, match="card"):
                await aiotus.core.upload_buffer(session, url, Torn(content), chunksize=500_000, headers=bearer(client))
            assert await aiotus.core.offset(session, url, headers=bearer(client)) == 1_000_000
            # It computes no checksums, and takes the header of one: the rest goes in one piece.
            checked = {"Upload-Checksum": tus.checksum("sha1", content[1_000_000:])}
            await aiotus.core.upload_buffer(
                session, url, io.BytesIO(content), chunksize=len(content), headers=bearer(client) | checked)
        return url

    arrived(service, client, path_of(str(alone(send))), clip)


def test_aiotus_sends_a_file_in_parallel_parts(service, client, clip, resolving):
    content = clip.read_bytes()
    parts = [io.BytesIO(content[at:at + 1_200_000]) for at in range(0, len(content), 1_200_000)]

    async def send():
        return await aiotus.upload_multiple(
            client.url + BASE, parts, {"filename": b"clip.mp4"}, headers=bearer(client), chunksize=500_000)

    url = alone(send)
    assert url is not None
    arrived(service, client, path_of(str(url)), clip)


def curl(client: Client, *arguments: str) -> str:
    return subprocess.run(
        ["curl", "-sS", "-i", "-H", f"Authorization: Bearer {client.token}", "-H", "Tus-Resumable: 1.0.0", *arguments],
        check=True, capture_output=True, text=True, timeout=120).stdout


def test_curl_sends_a_file_in_three_lines(service, client, clip):
    made = curl(client, "-X", "POST", client.url + BASE, "-H", f"Upload-Length: {clip.stat().st_size}")
    path = re.search(r"(?im)^location: (\S+)", made).group(1)
    done = curl(client, "-X", "PATCH", client.url + path, "-H", "Upload-Offset: 0",
                "-H", f"Content-Type: {tus.BYTES}", "--data-binary", f"@{clip}")
    assert "204 No Content" in done
    assert f"upload-offset: {clip.stat().st_size}" in done.lower()
    assert re.search(r"200 OK", curl(client, "-I", client.url + path))
    arrived(service, client, path, clip)


class Example:
    """Contract 3's React Native example: `init`, then tus-js-client with `upload_url` as its endpoint."""

    def __init__(self, client: Client, content: bytes):
        self.client, self.content, self.session = client, content, str(uuid.uuid4())
        answer = client.request("POST", f"{REST}/init", data={
            "session_id": self.session, "filename": "practice_video.mp4", "file_size": len(content),
            "duration_seconds": 4.016})
        assert answer.status in (200, 201), answer
        self.endpoint = answer.json()["upload_url"]

    def metadata(self) -> str:
        """An empty `filetype`, as browsers have it for files they do not know: its value is empty."""
        return tus.metadata(filename="practice_video.mp4", filetype="", session_id=self.session)

    def start(self) -> str:
        """tus-js-client always creates at its endpoint."""
        answer = ask(self.client, "POST", self.endpoint, Upload_Length=len(self.content),
                     Upload_Metadata=self.metadata())
        assert answer.status == 201, answer
        return answer.headers["Location"]


def test_the_example_of_contract_3_goes_on_through_pauses(service, client, clip):
    example = Example(client, clip.read_bytes())
    size, piece = len(example.content), 1024 * 1024
    # start(); abort(); start(): two POSTs, and two PATCHes at 0, of which the first loses its connection.
    path = example.start()
    assert path == example.endpoint
    cut = open_patch(client, path, 0, example.content[:300_000], piece)
    until("the first bytes", lambda: client.get(f"{REST}/{tus.upload_id(path)}/status").json()["offset"] == 300_000)
    cut.close()
    assert example.start() == path
    answer = patch(client, path, 0, example.content[:piece])
    # The library asks where it stands when it is told 409, and goes on from there.
    assert answer.status == 409
    assert offset(client, path) == 300_000
    reached = 300_000
    while reached < size:
        answer = patch(client, path, reached, example.content[reached:reached + piece])
        assert answer.status == 204
        reached = int(answer.headers["Upload-Offset"])
    # It looks once more at what it has finished, and would send all of it again after a 404.
    head = ask(client, "HEAD", path)
    assert (head.status, head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (200, str(size), str(size))
    assert head.headers["Upload-Metadata"] == example.metadata()
    # `uploadId` is undefined in the example: JSON leaves it out, and nothing depends on the answer.
    assert client.request("POST", f"{REST}/complete", data={}).status == 400
    arrived(service, client, path, clip)
    client.finish(tus.upload_id(path))
    assert example.start() == path
    assert offset(client, path) == size


def test_an_endpoint_that_names_an_upload_takes_its_first_bytes_with_the_post(service, client, clip):
    example = Example(client, clip.read_bytes())
    headers = {"Upload_Length": len(example.content), "Upload_Metadata": example.metadata()}
    answer = ask(client, "POST", example.endpoint, example.content[:1000], **headers)
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "1000")
    # Again: the bytes are here already, and the offset says so.
    answer = ask(client, "POST", example.endpoint, example.content[:1000], **headers)
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "1000")
    tus.problem(ask(client, "POST", example.endpoint, Upload_Length=len(example.content) + 1), 400)
    assert patch(client, example.endpoint, 1000, example.content[1000:]).status == 204
    arrived(service, client, example.endpoint, clip)
