"""Texts that a tokenizer may trip over, and random ones of many scripts."""

import random

ODD = (
    "",
    " ",
    "   \t\n ",
    "\u0301",
    "caf\u00e9 at CAF\u0045\u0301, na\u00efve \u00c5ngstr\u00f6m \u0130stanbul stra\u00dfe \u1e9e",
    "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 \u01c5 \ufb01ne \u2167 \u212b \u2126",  # a final sigma, ligatures, numerals
    "remind me to call \u5f20\u4f1f at \u65e9\u4e0a8\u70b9",
    "\u660e\u65e5\u306e\u671d7\u6642\u306b\u8d77\u3053\u3057\u3066 \u30ab\u30ec\u30fc \u304c\u30fb\u304b\u3099",
    "\ub0b4\uc77c 7\uc2dc\uc5d0 \uae68\uc6cc\uc918 \u1100\u1161\u11a8",  # hangul, whole and in its parts
    "play \U0001f3b5\U0001f3b6 jazz \U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 at \U0001f1e9\U0001f1ea\U0001f1fa\U0001f1f8 \U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3",
    "\u05ea\u05d6\u05db\u05d9\u05e8 \u05dc\u05d9 \u05de\u05d7\u05e8 \u05d1-7 \u202b\u05e9\u05dc\u05d5\u05dd\u202c \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd",
    "\u0623\u064a\u0642\u0638\u0646\u064a \u063a\u062f\u064b\u0627 \u0641\u064a \u0627\u0644\u0633\u0627\u0628\u0639\u0629 \u200f\u0660\u0661\u0662\u061f",
    "\u0915\u0932 \u0938\u0941\u092c\u0939 \u0938\u093e\u0924 \u092c\u091c\u0947 \u0e1b\u0e25\u0e38\u0e01\u0e09\u0e31\u0e19 \u0bb5\u0ba3\u0b95\u0bcd\u0b95\u0bae\u0bcd",
    "a\u0323\u0307b\u0307\u0323 q\u0302\u0301\u0323\u0327 \U0001d15e\U0001d165\U0001d16e x\u302e\u0301\u0316y",  # marks out of order
    "\u0344\u0374\u037e\u0387 \u1fef \u2000\u2001 \U0002f800",
    "wake\x00me\x01at\x7fseven\x85now\u00adplease\u200bthank\u2060you\ufeff\ufffd\ufffe\U000e0041",
    "set\ttimer\r\nfor\x0bten\x0cminutes\u2028please\u2029now\u3000ok\u00a0go\u1680yes",
    "wake me [at] 7 [CLS] [SEP][MASK] [UNK]x [PAD [pad] [[SEP]] \u5f20[SEP]\u00e9",
    "[CLS]",
    "`pay` $20 + 5% <b>now</b> & \"quote\" 'x' ~^|=\\ \u20ac\u00a3\u00a5 \u00ab\u00bb\u2026\u2014\u2013 \u2018\u2019\u201c\u201d \u00bf\u00a1 \u00b7 \u2022 \u00a7 \u00b6",
    "x" * 100 + " " + "x" * 101 + " " + "\u00e9" * 101 + " " + "e\u0301" * 100,
    "antidisestablishmentarianism supercalifragilisticexpialidocious http://a.b/c?d=e#f me@example.org",
    "wake me at seven and play queen " * 60,
    "\u5f20" * 300,
    "e\u0301 " * 200,
    "a" * 5000,
    "call ana " + "\U0001f600" * 200 + " now",
    "\U00010400\U00010428 \U0001e900\U0001e922 \u13a0\uab70 \u10a0\u2d00 \u1c90",  # capitals of rare scripts
    "\U0001d400\U0001d7ce \uff21\uff22\uff43\uff11\uff0c\u3002\uff01",
)
BLOCKS = (
    *((32, 126),) * 6,
    (0x80, 0x24F),
    (0x300, 0x36F),
    (0x370, 0x5FF),
    (0x600, 0x6FF),
    (0x900, 0xDFF),
    (0xE00, 0xEFF),
    (0x1E00, 0x20FF),
    (0x2600, 0x27BF),
    (0x3000, 0x30FF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0x1D100, 0x1D1FF),
    (0x1F1E6, 0x1F1FF),
    (0x1F300, 0x1FAFF),
    (0, 0x10FFFF),
)


def random_texts(count: int, seed: int = 0) -> list[str]:
    """Words of characters of a few scripts each, with marks, joiners and special tokens strewn in."""
    draw = random.Random(seed)
    return ["".join(_piece(draw) for _ in range(draw.randint(1, 60))) for _ in range(count)]


def _piece(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.15:
        return " "
    if kind < 0.25:
        return draw.choice(
            ("\u0301", "\u0327", "\u200d", "\ufe0f", "\u0323", "\u05b8", "\u302e", "\u3099", "\U0001d165")
        )
    if kind < 0.3:
        return draw.choice(("[SEP]", "[CLS]", "[", "]", "\t", "\x00", "wake me", "seven", "queen"))
    while True:
        code = draw.randint(*draw.choice(BLOCKS))
        if not 0xD800 <= code < 0xE000:
            return chr(code)
