"""Computes the figures of Pocket's data card and writes them into its marked sections.

    python -m benchmarks.pocket_card            # write all sections
    python -m benchmarks.pocket_card --check    # exit 1 if a committed figure is not current
    python -m benchmarks.pocket_card --local    # only the sections that need no public data

CLINC150 and SNIPS are read through `edgelab.datasets.load`. Where `EDGELAB_MIRROR` is not set and the folder
`../shared/data` is there, that folder is served on loopback for the time of the run.
"""

import argparse
import contextlib
import csv
import functools
import http.server
import os
import random
import re
import statistics
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

from edgelab import datasets
from edgelab.datasets.dataset import SPLITS, Dataset, Split
from edgelab.datasets.pocket import load_pocket
from edgelab.workspace import data_home, write_atomic

POCKET = data_home() / "pocket"
CARD = POCKET / "README.md"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SAMPLED_WORDS = 20_000


def words(text: str) -> list[str]:
    """Lower-case words without punctuation: `what's` and `whats` are one word."""
    return re.findall(r"[^\W_]+", re.sub("['’‘]", "", text.lower()))


def masked(text: str, spans) -> str:
    """The utterance with each slot value replaced by the slot's name."""
    for span in sorted(spans, key=lambda s: s.start, reverse=True):
        text = f"{text[: span.start]} slot{span.name.replace('_', '')} {text[span.end :]}"
    return " ".join(words(text))


def jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b)


def nearest(texts, others) -> list[float]:
    """The largest token Jaccard of each text with any of the others."""
    pool = [set(words(other)) for other in others]
    return [max(jaccard(mine, other) for other in pool) for mine in (set(words(text)) for text in texts)]


def slot_values(split: Split) -> list[str]:
    return [t[s.start : s.end].lower() for t, spans in zip(split.texts, split.spans, strict=True) for s in spans]


def table(header: list[str], rows: list[list]) -> str:
    cells = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in row) + " |" for row in cells)


def splits(pocket: Dataset) -> dict[str, Split]:
    return {**{name: getattr(pocket, name) for name in SPLITS}, "hard": pocket.extra["hard"]}


# --- sections -----------------------------------------------------------------------------------


def counts(pocket: Dataset) -> str:
    per = {name: Counter(split.labels) for name, split in splits(pocket).items()}
    spans = defaultdict(Counter)
    for split in splits(pocket).values():
        for label, found in zip(split.labels, split.spans, strict=True):
            spans[label].update(s.name for s in found)
    rows = [
        [
            f"`{label}`",
            *(per[name][label] for name in per),
            ", ".join(f"{s} {n}" for s, n in spans[label].most_common()) or "–",
        ]
        for label in pocket.labels
    ]
    rows.append(
        ["all", *(sum(c.values()) for c in per.values()), f"{sum(sum(c.values()) for c in spans.values())} values"]
    )
    return table(["label", *per, "slot values"], rows)


def lengths(pocket: Dataset) -> str:
    rows = []
    for name, split in splits(pocket).items():
        n = sorted(len(words(t)) for t in split.texts)
        cut = statistics.quantiles(n, n=20)
        rows.append(
            [
                name,
                f"{statistics.mean(n):.1f}",
                f"{statistics.median(n):.0f}",
                f"{cut[0]:.0f}–{cut[-1]:.0f}",
                n[-1],
                f"{sum(not s for s in split.spans) / len(split):.0%}",
                f"{sum(t[-1] in '.?!' for t in split.texts) / len(split):.0%}",
                f"{sum(t[0].isupper() for t in split.texts) / len(split):.0%}",
            ]
        )
    header = ["split", "words, mean", "median", "5–95 %", "most", "no slot", "ends in . ? !", "begins with a capital"]
    return table(header, rows)


def separation(pocket: Dataset) -> str:
    train, validation, test = pocket.train, pocket.validation, pocket.test
    known = set(slot_values(train))
    where = defaultdict(set)
    for name in SPLITS:
        split = getattr(pocket, name)
        for text, spans in zip(split.texts, split.spans, strict=True):
            where[masked(text, spans)].add(name)

    def unseen(split: Split) -> str:
        values = slot_values(split)
        return f"{sum(v not in known for v in values) / len(values):.0%}"

    close = {name: nearest(split.texts, train.texts) for name, split in (("validation", validation), ("test", test))}
    hard = pocket.extra["hard"]
    close["hard"] = nearest(hard.texts, train.texts)
    vocabulary = {w for t in train.texts for w in words(t)}

    def new_words(split: Split) -> str:
        running = [w for t in split.texts for w in words(t)]
        return f"{sum(w not in vocabulary for w in running) / len(running):.1%}"

    rows = [
        [
            name,
            unseen(split),
            new_words(split),
            f"{max(close[name]):.2f}",
            f"{statistics.mean(close[name]):.2f}",
        ]
        for name, split in (("validation", validation), ("test", test), ("hard", hard))
    ]
    shared = sum(len(names) > 1 for names in where.values())
    header = [
        "split",
        "slot values not in train",
        "running words not in train",
        "largest Jaccard with a training line",
        "mean of the largest",
    ]
    return table(header, rows) + f"\n\nSlot-masked utterances that occur in two splits: {shared} of {len(where)}."


def distinct(texts: list[str], n: int) -> float:
    """Distinct n-grams for every 1,000 words, in utterances drawn until `SAMPLED_WORDS` words are reached."""
    drawn, total, grams = random.Random(0).sample(texts, len(texts)), 0, set()
    for text in drawn:
        tokens = words(text)
        if total + len(tokens) > SAMPLED_WORDS:
            tokens = tokens[: SAMPLED_WORDS - total]
        total += len(tokens)
        grams.update(zip(*(tokens[i:] for i in range(n)), strict=False))
        if total == SAMPLED_WORDS:
            return 1000 * len(grams) / SAMPLED_WORDS
    raise ValueError(f"expected {SAMPLED_WORDS} words, found {total}")


def everything(data: Dataset) -> list[tuple[str, str]]:
    return [
        pair
        for name in SPLITS
        for pair in zip(*(getattr(getattr(data, name), c) for c in ("texts", "labels")), strict=True)
    ]


def mapping(source: str) -> dict[str, set[str]]:
    """Intent of a public set to the Pocket labels that are right for it."""
    with open(POCKET / "mapping.csv", encoding="utf-8", newline="") as file:
        return {r["intent"]: set(r["label"].split("|")) for r in csv.DictReader(file) if r["source"] == source}


def diversity(pocket: Dataset) -> str:
    with public_data():
        clinc, snips = datasets.load("clinc150"), datasets.load("snips2017")
    pairs = everything(pocket)
    near = mapping("clinc150")
    sources = {
        "Pocket": [t for t, _ in pairs],
        "CLINC150": [t for t, _ in everything(clinc)],
        "CLINC150, mapped intents": [t for t, label in everything(clinc) if label in near],
        "SNIPS 2017": [t for t, _ in everything(snips)],
    }
    rows = [
        [
            name,
            len(texts),
            f"{statistics.mean(len(words(t)) for t in texts):.1f}",
            *(f"{distinct(texts, n):.0f}" for n in (1, 2, 3)),
        ]
        for name, texts in sources.items()
    ]
    header = ["set", "utterances", "words each", "distinct 1-grams", "distinct 2-grams", "distinct 3-grams"]
    return table(header, rows) + f"\n\nFor every 1,000 words, in {SAMPLED_WORDS:,} words drawn from each."


LOCAL = {"counts": counts, "lengths": lengths, "separation": separation}
PUBLIC = {"diversity": diversity}


# --- the card -----------------------------------------------------------------------------------


@contextlib.contextmanager
def public_data():
    """Serves `../shared/data` on loopback where it is there and no mirror is named."""
    if os.environ.get("EDGELAB_MIRROR") or not SHARED.is_dir():
        yield
        return

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SHARED)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["EDGELAB_MIRROR"] = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        del os.environ["EDGELAB_MIRROR"]
        server.shutdown()
        server.server_close()


def put(card: str, name: str, content: str) -> str:
    """The card with the section between `<!-- figures:NAME -->` and `<!-- /figures:NAME -->` replaced."""
    start, end = f"<!-- figures:{name} -->", f"<!-- /figures:{name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.S)
    if len(pattern.findall(card)) != 1:
        raise ValueError(f"expected one section {start} … {end} in {CARD}")
    return pattern.sub(lambda _: f"{start}\n\n{content}\n\n{end}", card)


def stale(*, public: bool = False) -> list[str]:
    """Names of the sections whose committed figures are not current."""
    card, pocket = CARD.read_text("utf-8"), load_pocket(POCKET)
    sections = {**LOCAL, **(PUBLIC if public else {})}
    return [name for name, compute in sections.items() if put(card, name, compute(pocket)) != card]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if a figure is not current")
    parser.add_argument("--local", action="store_true", help="leave out what needs CLINC150 and SNIPS")
    arguments = parser.parse_args()
    if arguments.check:
        found = stale(public=not arguments.local)
        print(f"not current: {', '.join(found)}" if found else "the card's figures are current")
        return bool(found)
    card, pocket = CARD.read_text("utf-8"), load_pocket(POCKET)
    for name, compute in {**LOCAL, **({} if arguments.local else PUBLIC)}.items():
        card = put(card, name, compute(pocket))
    write_atomic(CARD, card)
    return 0


if __name__ == "__main__":
    sys.exit(main())
