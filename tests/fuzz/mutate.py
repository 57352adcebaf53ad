"""Files gone bad: by bytes, and, where they hold JSON, by values. The same number makes the same file."""

import json
import random
from collections.abc import Iterator
from typing import Any

DEEP = 50_000  # nested so often: beyond what Python's readers go down
HUGE = "9" * 400  # a whole number beyond every float
LONG = "9" * 5000  # beyond what Python reads as a whole number
RAW = {"@deep@": "[" * DEEP + "]" * DEEP, "@huge@": HUGE, "@long@": LONG, "@half@": '"\\ud800"', "@exponent@": "1e999"}
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**18, "", "x", "x" * 3000, "../../etc/passwd", "\0", "\u202e", [], {}, [[]]),
    *([None], [{}], {"": None}, float("nan"), float("-inf"), *RAW),
)
BYTES = (
    b"\0",
    b"\xff",
    b"\n",
    b'"',
    b"{",
    b"[",
    b"]",
    b",",
    b"\\",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"-",
    b"9" * 30,
    b": ",
)
ALWAYS = (
    b"",
    b"\0" * 64,
    b"\xff\xfe" + "text".encode("utf-16-le"),
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b'"' + b"x" * 100_000,
    LONG.encode(),
    b"null",
    b"[]",
    b"{}",
)


def mutated(sound: bytes, number: int) -> bytes:
    """The file's content gone bad in the way of that number; the first are no longer the file at all."""
    if number < len(ALWAYS):
        return ALWAYS[number]
    chosen = random.Random(number)
    if chosen.random() < 0.6:
        try:
            return _json(json.loads(sound), chosen).encode()
        except (ValueError, UnicodeError):
            pass
        if b"\n" in sound and chosen.random() < 0.6:  # a line of JSON
            lines = sound.split(b"\n")
            place = chosen.randrange(len(lines))
            try:
                lines[place] = _json(json.loads(lines[place]), chosen).encode()
                return b"\n".join(lines)
            except (ValueError, UnicodeError):
                pass
    for _ in range(chosen.choice((1, 1, 1, 2, 4, 16))):
        sound = _bytes(sound, chosen)
    return sound


def _bytes(content: bytes, chosen: random.Random) -> bytes:
    if not content:
        return chosen.randbytes(8)
    at, to = sorted(chosen.randrange(len(content) + 1) for _ in range(2))
    way = chosen.randrange(9)
    if way == 0:
        at = min(at, len(content) - 1)
        return content[:at] + bytes([content[at] ^ 1 << chosen.randrange(8)]) + content[at + 1 :]
    if way == 1:
        return content[:at] + chosen.choice(BYTES) + content[at + 1 :]
    if way == 2:
        return content[:at]
    if way == 3:
        return content[:at] + content[min(to, at + chosen.randrange(1, 40)) :]
    if way == 4:
        return content[:at] + chosen.choice(BYTES) + content[at:]
    if way == 5:  # a splice: one part in the place of another
        part = content[at : at + chosen.randrange(1, 60)]
        return content[:to] + part + content[to + len(part) :]
    if way == 6:
        return content[:to] + content[at:to][:2000] * chosen.choice((2, 50)) + content[to:]
    if way == 7:  # a number of a binary format: zero, or as large as it can be
        width, fill = chosen.choice((1, 2, 4, 8)), chosen.choice((b"\0", b"\xff", b"\x7f"))
        return content[:at] + fill * width + content[at + width :]
    return content + chosen.choice((b"\0", b"x", content[:100], b"\n" * 50))


def _json(value: Any, chosen: random.Random) -> str:
    """One value of it is another, has gone, stands twice, or has company."""
    places = list(_places(value))
    if not places:
        value = chosen.choice(ODD)
    for _ in range(chosen.choice((1, 1, 2))):
        if places:
            inside, key = chosen.choice(places)
            way = chosen.random()
            if way < 0.65:
                inside[key] = chosen.choice(ODD)
            elif way < 0.75:
                other, its = chosen.choice(places)
                inside[key] = json.loads(json.dumps(other[its]))
            elif way < 0.85:
                inside[key] = [inside[key]]
            elif isinstance(inside, dict):
                inside[chosen.choice(("", "odd", "\ud800", "__class__", key + " ", "@deep@"))] = chosen.choice(ODD)
            else:
                inside.append(chosen.choice(ODD))
    text = json.dumps(value, ensure_ascii=chosen.random() < 0.5)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if chosen.random() < 0.5 else _escaped(text)


def _escaped(text: str) -> str:
    """Halves of characters as JSON writes them: no file of UTF-8 can hold them otherwise."""
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in inner:
        yield value, key
        yield from _places(entry)
