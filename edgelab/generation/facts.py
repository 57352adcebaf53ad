"""Facts that a text states and its source does not: names, times and numbers that were invented.

It counts what can be told from the words alone. A name at the beginning of a sentence is not told from any other word, and
a true number beside the wrong thing is not found: the count is a lower bound.
"""

import re
from collections.abc import Callable

SMALL = (
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    + ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS = {word: number for number, word in enumerate(SMALL)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
CLOCK = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
TIME = re.compile(r"\b(\d{1,2})[:.](\d{2})(?!\d|[.:]\d)\s*([ap]\.?m\b)?|\b(\d{1,2})\s*([ap]\.?m\b)", re.IGNORECASE)
HALF = re.compile(r"\bhalf(?:[ -]past)?[ -](\w+)|\b(quarter|five|ten|twenty) (past|to) (\w+)", re.IGNORECASE)
DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
BEGINS = re.compile(r"(?:^|[.!?:;\n\"“(•-])\s*$")
NO_NAMES = frozenset({"i", "i'm", "i'll", "i've", "i'd", "ok", "tv", "pm", "am"})


def invented(text: str, source: str) -> tuple[str, ...]:
    """The facts of a text, each as it stands there, that its source does not hold; in their order, each once.

    A number is held as digits or as a word; a time on either clock, as 17:00, 5 pm, "five", "half five"; a name in
    upper or lower case, or within a word of the source.
    """
    numbers, names = numbers_of(source), source.lower()
    out = [said for said, readings in numbers_in(text) if not readings & numbers]
    out += [name for name in names_of(text) if name.lower().removesuffix("'s").removesuffix("’s") not in names]
    return tuple(dict.fromkeys(sorted(out, key=text.find)))


def numbers_of(text: str) -> set[str]:
    """All readings of all numbers and times in a text: "17:00" and "5:00", a plain "5" for each full hour, "4.5"."""
    return {reading for _, readings in numbers_in(text) for reading in readings}


def names_of(text: str) -> tuple[str, ...]:
    """Words with a capital that do not begin a sentence, a line or what follows a colon."""
    found = []
    for match in WORD.finditer(text):
        word = match[0]
        if (
            word[0].isupper()
            and word.lower().replace("’", "'") not in NO_NAMES
            and not BEGINS.search(text[: match.start()])
        ):
            found.append(word)
    return tuple(found)


def numbers_in(text: str) -> list[tuple[str, set[str]]]:
    """Every number or time as it stands, with its readings. What is read as a time is not read again as digits."""
    found: list[tuple[str, set[str]]] = []

    def take(read: Callable[[re.Match], set[str]]) -> Callable[[re.Match], str]:
        def taken(match: re.Match) -> str:
            readings = read(match)
            if not readings:
                return match[0]
            found.append((match[0].strip(), readings))
            return " " * len(match[0])

        return taken

    rest = HALF.sub(take(_spoken), TIME.sub(take(_clock), text))
    found += [(match[0], {_plain(match[0])}) for match in DIGITS.finditer(rest)]
    for match in WORD.finditer(rest):
        word = match[0].lower()
        if word in CLOCK:
            found.append((match[0], _times(*CLOCK[word])))
        elif word in NUMBERS and word != "one":  # "one" is a pronoun more often than a number
            found.append((match[0], {str(NUMBERS[word])}))
    return found


def _clock(match: re.Match) -> set[str]:
    """The readings of 17:00, 5.30 (also a decimal), 5 pm; none of what is no time: a price, a version."""
    hour, minute = int(match[1] or match[4]), int(match[2] or 0)
    if hour > 24 or minute > 59:
        return set()
    return _times(hour, minute) | ({_plain(match[0])} if re.fullmatch(r"\d+\.\d+", match[0].strip()) else set())


def _spoken(match: re.Match) -> set[str]:
    """The readings of "half six", "quarter to nine"; none where no hour follows."""
    word = (match[1] or match[4]).lower()
    hour = int(word) if word.isdigit() else NUMBERS.get(word, 0)
    if not 1 <= hour <= 12:
        return set()
    if match[1]:
        return _times(hour, 30)
    minutes = 15 if match[2].lower() == "quarter" else NUMBERS[match[2].lower()]
    return _times(hour, minutes) if match[3].lower() == "past" else _times(hour - 1, 60 - minutes)


def _times(hour: int, minute: int) -> set[str]:
    hours = {hour % 12, hour % 12 + 12} | ({12} if hour % 12 == 0 else set())
    return {f"{h}:{minute:02}" for h in hours} | ({str(h) for h in hours} if minute == 0 else set())


def _plain(digits: str) -> str:
    """One writing of a number: 4,600 is 4600, 2.40 is 2.4, 14.00 is 14."""
    number = digits.replace(",", "")
    return number.rstrip("0").rstrip(".") if number.count(".") == 1 else number.lstrip("0") or "0"
