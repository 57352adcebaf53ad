"""Computes the figures of Pocket's data card and writes them into its marked sections.

    python -m benchmarks.pocket_card            # write all sections, and the hashes
    python -m benchmarks.pocket_card --check    # exit 1 if a committed figure or hash is not current
    python -m benchmarks.pocket_card --local    # only the sections that need no public data

The hashes are those of the public test lines' words (`public_test_hashes.txt`): with them a test can tell, without the
public data, that none of these lines stands among the unlabelled ones.

CLINC150 and SNIPS are read through `edgelab.datasets.load`. Where `EDGELAB_MIRROR` is not set and the folder
`../shared/data` is there, that folder is served on loopback for the time of the run.
"""

import argparse
import contextlib
import functools
import http.server
import os
import re
import statistics
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.pocket_text import SAMPLED_WORDS, distinct, hashed, masked_forms, nearest, slot_values, words
from edgelab import datasets
from edgelab.datasets.dataset import SPLITS, Dataset, Split
from edgelab.datasets.pocket import load_pocket, read_sample
from edgelab.datasets.slots import exact_match
from edgelab.distillation.outside import mapping
from edgelab.stats.intervals import accuracy_interval
from edgelab.workspace import data_home, write_atomic

POCKET = data_home() / "pocket"
CARD = POCKET / "README.md"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
HASHES = Path(__file__).with_name("public_test_hashes.txt")


def table(header: list[str], rows: list[list]) -> str:
    cells = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in row) + " |" for row in cells)


def splits(pocket: Dataset) -> dict[str, Split]:
    return {**{name: getattr(pocket, name) for name in SPLITS}, "hard": pocket.extra["hard"]}


def unlabelled() -> list[str]:
    return (POCKET / "unlabelled.txt").read_text("utf-8").splitlines()


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
    return table(["label", *per, "slot values"], rows) + f"\n\nWithout labels: {len(unlabelled()):,} lines."


def lengths(pocket: Dataset) -> str:
    rows = []
    for name, split in {**splits(pocket), "unlabelled": None}.items():
        texts = unlabelled() if split is None else split.texts
        n = sorted(len(words(t)) for t in texts)
        cut = statistics.quantiles(n, n=20)
        rows.append(
            [
                name,
                f"{statistics.mean(n):.1f}",
                f"{statistics.median(n):.0f}",
                f"{cut[0]:.0f}–{cut[-1]:.0f}",
                n[-1],
                "–" if split is None else f"{sum(not s for s in split.spans) / len(split):.0%}",
                f"{sum(t[-1] in '.?!' for t in texts) / len(texts):.0%}",
                f"{sum(t[0].isupper() for t in texts) / len(texts):.0%}",
            ]
        )
    header = ["split", "words, mean", "median", "5–95 %", "most", "no slot", "ends in . ? !", "begins with a capital"]
    return table(header, rows)


def separation(pocket: Dataset) -> str:
    train = pocket.train
    known, plain = set(slot_values(train)), set(masked_forms(train))
    vocabulary = {w for t in train.texts for w in words(t)}
    rows = []
    for name, split in splits(pocket).items():
        if name == "train":
            continue
        values, forms = slot_values(split), masked_forms(split)
        running = [w for t in split.texts for w in words(t)]
        close = nearest(split.texts, train.texts)
        rows.append(
            [
                name,
                f"{sum(v not in known for v in values) / len(values):.0%}",
                f"{sum(w not in vocabulary for w in running) / len(running):.1%}",
                f"{max(close):.2f}",
                f"{statistics.mean(close):.2f}",
                f"{sum(form in plain for form in forms)} of {len(forms)}",
            ]
        )
    header = [
        "split",
        "slot values not in train",
        "running words not in train",
        "largest Jaccard with a training line",
        "mean of the largest",
        "lines whose slot-masked form stands in train",
    ]
    validation, test = set(masked_forms(pocket.validation)), set(masked_forms(pocket.test))
    both = f"{len(validation & test)} of {len(validation | test)}"
    return table(header, rows) + f"\n\nSlot-masked utterances that occur in validation and in test: {both}."


def agreement(_: Dataset) -> str:
    """How far the two annotators of the sample agreed, before their answers were reconciled."""
    from sklearn.metrics import cohen_kappa_score

    sample, (one, other) = read_sample(POCKET / "unlabelled_sample.txt")
    same = [a == b for a, b in zip(one.labels, other.labels, strict=True)]
    slots = [exact_match(*row) for row in zip(sample.texts, one.spans, other.spans, strict=True)]
    calls = [label and rest for label, rest in zip(same, slots, strict=True)]
    none = [(a == "none") + (b == "none") for a, b in zip(one.labels, other.labels, strict=True)]
    kappa = cohen_kappa_score(one.labels, other.labels)

    def share(right: list[bool]) -> str:
        value = accuracy_interval(right)
        return f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]"

    header = [
        "lines",
        "same label, %",
        "Cohen's kappa",
        "same call, %",
        "`none` by both",
        "`none` by one",
        "`ask_cloud`",
    ]
    cloud = sample.labels.count("ask_cloud")
    return table(
        header, [[len(sample), share(same), f"{kappa:.3f}", share(calls), none.count(2), none.count(1), cloud]]
    )


def everything(data: Dataset) -> list[tuple[str, str]]:
    return [
        pair
        for name in SPLITS
        for pair in zip(*(getattr(getattr(data, name), c) for c in ("texts", "labels")), strict=True)
    ]


def public() -> tuple[Dataset, Dataset]:
    """CLINC150 and SNIPS."""
    with public_data():
        return datasets.load("clinc150"), datasets.load("snips2017")


def public_test(clinc: Dataset, snips: Dataset) -> list[str]:
    return [*clinc.test.texts, *clinc.extra["out_of_scope_test"].texts, *snips.test.texts]


def diversity(pocket: Dataset) -> str:
    clinc, snips = public()
    near = mapping("clinc150")
    sources = {
        "Pocket, with labels": [t for t, _ in everything(pocket)],
        "Pocket, without": unlabelled(),
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


def closeness(pocket: Dataset) -> str:
    """How close the lines that models learn from come to those that they are judged on."""
    clinc, snips = public()
    ours = {"train": pocket.train.texts, "unlabelled": unlabelled()}
    theirs = {
        **{f"Pocket, {name}": split.texts for name, split in splits(pocket).items() if name != "train"},
        "CLINC150, test": [*clinc.test.texts, *clinc.extra["out_of_scope_test"].texts],
        "SNIPS 2017, test": snips.test.texts,
        "CLINC150, validation": [*clinc.validation.texts, *clinc.extra["out_of_scope_validation"].texts],
    }
    rows = []
    for name, texts in theirs.items():
        found = [nearest(mine, texts) for mine in ours.values()]
        rows.append([name, *(f"{max(near):.2f}; {sum(n >= 0.8 for n in near)}" for near in found)])
    return table(["beside", *ours], rows) + "\n\nThe largest token Jaccard of a line; how many lines reach .8."


LOCAL = {"counts": counts, "lengths": lengths, "separation": separation, "agreement": agreement}
PUBLIC = {"diversity": diversity, "closeness": closeness}


def hashes() -> str:
    """A hash a line, sorted: the words of every test line of CLINC150 (out of scope, too) and SNIPS."""
    return "".join(f"{digits}\n" for digits in sorted({hashed(text) for text in public_test(*public())}))


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
    start, end = marks(name)
    return card.replace(f"{start}{section(card, name)}{end}", f"{start}\n\n{content}\n\n{end}")


def section(card: str, name: str) -> str:
    """What stands between the marks of that section now."""
    start, end = marks(name)
    found = re.findall(f"{re.escape(start)}(.*?){re.escape(end)}", card, re.S)
    if len(found) != 1:
        raise ValueError(f"expected one section {start} … {end} in {CARD}")
    return found[0]


def marks(name: str) -> tuple[str, str]:
    """Where a section of that name begins and ends."""
    return f"<!-- figures:{name} -->", f"<!-- /figures:{name} -->"


def stale(*, with_public: bool = False) -> list[str]:
    """Names of the sections whose committed figures are not current, and of the file of hashes."""
    card, pocket = CARD.read_text("utf-8"), load_pocket(POCKET)
    sections = {**LOCAL, **(PUBLIC if with_public else {})}
    found = [name for name, compute in sections.items() if put(card, name, compute(pocket)) != card]
    return found + [HASHES.name] * (with_public and HASHES.read_text("utf-8") != hashes())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if a figure is not current")
    parser.add_argument("--local", action="store_true", help="leave out what needs CLINC150 and SNIPS")
    arguments = parser.parse_args()
    if arguments.check:
        found = stale(with_public=not arguments.local)
        print(f"not current: {', '.join(found)}" if found else "the card's figures are current")
        return bool(found)
    card, pocket = CARD.read_text("utf-8"), load_pocket(POCKET)
    for name, compute in {**LOCAL, **({} if arguments.local else PUBLIC)}.items():
        card = put(card, name, compute(pocket))
    write_atomic(CARD, card)
    if not arguments.local:
        write_atomic(HASHES, hashes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
