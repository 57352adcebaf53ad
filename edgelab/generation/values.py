"""A slot's words as values that a program can use, and a question for what is missing.

No library of the registry reads what people say here: dateparser knows no "half past six", ctparse takes "half six" for
05:30 as in German, and numbers in words are easy. So it is a page of our own.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from edgelab.generation.facts import CLOCK, NUMBERS

SLANG = {"fiver": 5, "tenner": 10, "grand": 1000, "dozen": 12, "couple": 2, "monkey": 500, "ton": 100}
EVENING = re.compile(r"\b(?:tonight|evening|pm|p\.m\.?|afternoon|night)\b|\dpm\b")
MORNING = re.compile(r"\b(?:morning|am|a\.m\.?)\b|\dam\b")
MINUTES = {"half": 30, "quarter": 15}
REQUIRED = {
    "set_alarm": {"time": "What time shall I wake you?"},
    "set_timer": {"duration": "How long shall the timer run?"},
    "add_reminder": {"task": "What shall I remind you of?"},
    "add_event": {"title": "What is the event called?"},
    "send_message": {"person": "Who is the message for?", "message": "What shall I say?"},
    "make_call": {"person": "Who shall I call?"},
    "get_directions": {"place": "Where do you want to go?"},
    "send_money": {"amount": "How much shall I send?", "person": "Who shall I send it to?"},
    "add_to_list": {"item": "What shall I put on the list?"},
    "translate": {"phrase": "What shall I translate?", "language": "Into which language?"},
    "define_word": {"word": "Which word?"},
    "place_order": {"item": "What shall I order?"},
}


def clock_time(said: str, *, after: int = 0) -> str | None:
    """A time of day in words or digits as HH:MM; None where it is none.

    Without am, pm or a part of the day it is the first such time at or after `after` minutes from midnight: asked at noon,
    "half six" is 18:30 (in British English half past six).
    """
    text = " ".join(said.lower().replace("-", " ").split())
    for word, (hour, minute) in CLOCK.items():
        if re.search(rf"\b{word}\b", text):
            return f"{hour:02}:{minute:02}"
    found = _hour_and_minute(text)
    if found is None or not (0 <= found[0] <= 24 and 0 <= found[1] <= 59):
        return None
    hour, minute = found
    if hour > 12 or re.search(r"\b0\d[:.]", text):
        return f"{hour % 24:02}:{minute:02}"
    choices = [hour % 12, hour % 12 + 12]
    if EVENING.search(text):
        hour = choices[1]
    elif MORNING.search(text):
        hour = choices[0]
    else:
        hour = next((h for h in choices if h * 60 + minute >= after), choices[0])
    return f"{hour:02}:{minute:02}"


def _hour_and_minute(text: str) -> tuple[int, int] | None:
    if match := re.search(r"\b(\d{1,2})[:.](\d{2})", text):
        return int(match[1]), int(match[2])
    if match := re.search(r"\b(half|quarter|\w+)(?: minutes)? (past|to) (\w+)", text):
        minutes, hour = MINUTES.get(match[1], whole_number(match[1])), whole_number(match[3])
        if minutes is None or hour is None:
            return None
        return (hour, minutes) if match[2] == "past" else ((hour - 1) % 24, 60 - minutes)
    if match := re.search(r"\bhalf (\w+)", text):
        hour = whole_number(match[1])
        return None if hour is None else (hour, 30)
    words = re.findall(r"\d+|[a-z]+", text)
    numbers = [number for word in words if (number := whole_number(word)) is not None]
    if not numbers:
        return None
    minute = sum(numbers[1:3])  # "seven twenty five"
    return numbers[0], minute


def whole_number(word: str) -> int | None:
    """12 of "12" and "twelve"."""
    return int(word) if word.isdigit() else NUMBERS.get(word)


def amount(said: str) -> float | None:
    """An amount in words or digits as a number, without its unit; None where it is none: 10 of "a tenner", 1250 of "1,250
    quid", 25.5 of "twenty five and a half"."""
    text = said.lower().replace("-", " ")
    if match := re.search(r"\d+(?:,\d{3})*(?:\.\d+)?", text):
        scale = 1000 if re.match(r"\s*(?:k|grand|thousand)\b", text[match.end() :]) else 1
        return float(match[0].replace(",", "")) * scale
    words = re.findall(r"[a-z]+", text)
    total, part, seen = 0.0, 0.0, False
    for position, word in enumerate(words):
        if word == "half":
            follows = words[position + 1 :] and words[position + 1] in ("a", "an")
            scaled = next((SLANG[w] for w in words[position + 1 :] if w in SLANG), 1) if follows else 1
            return total + part + 0.5 * scaled
        if word in NUMBERS:
            part, seen = part + NUMBERS[word], True
        elif word in ("hundred", "thousand", *SLANG):
            size = {"hundred": 100, "thousand": 1000, **SLANG}[word.removesuffix("s")]
            part, seen = (part or 1) * size, True
            if word == "thousand":
                total, part = total + part, 0.0
        elif word.removesuffix("s") in SLANG:
            part, seen = (part or 1) * SLANG[word.removesuffix("s")], True
    return total + part if seen else None


def usable(call: Mapping[str, Any]) -> dict[str, Any]:
    """A call with its time and its amount of money as values; what is not understood stays as it was said."""
    readers: dict[str, Callable[[str], str | float | None]] = {"time": clock_time, "amount": amount}
    out = dict(call)
    for slot, read in readers.items():
        if isinstance(call.get(slot), str) and (value := read(call[slot])) is not None:
            out[slot] = value
    return out


def missing_question(call: Mapping[str, Any]) -> str | None:
    """What to ask where a call lacks something that its tool cannot do without: the first such; None where nothing is."""
    wanted = REQUIRED.get(call["tool"], {})
    return next((question for slot, question in wanted.items() if not call.get(slot)), None)
