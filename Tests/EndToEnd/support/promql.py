"""What a PromQL expression names: its metrics and their labels; as much of the grammar as our own expressions need."""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""\s+ | (?P<string>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*') | (?P<range>\[[^\]]*\])
    | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*) | (?P<number>[0-9.]+(?:e[+-]?[0-9]+)?[smhdwy]*)
    | (?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>@])""", re.VERBOSE)
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


class Named(NamedTuple):
    metrics: set[str]
    #: label -> what values it is compared with, of each metric
    matched: dict[str, dict[str, list[tuple[str, str]]]]
    grouped: set[str]


def tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"not understood: {text[place:]!r} in {text!r}"
        if match.lastgroup:
            found.append((match.lastgroup, match.group()))
        place = match.end()
    return found


def names(text: str) -> Named:
    parts = tokens(text)
    named = Named(set(), {}, set())
    place = 0
    while place < len(parts):
        kind, word = parts[place]
        following = parts[place + 1][1] if place + 1 < len(parts) else ""
        place += 1
        if kind != "name" or word.lower() in WORDS:
            continue
        if word.lower() in GROUPING:
            while parts[place][1] != ")":
                if parts[place][0] == "name":
                    named.grouped.add(parts[place][1])
                place += 1
        elif following == "{":
            place, matchers = labels(parts, place)
            named.metrics.add(word)
            named.matched.setdefault(word, {}).update(matchers)
        # A word before a bracket is a function; `sum by (…) (…)` is an aggregation.
        elif following != "(" and following.lower() not in GROUPING:
            named.metrics.add(word)
    return named


def labels(parts: list[tuple[str, str]], place: int) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """Reads `{name="value", …}`; the place after it."""
    found: dict[str, list[tuple[str, str]]] = {}
    while parts[place][1] != "}":
        if parts[place][0] == "name":
            found.setdefault(parts[place][1], []).append((parts[place + 1][1], parts[place + 2][1][1:-1]))
            place += 2
        place += 1
    return place + 1, found
