"""A recording of parts that were put one after another, as recorders do, whose clock begins anew in its middle."""
import subprocess

import pytest

from support import clips, storage

PARTS = (("red", 6), ("blue", 4))


@pytest.fixture
def joined(tmp_path):
    whole = tmp_path / "joined.ts"
    with whole.open("wb") as file:
        for color, seconds in PARTS:
            part = tmp_path / f"{color}.ts"
            clips.run_ffmpeg("-f", "lavfi", "-i", f"color={color}:size=320x180:rate=25:duration={seconds}", "-f",
                             "lavfi", "-i", f"sine=duration={seconds}", "-c:v", "libx264", "-preset", "ultrafast",
                             "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", part)
            file.write(part.read_bytes())
    return whole


def color(source: str, second: float) -> tuple[int, int, int]:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", source, "-ss", str(second), "-frames:v", "1", "-vf",
               "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    return tuple(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)


def test_all_of_it_plays_and_every_part_can_be_found(service, client, joined):
    assert clips.duration(joined) < 7, "its last part's clock is all that a player sees of it"
    asset = client.complete(client.send(joined, kind="video/mp2t"))
    master = client.stream(asset)["masterUrl"]
    assert clips.duration(master) == pytest.approx(10, abs=0.1)
    assert clips.count_frames(master) == 250
    for second, name in ((1, "red"), (5.5, "red"), (6.5, "blue"), (9, "blue")):
        red, _, blue = color(master, second)
        assert (red > 150 > 100 > blue) if name == "red" else (blue > 150 > 100 > red), (second, red, blue)
    storage.nothing_lost(service)
    assert client.request("DELETE", f"/api/assets/{asset}?permanent=true").status == 204
    storage.nothing_lost(service)
