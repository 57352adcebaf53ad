"""The commands about bundles: build, bench, predict, evaluate."""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict


def build(args: argparse.Namespace) -> int:

    from edgelab import datasets

    data = datasets.load(args.data)  # what is wrong with it is told before the slow imports
    import torch  # noqa: F401  (and what is missing before the first stage)

    from edgelab.build.page import cells, verdict
    from edgelab.build.pipeline import build as run
    from edgelab.selection.bar import Bar

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    bar = Bar(args.retention, args.max_mb, args.max_p95_ms)
    try:
        report = run(data, args.out, bar, threads=args.threads, seed=args.seed, say=say)
    except KeyboardInterrupt:
        say("edgelab: interrupted; the same command goes on from the last finished stage")
        return 130
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print_table([row[:7] for row in cells(report)])  # the rest is on the page
        print(f"\n{verdict(report)}\n{args.out}: {', '.join(sorted(f.name for f in args.out.iterdir()))}")
    if report["chosen"] is None:
        say(f"edgelab: {verdict(report)}")
        return 3
    return 0


def bench(args: argparse.Namespace) -> int:
    from edgelab import datasets
    from edgelab.bundle.predict import Bundle
    from edgelab.machine.host import host
    from edgelab.measurement import bundles as timing
    from edgelab.measurement.comparison import BLOCK, compare

    bundles = {str(i): Bundle.load(folder) for i, folder in enumerate(args.bundles)}  # one may be given twice
    texts = datasets.load(args.data).test.texts if args.data else timing.TEXTS
    timed = timing.time_bundles(bundles, texts, requests=args.requests, block=BLOCK)
    folders = {name: bundle.folder for name, bundle in bundles.items()}
    starts = timing.start_bundles(folders, texts[0], rounds=args.starts) if args.starts else {}
    first, entries = timed["0"].with_tokenizer, []
    for folder, name in zip(args.bundles, bundles, strict=True):
        whole, bundle = timed[name].with_tokenizer, bundles[name]
        faster = compare(whole, first, block=BLOCK)  # how much longer the first one takes
        entry = {
            "bundle": folder,
            "model": bundle.manifest["model"],
            "size_bytes": bundle.size_bytes,
            "latency_ms": timing.percentiles(whole),
            "latency_without_tokenizer_ms": timing.percentiles(timed[name].without_tokenizer),
            "speed_ratio": asdict(faster.ratio),
            "size_ratio": bundles["0"].size_bytes / bundle.size_bytes,
            "verdict": compare(first, whole, block=BLOCK).verdict if name != "0" else "the first",
            "samples_ms": whole.milliseconds,
        }
        if starts:
            start = starts[name]
            entry["first_answer_ms"] = start.first_answer.milliseconds
            entry |= {"peak_rss_bytes": start.peak_rss_bytes, "peak_pss_bytes": start.peak_pss_bytes}
        entries.append(entry)
    if args.json:
        requests = {"requests": args.requests, "in_a_row": BLOCK, "threads": 1}
        print(json.dumps({"host": asdict(host()), **requests, "bundles": entries}, indent=1))
        return 0
    print_table(list(bench_rows(entries)))
    print(f"\n{args.requests} requests to each, interleaved, {BLOCK} in a row, 1 thread, text in, label and slots out")
    print(f"in brackets: 95 % intervals; faster or slower where that of the ratio leaves 1 behind; {host().cpu}")
    if starts:
        how = f"median of {args.starts} fresh processes, interleaved; RSS, PSS: peak memory, all pages or shared ones in parts"
        print(f"first answer: {how}")
    return 0


def bench_rows(entries: list[dict]) -> Iterator[list[str]]:
    """The entries of `bench`, a row each, after their heading."""
    from edgelab.measurement.bundles import PERCENTILES
    from edgelab.stats.intervals import Interval

    def interval(ends: dict, form: str = ".3f") -> str:
        known = {k: float("inf") if v is None else v for k, v in ends.items()}
        return format(Interval(**known), form)

    columns = [f"p{q}, ms" for q in PERCENTILES]
    started = ["first answer, ms", "RSS, MB", "PSS, MB"] if "first_answer_ms" in entries[0] else []
    yield ["bundle", "MB", *columns, "p50 without tokenizer", "times faster than the first", "verdict", *started]
    for entry in entries:
        shown = [interval(entry["latency_ms"][f"p{q}"]) for q in PERCENTILES]
        bare = interval(entry["latency_without_tokenizer_ms"]["p50"])
        ratio = interval(entry["speed_ratio"], ".2f")
        row = [entry["bundle"], f"{entry['size_bytes'] / 1e6:.3f}", *shown, bare, ratio, entry["verdict"]]
        if started:
            memory = (entry["peak_rss_bytes"], entry["peak_pss_bytes"])
            row += [f"{statistics.median(entry['first_answer_ms']):.0f}"]
            row += [f"{bytes_ / 1e6:.0f}" if bytes_ else "-" for bytes_ in memory]
        yield row


def print_table(rows: list[list[str]]) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        print("  ".join(cells).rstrip())


def predict(args: argparse.Namespace) -> int:
    from edgelab.bundle.predict import Bundle

    if not args.texts and sys.stdin.isatty():
        args.parser.error("nothing to answer: give a TEXT in quotes, or `-` to read lines from standard input")
    bundle = Bundle.load(args.bundle)
    sys.stdout.reconfigure(encoding="utf-8")
    for text in standard_input() if args.texts in ([], ["-"]) else args.texts:
        answer = bundle.predict(text)
        fields = ("text", "label", "slots", "confidence", "latency_ms")
        print(json.dumps({name: getattr(answer, name) for name in fields}, ensure_ascii=False), flush=True)
    return 0


def standard_input() -> Iterator[str]:
    from edgelab.datasets.sources import DataError

    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise DataError(
                f"standard input, line {number}: expected UTF-8, found byte 0x{line[error.start]:02x}"
            ) from None
        if text:
            yield text


def evaluate(args: argparse.Namespace) -> int:
    from edgelab import datasets
    from edgelab.bundle import Bundle
    from edgelab.bundle import evaluate as run

    model = Bundle.load(args.bundle)
    data = datasets.load(args.data)
    split = choose_split(data, args.split)
    result = run(model, split)
    if args.json:
        report = {
            "bundle": str(args.bundle),
            "data": data.name,
            "split": args.split,
            "examples": len(split),
            "accuracy": asdict(result.accuracy),
            "slot_exact_match": asdict(result.slot_exact_match) if result.slot_exact_match else None,
            "per_label": {name: {"right": right, "total": total} for name, (right, total) in result.per_label.items()},
            "unknown_labels": result.unknown_labels,
        }
        print(json.dumps(report, indent=1))
        return 0
    print(f"{args.bundle} on {data.name}, {args.split}: {len(split)} examples")
    print(f"accuracy           {result.accuracy}   (95 % interval)")
    if result.slot_exact_match:
        print(f"slot exact match   {result.slot_exact_match}")
    if result.unknown_labels:
        listed = ", ".join(f"{name} ({count})" for name, count in result.unknown_labels.items())
        print(f"labels that the bundle never learned, counted as wrong: {listed}")
    width = max(len("label"), *map(len, result.per_label)) + 2
    print(f"\n{'label':<{width}}{'right':>7}{'of':>6}{'share':>8}   (hardest first)")
    for name, (right, total) in sorted(result.per_label.items(), key=lambda item: (item[1][0] / item[1][1], item[0])):
        print(f"{name:<{width}}{right:>7}{total:>6}{right / total:>8.3f}")
    return 0


def choose_split(data, name: str):
    """The split of that name; `all` is train, validation and test together."""
    from edgelab.datasets.dataset import SPLITS, Split
    from edgelab.datasets.sources import DataError

    splits = {split: getattr(data, split) for split in SPLITS} | data.extra
    if name == "all":
        parts = [splits[split] for split in SPLITS]
        spans = None if parts[0].spans is None else sum((part.spans for part in parts), ())
        return Split(sum((part.texts for part in parts), ()), sum((part.labels for part in parts), ()), spans)
    if name not in splits:
        raise DataError(f"{data.name} has no split {name!r}; it has {', '.join(splits)}, and all")
    return splits[name]
