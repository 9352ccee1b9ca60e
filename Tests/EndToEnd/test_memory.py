"""Memory stays bounded, however large the upload."""
import pathlib
import re

from support.client import Client, form

SIZE = 1 << 30
CHUNK = 64 << 20
# Beside the program itself, whose own pages depend on how it was built.
BOUND = 32 << 20


def peak(pid: int) -> int:
    """Bytes of the process's largest resident size so far (Linux)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def test_a_gigabyte_passes_through_a_few_megabytes(start_service):
    service = start_service(WORKERS="0", CHUNK_SIZE=str(CHUNK))
    client = Client(service.url).register()
    before = peak(service.process.pid)
    upload = client.begin("large.mp4", SIZE)
    content = bytes(CHUNK)
    for number in range(SIZE // CHUNK):
        body, headers = form([("chunkNumber", str(number)), ("chunk", content)])
        answer = client.request("POST", f"/api/uploads/{upload['uploadId']}/chunks", body=body, headers=headers)
        assert answer.status == 200, answer
    assert client.status(upload["uploadId"])["receivedChunks"] == SIZE // CHUNK
    assert peak(service.process.pid) - before <= BOUND
