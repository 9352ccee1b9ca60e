"""Files that lie: each maker returns the bytes of one, and says in its name or its line what it lies about."""
import pathlib
import struct
from collections.abc import Callable

from support import boxes, clips

GREATEST = 0xFFFF_FFFF
CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "dinf", "edts", "udta"}


def box(kind: str, *content: bytes) -> bytes:
    payload = b"".join(content)
    return struct.pack(">I4s", 8 + len(payload), kind.encode("latin-1")) + payload


def full(kind: str, *content: bytes, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *content)


class Movie:
    """A small real MP4, index last, whose boxes are replaced by lies."""

    def __init__(self, folder: pathlib.Path):
        path = clips.make(folder / "honest.mp4", 2, size="320x180", rate="10")
        self.data = path.read_bytes()

    def lying(self, **lies: Callable[[bytes], bytes]) -> bytes:
        """The file with the payload of every box of a kind passed through its lie; sizes follow."""
        return self._rebuilt(0, len(self.data), lies)

    def _rebuilt(self, start: int, end: int, lies: dict) -> bytes:
        result = b""
        for kind, inside, stop in boxes.children(self.data, start, end):
            payload = self._rebuilt(inside, stop, lies) if kind in CONTAINERS else self.data[inside:stop]
            result += box(kind, lies[kind](payload) if kind in lies else payload)
        return result

    @property
    def head(self) -> bytes:
        """Everything before the index: `ftyp` and the media."""
        return self.data[: self.data.rindex(b"moov") - 4]

    def part(self, path: str) -> bytes:
        start, end = next(boxes.find(self.data, path))
        return self.data[start:end]


def number(offset: int, value: int, width: int = 4) -> Callable[[bytes], bytes]:
    """A lie that puts a number into a payload."""
    return lambda payload: payload[:offset] + value.to_bytes(width, "big") + payload[offset + width :]


class Bits:
    """Writes an H.264 parameter set (ITU-T H.264 section 7.3.2)."""

    def __init__(self):
        self.text = ""

    def fixed(self, value: int, width: int) -> "Bits":
        self.text += format(value, f"0{width}b")
        return self

    def golomb(self, *values: int) -> "Bits":
        for value in values:
            digits = format(value + 1, "b")
            self.text += "0" * (len(digits) - 1) + digits
        return self

    def unit(self, header: int) -> bytes:
        """With its stop bit, start code and emulation prevention."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        payload = int(text, 2).to_bytes(len(text) // 8, "big")
        safe, zeros = bytearray([header]), 0
        for byte in payload:
            if zeros == 2 and byte <= 3:
                safe.append(3)
                zeros = 0
            safe.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\0\0\0\1" + bytes(safe)


def huge_h264(side: int = 65_536) -> bytes:
    """A stream whose pictures are 65536 × 65536, and one slice of it."""
    blocks = side // 16 - 1
    sps = Bits().fixed(66, 8).fixed(0, 8).fixed(62, 8).golomb(0, 0, 2, 1).fixed(0, 1).golomb(blocks, blocks)
    sps.fixed(1, 1).fixed(1, 1).fixed(0, 1).fixed(0, 1)
    pps = Bits().golomb(0, 0).fixed(0, 2).golomb(0, 0, 0).fixed(0, 3).golomb(0, 0, 0).fixed(0, 3)
    piece = Bits().golomb(0, 7, 0).fixed(0, 4).golomb(0).fixed(0, 32)
    return (sps.unit(0x67) + pps.unit(0x68) + piece.unit(0x65)) * 20


def playlists(url: str) -> dict[str, bytes]:
    """Everything that names other files instead of holding a medium, for one target of theirs."""
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n".encode()
    key = f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n'.encode()
    dash = ('<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration='
            '"PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">'
            f"<BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>").encode()
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}" width="9" height="9"/></svg>'.encode()
    return {
        "hls.mp4": hls, "hls.m4a": hls, "hls.ts": hls, "hls-key.ts": key, "hls-mark.mp4": b"\xef\xbb\xbf" + hls,
        "hls-hidden.mp4": b"\x01\n" + hls, "hls-padded.ts": b"\0" * 188 + hls,
        "concat.mp4": f"ffconcat version 1.0\nfile '{url}'\n".encode(), "dash.mp4": dash, "drawing.mp4": svg,
        "page.mp4": f'<!doctype html><video src="{url}"></video>'.encode(),
        "smil.mp4": f'<smil><body><video src="{url}"/></body></smil>'.encode(),
        "shortcut.mp4": f"[playlist]\nFile1={url}\nNumberOfEntries=1\n".encode(),
        "rtsp.mp4": f"RTSPtext\n{url}\n".encode(),
    }


def references(movie: Movie, url: str) -> dict[str, bytes]:
    """Movies whose media are elsewhere (ISO/IEC 14496-12 section 8.7.2; QuickTime's reference movies)."""
    target = url.encode() + b"\0"
    path = url.removeprefix("file://").encode()
    alias = struct.pack(">IIH", 0, 0, len(path)) + path
    data = struct.pack(">I4sI", 12 + len(target), b"rdrf", 0) + b"url " + struct.pack(">I", len(target)) + target
    rdrf = struct.pack(">I", len(data)) + data[4:]
    return {
        "dref-url.mp4": movie.lying(dref=lambda _: b"\0" * 7 + b"\1" + full("url ", target)),
        "dref-urn.mp4": movie.lying(dref=lambda _: b"\0" * 7 + b"\1" + full("urn ", b"name\0" + target)),
        "dref-alis.mov": movie.lying(dref=lambda _: b"\0" * 7 + b"\1" + full("alis", alias)),
        "reference.mov": box("moov", box("rmra", box("rmda", rdrf))),
    }


def documents() -> dict[str, bytes]:
    """What is no medium at all under the name of one."""
    return {
        "document.mp4": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "archive.mp4": b"PK\x03\x04" + b"\0" * 26 + b"PK\x05\x06" + b"\0" * 18,
        "program.mp4": b"\x7fELF\x02\x01\x01" + b"\0" * 200,
        "script.mp4": b"#!/bin/sh\ntouch /tmp/run\n",
        "call.mp4": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "head.mp4": struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom"), "one-byte.mp4": b"\0",
        "zeros.mp4": b"\0" * 100_000,
        "noise.mp4": bytes((i * i * 31 + i * 7 + (i >> 5)) & 0xFF for i in range(65_536)),
    }


def pictures(movie: Movie) -> dict[str, bytes]:
    """Headers that claim more pixels than any memory holds."""
    avi = struct.pack("<IIIIIIIIIIIIII", 40_000, 0, 0, 0, 1, 0, 1, 0, 65_535, 65_535, 0, 0, 0, 0)
    strf = struct.pack("<IiiHHIIiiII", 40, 65_535, 65_535, 1, 24, 0, 0, 0, 0, 0, 0)
    strh = b"vidsDIB " + struct.pack("<IHHIIIIIIIIHHHH", 0, 0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0, 0xFFFF, 0xFFFF)
    stream = riff(b"LIST", b"strl" + riff(b"strh", strh) + riff(b"strf", strf))
    header = riff(b"LIST", b"hdrl" + riff(b"avih", avi) + stream)
    frames = riff(b"LIST", b"movi" + riff(b"00db", b"\0" * 64))
    return {
        "pixels.h264": huge_h264(), "pixels-large.h264": huge_h264(12_000),
        # Behind the entry's size and name lie 24 bytes, then width and height.
        "pixels.mp4": movie.lying(stsd=number(8 + 8 + 24, GREATEST)),
        "pixels.mkv": matroska([picture_track(12_000)]),
        "pixels.avi": riff(b"RIFF", b"AVI " + header + frames),
        "pixels.gif": b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + b"\0" * 6
        + b"\x2c" + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x44\x01\0\x3b",
        "pixels.png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 2**31 - 1, 2**31 - 1, 8, 6, 0,
                                                         0, 0, 0),
    }


def riff(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def ebml(kind: int, *content: bytes) -> bytes:
    """An element of Matroska (RFC 8794) with a size of eight bytes."""
    payload = b"".join(content)
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + struct.pack(">Q", 1 << 56 | len(payload)) + payload


def matroska(tracks: list[bytes], *more: bytes) -> bytes:
    header = ebml(0x1A45DFA3, ebml(0x4282, b"matroska"), ebml(0x4287, b"\x04"), ebml(0x4285, b"\x02"))
    info = ebml(0x1549A966, ebml(0x2AD7B1, b"\x0f\x42\x40"))
    blocks = [ebml(0xA3, b"\x81" + struct.pack(">HB", time, 0x80) + b"\x82" + b"\0" * 40) for time in (0, 40, 80)]
    cluster = ebml(0x1F43B675, ebml(0xE7, b"\0"), *blocks)
    return header + ebml(0x18538067, info, ebml(0x1654AE6B, *tracks), *more, cluster)


def picture_track(side: int, number: int = 1) -> bytes:
    size = struct.pack(">H", side)
    return ebml(0xAE, ebml(0xD7, struct.pack(">H", number)), ebml(0x73C5, struct.pack(">H", number)),
                ebml(0x83, b"\1"), ebml(0x86, b"V_VP9"), ebml(0xE0, ebml(0xB0, size), ebml(0xBA, size)))


def attachment(number: int) -> bytes:
    return ebml(0x61A7, ebml(0x466E, b"a.ttf"), ebml(0x4660, b"font/ttf"), ebml(0x465C, b"\0" * 1000),
                ebml(0x46AE, struct.pack(">H", number)))


def streams(movie: Movie) -> dict[str, bytes]:
    """Hundreds of tracks, and tags by the megabyte."""
    track = box("trak", movie.part("moov/trak"))
    tags = b"".join(box("\xa9nam", struct.pack(">HH", 1000, 0) + b"A" * 1000) for _ in range(3000))
    return {
        "streams.mp4": movie.lying(moov=lambda moov: moov + track * 300),
        "streams.mkv": matroska([picture_track(64, number) for number in range(1, 300)]),
        "attachments.mkv": matroska([picture_track(64)], ebml(0x1941A469, *[attachment(i) for i in range(1, 60)])),
        "tags.mp4": movie.lying(moov=lambda moov: moov + box("udta", tags)),
        "chapters.mp4": movie.lying(moov=lambda moov: moov + box("udta", full(
            "chpl", b"\0" * 4 + b"\xff" + b"".join(struct.pack(">QB", i, 1) + b"c" for i in range(255))))),
    }


def times(movie: Movie) -> dict[str, bytes]:
    """Durations, rates and edits that a few bytes cannot have."""
    scale = struct.unpack_from(">I", movie.part("moov/trak/mdia/mdhd"), 12)[0]
    samples = 20
    far = struct.pack(">IIIIIII", 0, 3, samples - 2, 1, 1, 20 * 3600 * scale, 1) + struct.pack(">I", 1)
    empty = struct.pack(">IIQqIQqI", 0x0100_0000, 2, 2**47, -1, 0x1_0000, 10, 0, 0x1_0000)
    return {
        "ten-thousand-hours.mp4": movie.lying(mvhd=number(16, GREATEST), mdhd=number(16, GREATEST),
                                              tkhd=number(20, GREATEST)),
        "sparse.mp4": movie.lying(stts=lambda _: far, ctts=lambda _: struct.pack(">II", 0, 0)),
        "edits.mp4": movie.lying(
            elst=lambda _: struct.pack(">II", 0, GREATEST) + struct.pack(">IiI", 1, 0, 65_536) * 9),
        "many-edits.mp4": movie.lying(
            elst=lambda _: struct.pack(">II", 0, 20_000) + struct.pack(">IiI", 1, 0, 65_536) * 20_000),
        "late-edit.mp4": movie.lying(elst=lambda _: empty, mvhd=number(12, 1), mdhd=number(12, 1_000_000)),
        "million-a-second.mp4": movie.lying(mdhd=number(12, 1_000_000),
                                            stts=lambda _: struct.pack(">IIII", 0, 1, samples, 1)),
        # Two seconds become a minute and a half: half an hour would only be encoded for longer.
        "no-scale.mp4": movie.lying(mdhd=number(12, 0), mvhd=number(12, 0), elst=number(8, 90), stts=number(12, 48)),
    }


def structures(movie: Movie) -> dict[str, bytes]:
    """Boxes that overlap, contain themselves, end early, or state impossible sizes."""
    data, head = movie.data, movie.head
    nested, nested_media = b"", b""
    for _ in range(20_000):
        nested = struct.pack(">I4s", 8 + len(nested), b"moov") + nested if len(nested) < 160_000 else nested
    for _ in range(2_000):
        nested_media = box("udta", nested_media)
    index = data.rindex(b"moov") - 4
    wide = struct.pack(">I4sQ", 1, b"moov", 2**64 - 1)
    return {
        "nested.mp4": head + nested, "nested-data.mp4": movie.lying(moov=lambda moov: moov + nested_media),
        "endless-box.mp4": head + struct.pack(">I4s", 0, b"free") + data[index:],
        "wide-box.mp4": head + wide + data[index + 8 :],
        "negative-box.mp4": head + struct.pack(">I4sQ", 1, b"moov", 2**63) + data[index + 8 :],
        "tiny-box.mp4": head + struct.pack(">I4s", 7, b"moov") + data[index + 8 :],
        "overlapping.mp4": movie.lying(trak=lambda trak: number(0, GREATEST)(trak)),
        "cut-media.mp4": data[: len(head) // 2], "cut-index.mp4": data[:-200],
        "fragment-loop.mp4": data + (box("moof", full("mfhd", struct.pack(">I", 1)), box("traf", full(
            "tfhd", struct.pack(">I", 1)), full("trun", struct.pack(">I", GREATEST))))) * 1000,
    }


def tables(movie: Movie) -> dict[str, bytes]:
    """Sample tables whose counts are lies."""
    return {
        "stsz.mp4": movie.lying(stsz=lambda _: struct.pack(">III", 0, 1, GREATEST)),
        "stsz-list.mp4": movie.lying(stsz=number(8, GREATEST)), "stts.mp4": movie.lying(stts=number(4, GREATEST)),
        "stts-run.mp4": movie.lying(stts=lambda _: struct.pack(">IIII", 0, 1, GREATEST, GREATEST)),
        "ctts.mp4": movie.lying(ctts=lambda _: struct.pack(">IIII", 0, 1, GREATEST, 0x8000_0000)),
        "stsc.mp4": movie.lying(stsc=lambda _: struct.pack(">IIIII", 0, 1, 1, GREATEST, 1)),
        "stss.mp4": movie.lying(stss=lambda _: struct.pack(">IIII", 0, 2, GREATEST, 0)),
        "stco.mp4": movie.lying(stco=lambda old: old[:8] + b"\xff" * (len(old) - 8)),
        "same-place.mp4": movie.lying(stsz=lambda _: struct.pack(">III", 0, 3_000_000, 6_000_000),
                                      stts=lambda _: struct.pack(">IIII", 0, 1, 6_000_000, 1),
                                      stsc=lambda _: struct.pack(">IIIII", 0, 1, 1, 6_000_000, 1),
                                      stco=lambda _: struct.pack(">III", 0, 1, 48)),
    }


def wave(rate: int, channels: int, bits: int, data: bytes, claimed: int | None = None) -> bytes:
    align = channels * bits // 8 & 0xFFFF
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * align & GREATEST, align, bits)
    size = len(data) if claimed is None else claimed
    return (b"RIFF" + struct.pack("<I", GREATEST) + b"WAVE" + riff(b"fmt ", form)
            + b"data" + struct.pack("<I", size) + data)


def sounds() -> dict[str, bytes]:
    """Sound that a few bytes stretch for days, or of rates and channels that nobody hears."""
    return {
        "hertz.wav": wave(1, 1, 8, b"\x80" * 60_000), "rate.wav": wave(GREATEST, 1, 16, b"\0" * 4000),
        "channels.wav": wave(48_000, 65_535, 8, b"\0" * 200_000), "no-rate.wav": wave(0, 0, 0, b"\0" * 4000),
        "claimed.wav": wave(48_000, 2, 16, b"\0" * 4000, claimed=GREATEST),
        "endless.mp3": b"\xff\xfb\x90\x00" + b"\0" * 32 + b"Xing\0\0\0\x03" + struct.pack(">II", GREATEST, GREATEST)
        + b"\0" * 361,
        "tag.mp3": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"\0" * 1000,
    }


def everything(movie: Movie, urls: list[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for place, url in enumerate(urls):
        for name, content in (playlists(url) | references(movie, url)).items():
            files[f"{place}-{name}"] = content
    return files | documents() | pictures(movie) | streams(movie) | times(movie) | structures(movie) | tables(
        movie) | sounds()
