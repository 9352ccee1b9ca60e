"""Just enough of ISO base media files to see where a fragment starts, how long it is, and what begins it."""
import dataclasses
import struct


def children(data: bytes, start: int = 0, end: int | None = None):
    """(type, start of content, end) of the boxes in a range."""
    position, end = start, len(data) if end is None else end
    while position + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1:
            size = struct.unpack_from(">Q", data, position + 8)[0]
            header = 16
        elif size == 0:
            size = end - position
        assert size >= header and position + size <= end, f"box {kind} of {size} bytes does not fit"
        yield kind.decode("latin-1"), position + header, position + size
        position += size
    assert position == end, "bytes that belong to no box"


def find(data: bytes, path: str, start: int = 0, end: int | None = None):
    """Every (start, end) of the boxes at a path such as `moof/traf/tfdt`."""
    name, _, rest = path.partition("/")
    for kind, inside, stop in children(data, start, end):
        if kind == name:
            if rest:
                yield from find(data, rest, inside, stop)
            else:
                yield inside, stop


def timescale(init: bytes) -> int:
    start, _ = next(find(init, "moov/trak/mdia/mdhd"))
    return struct.unpack_from(">I", init, start + (20 if init[start] == 1 else 12))[0]


@dataclasses.dataclass
class Fragment:
    """One moof of a single track: first decode time, summed sample durations, and the flags of its first sample."""
    base: int
    duration: int
    samples: int
    first_flags: int | None

    @property
    def starts_with_sync(self) -> bool:
        """sample_is_non_sync_sample is bit 16 of the flags (ISO/IEC 14496-12, 8.8.3.1)."""
        return self.first_flags is not None and not self.first_flags & 0x10000


def fragments(segment: bytes, init: bytes) -> list[Fragment]:
    defaults = default_values(init)
    return [_fragment(segment, start, end, defaults) for start, end in find(segment, "moof/traf")]


def default_values(init: bytes) -> tuple[int, int]:
    """(duration, flags) that samples have where a fragment states none."""
    start, _ = next(find(init, "moov/mvex/trex"))
    _, _, duration, _, flags = struct.unpack_from(">IIIII", init, start + 4)
    return duration, flags


def _fragment(data: bytes, start: int, end: int, defaults: tuple[int, int]) -> Fragment:
    base = duration = count = 0
    default_duration, default_flags = defaults
    first_flags = None
    for kind, inside, _ in children(data, start, end):
        version, flags = data[inside], int.from_bytes(data[inside + 1 : inside + 4], "big")
        if kind == "tfdt":
            base = struct.unpack_from(">Q" if version == 1 else ">I", data, inside + 4)[0]
        elif kind == "tfhd":
            position = inside + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
            if flags & 8:
                default_duration = struct.unpack_from(">I", data, position)[0]
                position += 4
            position += 4 if flags & 0x10 else 0
            if flags & 0x20:
                default_flags = struct.unpack_from(">I", data, position)[0]
        elif kind == "trun":
            run_duration, run_count, run_flags = _run(data, inside, flags, default_duration, default_flags)
            first_flags = run_flags if first_flags is None else first_flags
            duration, count = duration + run_duration, count + run_count
    return Fragment(base, duration, count, first_flags)


def _run(data: bytes, inside: int, flags: int, default_duration: int, default_flags: int) -> tuple[int, int, int]:
    count = struct.unpack_from(">I", data, inside + 4)[0]
    position = inside + 8 + (4 if flags & 1 else 0)
    first = default_flags
    if flags & 4:
        first = struct.unpack_from(">I", data, position)[0]
        position += 4
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    total = 0
    for index in range(count):
        values = dict(zip(fields, struct.unpack_from(f">{len(fields)}I", data, position), strict=True))
        total += values.get(0x100, default_duration)
        if index == 0 and 0x400 in values and not flags & 4:
            first = values[0x400]
        position += 4 * len(fields)
    return total, count, first
