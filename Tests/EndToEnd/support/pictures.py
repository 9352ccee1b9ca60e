"""Pictures made byte by byte, and read the same way: no library that would be lenient where a client is not."""
import pathlib
import struct
import subprocess
import zlib

# Whatever of these comes out of the service was in somebody's metadata.
MARKS = (b"CANARYCAM", b"SERIAL-4711", b"GPSLatitude", b"51,28.6N", b"secret words")
XMP = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="51,28.6N" '
       b'aux:SerialNumber="SERIAL-4711"/></x:xmpmeta>')


def tiff(orientation: int = 1) -> bytes:
    """EXIF as a camera writes it: its make, the way up, and where it was."""
    make, latitude = b"CANARYCAM\0", struct.pack("<6I", 51, 1, 28, 1, 36, 1)
    at = 8 + 2 + 3 * 12 + 4
    gps_at = at + len(make)
    gps = struct.pack("<H", 2) + struct.pack("<HHI4s", 1, 2, 2, b"N\0\0\0")
    gps += struct.pack("<HHII", 2, 5, 3, gps_at + 2 + 2 * 12 + 4) + struct.pack("<I", 0) + latitude
    entries = struct.pack("<HHII", 0x010F, 2, len(make), at) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    entries += struct.pack("<HHII", 0x8825, 4, 1, gps_at)
    return b"II*\0" + struct.pack("<IH", 8, 3) + entries + struct.pack("<I", 0) + make + gps


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixel=None, *, claims: tuple[int, int] | None = None, extra: bytes = b"") -> bytes:
    """RGBA, `pixel(x, y)` each; `claims` puts another size into the header; `extra` are chunks behind it."""
    pixel = pixel or (lambda x, y: (x * 255 // width, y * 255 // height, 128, 255))
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", *(claims or (width, height)), 8, 6, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def tainted_png(orientation: int = 1) -> bytes:
    text = chunk(b"tEXt", b"Comment\0secret words") + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    return png(300, 200, extra=text + chunk(b"eXIf", tiff(orientation)) + chunk(b"prVt", b"SERIAL-4711"))


def ffmpeg(path: pathlib.Path, source: str, *options: str) -> bytes:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, path]
    subprocess.run(command, check=True, timeout=120)
    return path.read_bytes()


def jpeg(folder: pathlib.Path, size: str = "800x600") -> bytes:
    return ffmpeg(folder / "made.jpg", f"testsrc2=size={size}", "-frames:v", "1", "-q:v", "3")


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def turned_and_wide(folder: pathlib.Path, size: str, profile: bytes) -> bytes:
    """A JPEG of the same picture at any size that lies on its side, in the colours of an ICC profile."""
    # Muted: what is as colourful as it can be stays so in any profile.
    plain = ffmpeg(folder / "made.jpg", "testsrc2=size=800x600", "-frames:v", "1",
                   "-vf", f"eq=saturation=0.4,scale={size}", "-q:v", "2")
    extra = segment(0xE1, b"Exif\0\0" + tiff(6)) + segment(0xE2, b"ICC_PROFILE\0\1\1" + profile)
    return plain[:2] + extra + plain[2:]


def tainted_jpeg(folder: pathlib.Path, orientation: int = 1) -> bytes:
    plain = jpeg(folder)
    extra = segment(0xE1, b"Exif\0\0" + tiff(orientation)) + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
    extra += segment(0xED, b"Photoshop 3.0\0secret words") + segment(0xFE, b"secret words")
    # A second picture and a film behind the end, as phones put them.
    return plain[:2] + extra + plain[2:] + b"secret words" + plain[:2] + extra


def tainted_webp(folder: pathlib.Path, orientation: int = 1) -> bytes:
    plain = ffmpeg(folder / "made.webp", "testsrc2=size=800x600", "-frames:v", "1", "-c:v", "libwebp")

    def riff(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    # Bits 3 and 2: EXIF and XMP; then the canvas, less one.
    extended = struct.pack("<I", 0x0C) + (799).to_bytes(3, "little") + (599).to_bytes(3, "little")
    picture = plain[12:] if plain[12:16] != b"VP8X" else plain[30:]
    body = riff(b"VP8X", extended) + picture + riff(b"EXIF", tiff(orientation)) + riff(b"XMP ", XMP)
    body += riff(b"PRIV", b"SERIAL-4711")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + b"secret words"


def tainted_gif(folder: pathlib.Path) -> bytes:
    plain = ffmpeg(folder / "made.gif", "testsrc2=size=200x150:rate=5", "-frames:v", "4")
    table = 3 << ((plain[10] & 7) + 1) if plain[10] & 0x80 else 0
    at = 13 + table
    comment = b"\x21\xfe\x0csecret words\0"
    xmp = b"\x21\xff\x0bXMP DataXMP" + b"".join(
        bytes([len(part)]) + part for part in (XMP[i:i + 200] for i in range(0, len(XMP), 200))) + b"\0"
    return plain[:at] + comment + xmp + plain[at:] + b"secret words"


def bmp(width: int, height: int, color: tuple[int, int, int]) -> bytes:
    row = bytes(reversed(color)) * width
    row += b"\0" * (-len(row) % 4)
    pixels = row * height
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + head + pixels + b"secret words"


# --- reading


def segments(content: bytes) -> list[tuple[int, bytes]]:
    """Marker and payload of a JPEG's segments up to its coded data."""
    assert content[:2] == b"\xff\xd8"
    found, place = [], 2
    while content[place + 1] != 0xDA:
        length = struct.unpack(">H", content[place + 2:place + 4])[0]
        found.append((content[place + 1], content[place + 4:place + 2 + length]))
        place += 2 + length
    return found


def riff_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    assert content[:4] == b"RIFF" and struct.unpack("<I", content[4:8])[0] == len(content) - 8
    found, place = [], 12
    while place < len(content):
        length = struct.unpack("<I", content[place + 4:place + 8])[0]
        found.append((content[place:place + 4], content[place + 8:place + 8 + length]))
        place += 8 + length + length % 2
    return found


def size(content: bytes) -> tuple[int, int]:
    """Width and height as the file itself states them."""
    if content[:4] == b"\x89PNG":
        return struct.unpack(">II", content[16:24])
    if content[:2] == b"\xff\xd8":
        frame = next(data for marker, data in segments(content) if 0xC0 <= marker <= 0xC2)
        height, width = struct.unpack(">HH", frame[1:5])
        return width, height
    kind, data = riff_chunks(content)[0]
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF


def profile(content: bytes) -> bytes:
    """A PNG's ICC profile."""
    data = content[content.index(b"iCCP") + 4:]
    return zlib.decompressobj().decompress(data[data.index(b"\0") + 2:])


def components(content: bytes) -> int:
    """A JPEG's colour components."""
    return next(data for marker, data in segments(content) if 0xC0 <= marker <= 0xC2)[5]


def pixels(content: bytes, width: int, height: int) -> list[tuple[int, int, int]]:
    """The picture as ffmpeg sees it, scaled to a small size."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", "pipe:0", "-frames:v", "1", "-vf",
               f"scale={width}:{height}:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    raw = subprocess.run(command, input=content, capture_output=True, check=True, timeout=120).stdout
    assert len(raw) == width * height * 3
    return [tuple(raw[i:i + 3]) for i in range(0, len(raw), 3)]


def difference(left: bytes, right: bytes) -> float:
    """The mean difference of two pictures' samples, 0–255, at 24 × 24."""
    pairs = zip(pixels(left, 24, 24), pixels(right, 24, 24), strict=True)
    return sum(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True)) / (24 * 24 * 3)
