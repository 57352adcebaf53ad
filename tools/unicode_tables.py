"""Writes `web/src/runtime/unicode.ts`: what kind of character the `tokenizers` library takes each for.

    python -m tools.unicode_tables > web/src/runtime/unicode.ts

The library has tables of a Unicode of its own, older than a browser's, and browsers differ. So that a text becomes the
same tokens in each, the browser's runtime has the library's tables, asked from it character by character.
"""

from collections.abc import Callable, Iterator

from tokenizers import normalizers, pre_tokenizers

LAST = "\u0345"  # the mark that stands behind all others
HEAD = """\
// Written by tools/unicode_tables.py. Ranges of code points as the `tokenizers` library has them: how many are left out,
// how many follow, and so on, in base 36.
"""
TABLES = {
    "DROPPED": "control characters and others without a shape",
    "BLANKS": "white space",
    "ACCENTS": "marks that take no place of their own (Mn)",
    "SORTED": "other marks that NFD may sort behind or before their neighbours",
    "PUNCTUATION": "each a word of its own",
    "IDEOGRAPHS": "each a word of its own, too",
}


def kinds() -> dict[str, Callable[[str], bool]]:
    """Of each table, whether a character is in it."""

    def bert(**steps: bool) -> normalizers.BertNormalizer:
        off = dict.fromkeys(("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"), False)
        return normalizers.BertNormalizer(**(off | steps))

    cleaned, spaced, stripped = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True)
    nfd, cutter = normalizers.NFD(), pre_tokenizers.BertPreTokenizer()

    def pieces(character: str) -> list[str]:
        return [piece for piece, _ in cutter.pre_tokenize_str(f"a{character}b")]

    return {
        "DROPPED": lambda c: cleaned.normalize_str(f"a{c}b") == "ab",
        "BLANKS": lambda c: pieces(c) == ["a", "b"],
        "ACCENTS": lambda c: nfd.normalize_str(c) == c and stripped.normalize_str(c) == "",
        "SORTED": lambda c: nfd.normalize_str(LAST + c) == c + LAST and stripped.normalize_str(c) == c,
        "PUNCTUATION": lambda c: pieces(c) == ["a", c, "b"],
        "IDEOGRAPHS": lambda c: spaced.normalize_str(c) == f" {c} ",
    }


def characters() -> Iterator[str]:
    """All that Unicode has room for, but for halves of surrogate pairs, which are none."""
    yield from map(chr, (*range(0xD800), *range(0xE000, 0x110000)))


def ranges(fits: Callable[[str], bool]) -> list[list[int]]:
    """First and last code point of each run of characters that fit."""
    found: list[list[int]] = []
    for code in map(ord, filter(fits, characters())):
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def base36(number: int) -> str:
    """A whole number of 0 or more as JavaScript's `toString(36)` writes it."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return digits[number] if number < 36 else base36(number // 36) + digits[number % 36]


def packed(found: list[list[int]]) -> str:
    """Ranges as a text: of each the gap before it and its length."""
    ends = [-1, *(last for _, last in found)]
    gaps = [first - end - 1 for (first, _), end in zip(found, ends, strict=False)]
    return " ".join(f"{base36(gap)} {base36(last - first + 1)}" for gap, (first, last) in zip(gaps, found, strict=True))


def written() -> str:
    """The whole file."""
    parts = [HEAD]
    for name, fits in kinds().items():
        parts.append(f"\n/** {TABLES[name][0].upper()}{TABLES[name][1:]}. */\n")
        parts.append(f'export const {name} =\n  "{packed(ranges(fits))}";\n')
    return "".join(parts)


if __name__ == "__main__":
    print(written(), end="")
