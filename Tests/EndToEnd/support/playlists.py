"""Reads HLS playlists strictly: what RFC 8216 forbids is an error here, not a shrug."""
import dataclasses
import re
import urllib.parse

from support.client import Client

TYPE = "application/vnd.apple.mpegurl"
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(,|$)')


class PlaylistError(AssertionError):
    """The playlist breaks a rule; the message quotes the section."""


def require(condition, message: str) -> None:
    if not condition:
        raise PlaylistError(message)


def attributes(text: str) -> dict[str, str]:
    """An attribute list (RFC 8216, 4.2): no spaces around, no name twice; quotes are kept."""
    found, position = {}, 0
    while position < len(text):
        match = ATTRIBUTE.match(text, position)
        require(match, f"4.2: not an attribute list: {text[position:]!r}")
        require(match[1] not in found, f"4.2: {match[1]} twice")
        found[match[1]] = match[2]
        position = match.end()
    require(not text.endswith(","), "4.2: a comma at the end")
    return found


def unquoted(value: str) -> str:
    require(len(value) >= 2 and value[0] == value[-1] == '"', f"4.2: {value} must be a quoted string")
    return value[1:-1]


def lines_of(body: bytes) -> list[str]:
    require(not body.startswith(b"\xef\xbb\xbf"), "4.1: a byte order mark")
    text = body.decode("utf-8")
    require(not any(ord(c) < 32 and c not in "\r\n" for c in text), "4.1: control characters")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    require(lines[0] == "#EXTM3U", "4.3.1.1: the first line is #EXTM3U")
    for line in lines:
        require(not line.startswith("#EXT") or line == line.strip(), f"spaces around a tag: {line!r}")
    return [line for line in lines if line]


def fetch(client: Client, url: str) -> list[str]:
    answer = Client(client.url, context=client.context).get(url)
    require(answer.status == 200, f"{url} answered {answer}")
    require(answer.headers["Content-Type"].split(";")[0] == TYPE, f"4: type {answer.headers['Content-Type']}")
    return lines_of(answer.body)


def single(lines: list[str], tag: str) -> str | None:
    values = [line[len(tag) + 1 :] for line in lines if line == tag or line.startswith(tag + ":")]
    require(len(values) <= 1, f"{tag} appears {len(values)} times")
    return values[0] if values else None


@dataclasses.dataclass
class Rendition:
    """A variant or an audio rendition: its attributes and where its media playlist is."""
    url: str
    attributes: dict[str, str]


class Master:
    """A master playlist (4.3.4)."""

    def __init__(self, url: str, lines: list[str]):
        self.url, self.lines = url, lines
        self.version = int(single(lines, "#EXT-X-VERSION") or 1)
        self.independent = single(lines, "#EXT-X-INDEPENDENT-SEGMENTS") is not None
        self.variants: list[Rendition] = []
        self.audio: list[Rendition] = []
        self.iframes: list[Rendition] = []
        for index, line in enumerate(lines):
            self._read(line, lines[index + 1] if index + 1 < len(lines) else "")

    def _read(self, line: str, following: str) -> None:
        tag, _, value = line.partition(":")
        require(tag not in ("#EXTINF", "#EXT-X-TARGETDURATION", "#EXT-X-ENDLIST"), f"4.1: {tag} in a master playlist")
        if tag == "#EXT-X-STREAM-INF":
            require(following and not following.startswith("#"), "4.3.4.2: the URI follows on the next line")
            self.variants.append(Rendition(self._absolute(following), attributes(value)))
        elif tag == "#EXT-X-MEDIA":
            found = attributes(value)
            if found["TYPE"] == "AUDIO" and "URI" in found:
                self.audio.append(Rendition(self._absolute(unquoted(found["URI"])), found))
        elif tag == "#EXT-X-I-FRAME-STREAM-INF":
            found = attributes(value)
            self.iframes.append(Rendition(self._absolute(unquoted(found["URI"])), found))

    def _absolute(self, uri: str) -> str:
        return urllib.parse.urljoin(self.url, uri)

    @classmethod
    def load(cls, client: Client, url: str) -> "Master":
        return cls(url, fetch(client, url))


@dataclasses.dataclass
class Segment:
    url: str
    duration: float


class Media:
    """A media playlist (4.3.3) with its segments."""

    def __init__(self, url: str, lines: list[str]):
        self.url, self.lines = url, lines
        self.version = int(single(lines, "#EXT-X-VERSION") or 1)
        target = single(lines, "#EXT-X-TARGETDURATION")
        require(target is not None and target.isdigit(), "4.3.3.1: TARGETDURATION is a decimal integer")
        self.target = int(target)
        self.kind = single(lines, "#EXT-X-PLAYLIST-TYPE")
        self.ended = lines[-1] == "#EXT-X-ENDLIST"
        self.map_url = None
        self.segments: list[Segment] = []
        duration = None
        for line in lines:
            tag, _, value = line.partition(":")
            require(tag not in ("#EXT-X-STREAM-INF", "#EXT-X-MEDIA"), f"4.1: {tag} in a media playlist")
            if tag == "#EXTINF":
                require(duration is None, "4.3.2.1: an EXTINF without its segment")
                duration = float(value.split(",")[0])
                require("," in value, "4.3.2.1: EXTINF ends with a comma")
            elif tag == "#EXT-X-MAP":
                self.map_url = urllib.parse.urljoin(url, unquoted(attributes(value)["URI"]))
            elif not line.startswith("#"):
                require(duration is not None, "4.3.2.1: a segment without EXTINF")
                self.segments.append(Segment(urllib.parse.urljoin(url, line), duration))
                duration = None

    @property
    def duration(self) -> float:
        return sum(segment.duration for segment in self.segments)

    def boundaries(self) -> list[float]:
        total, found = 0.0, []
        for segment in self.segments:
            total += segment.duration
            found.append(total)
        return found

    @classmethod
    def load(cls, client: Client, url: str) -> "Media":
        return cls(url, fetch(client, url))
