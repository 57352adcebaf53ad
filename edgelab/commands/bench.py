"""The command bench: bundles timed side by side, or generators."""

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from edgelab.commands.arguments import whole
from edgelab.commands.bench_generators import PROMPT, REQUESTS, TOKENS, are_generators, bench_generators
from edgelab.commands.command import Command
from edgelab.commands.output import interval, print_json, print_table, show

if TYPE_CHECKING:
    from edgelab.bundle.evaluation import Evaluation
    from edgelab.bundle.predict import Bundle
    from edgelab.measurement.bundles import Start, Timing


def bench(args: argparse.Namespace) -> int:
    """Time the bundles, or the generators, and print a table or JSON."""
    return bench_generators(args) if are_generators(args.bundles) else bench_bundles(args)


def bench_bundles(args: argparse.Namespace) -> int:
    """Time the bundles, and print a table or JSON."""
    from edgelab.bundle.evaluation import evaluate
    from edgelab.bundle.predict import Bundle
    from edgelab.datasets.loading import load_split
    from edgelab.machine.host import host
    from edgelab.measurement import bundles as timing
    from edgelab.measurement.comparison import BLOCK

    requests = args.requests or timing.REQUESTS
    bundles = [Bundle.load(folder) for folder in args.bundles]
    examples = load_split(args.data).examples if args.data is not None else None
    texts = examples.texts if examples else timing.TEXTS
    named = {str(i): bundle for i, bundle in enumerate(bundles)}  # one may be given twice
    timed = timing.time_bundles(named, texts, requests=requests, block=BLOCK)
    folders = {name: bundle.folder for name, bundle in named.items()}
    starts = timing.start_bundles(folders, texts[0], rounds=args.starts) if args.starts else {}
    right = [evaluate(bundle, examples) for bundle in bundles] if examples else []
    found = entries(args.bundles, bundles, list(timed.values()), list(starts.values()), right)
    if args.json:
        asked = {"requests": requests, "in_a_row": BLOCK, "threads": 1}
        print_json({"host": asdict(host()), **asked, "bundles": found})
        return 0
    print_table(list(rows(found)))
    show(
        "",
        f"{requests} requests to each, interleaved, {BLOCK} in a row, 1 thread, text in, label and slots out",
        f"in brackets: 95 % intervals; faster or slower where that of the ratio leaves 1 behind; {host().cpu}",
    )
    if starts:
        show(
            f"first answer: median of {args.starts} fresh processes, interleaved; "
            "RSS, PSS: peak memory, all pages or shared ones in parts"
        )
    return 0


def entries(
    folders: list[str],
    bundles: "list[Bundle]",
    timed: "list[Timing]",
    starts: "list[Start]",
    right: "list[Evaluation]",
) -> list[dict[str, object]]:
    """What was measured of each bundle, as JSON has it; ratios are to the first."""
    from edgelab.measurement.bundles import ends, percentiles
    from edgelab.measurement.comparison import BLOCK, compare

    first, found = timed[0].with_tokenizer, []
    for i, (folder, bundle) in enumerate(zip(folders, bundles, strict=True)):
        whole_way = timed[i].with_tokenizer
        entry = {
            "bundle": folder,
            "model": bundle.manifest["model"],
            "size_bytes": bundle.size_bytes,
            "latency_ms": percentiles(whole_way),
            "latency_without_tokenizer_ms": percentiles(timed[i].without_tokenizer),
            "speed_ratio": ends(compare(whole_way, first, block=BLOCK).ratio),  # how much longer the first one takes
            "size_ratio": bundles[0].size_bytes / bundle.size_bytes,
            "verdict": compare(first, whole_way, block=BLOCK).verdict if i else "the first",
            "samples_ms": whole_way.milliseconds,
        }
        if right:
            calls = right[i].call_exact_match
            entry |= {"accuracy": ends(right[i].accuracy), "call_exact_match": calls and ends(calls)}
        if starts:
            entry["first_answer_ms"] = starts[i].first_answer.milliseconds
            entry |= {"peak_rss_bytes": starts[i].peak_rss_bytes, "peak_pss_bytes": starts[i].peak_pss_bytes}
        found.append(entry)
    return found


def rows(entries: list[dict]) -> Iterator[list[str]]:
    """The entries, a row each, after their heading."""
    from edgelab.measurement.bundles import PERCENTILES

    measures = {"accuracy": "accuracy", "call_exact_match": "calls exact"}
    judged = {name: title for name, title in measures.items() if entries[0].get(name)}
    columns = [f"p{q}, ms" for q in PERCENTILES]
    started = ["first answer, ms", "RSS, MB", "PSS, MB"] if "first_answer_ms" in entries[0] else []
    columns += ["p50 without tokenizer", "times faster than the first", "verdict", *judged.values(), *started]
    yield ["bundle", "MB", *columns]
    for entry in entries:
        shown = [interval(entry["latency_ms"][f"p{q}"]) for q in PERCENTILES]
        bare = interval(entry["latency_without_tokenizer_ms"]["p50"])
        ratio = interval(entry["speed_ratio"], ".2f")
        row = [entry["bundle"], f"{entry['size_bytes'] / 1e6:.3f}", *shown, bare, ratio, entry["verdict"]]
        row += [interval(entry[name]) for name in judged]
        if started:
            memory = (entry["peak_rss_bytes"], entry["peak_pss_bytes"])
            row += [f"{statistics.median(entry['first_answer_ms']):.0f}"]
            row += [f"{bytes_ / 1e6:.0f}" if bytes_ else "-" for bytes_ in memory]
        yield row


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `bench` takes."""
    parser.add_argument("bundles", nargs="+", metavar="BUNDLE", help="the folder of a bundle, or of a generator")
    parser.add_argument(
        "--data",
        help="whose test texts to ask, as for evaluate; then it also says how many are answered right (default: a list "
        "of requests)",
    )
    parser.add_argument(
        "--requests",
        type=whole(10, 1_000_000),
        metavar="N",
        help=f"requests to each (default 1000, of generators {REQUESTS}); half the difference needs four times as many",
    )
    parser.add_argument(
        "--starts",
        type=whole(0, 1000),
        default=0,
        metavar="N",
        help="also start each bundle in N fresh processes: time to the first answer, peak memory (default 0)",
    )
    parser.add_argument(
        "--prompt-tokens",
        type=whole(1, 100_000),
        default=PROMPT,
        metavar="N",
        help=f"of generators: tokens that each request reads (default {PROMPT})",
    )
    parser.add_argument(
        "--tokens",
        type=whole(2, 100_000),
        default=TOKENS,
        metavar="N",
        help=f"of generators: tokens that each request writes (default {TOKENS})",
    )
    parser.add_argument(
        "--threads", type=whole(1, 256), default=1, help="of generators: threads that compute (default 1)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with every sample, instead of a table")


COMMAND = Command(
    name="bench",
    run=bench,
    help="time bundles, or generators, side by side in one process: percentiles with their 95 % intervals, and is it faster than the first?",
    examples="edgelab bench out/bundle data/bundles/pocket\n"
    "edgelab bench yesterday/bundle today/bundle --data my_data.csv --requests 5000\n"
    "edgelab bench yesterday/bundle today/bundle --starts 10 --json\n"
    "edgelab bench fp32 int8 int4-k",
    more="""
The bundles take turns, a few requests each, so that a slow moment of the machine falls on all of them; each turn gives
a ratio to the first bundle. The verdict is `faster` or `slower` where the 95 % interval of the median ratio leaves 1
behind, else `not told apart`: then more requests may tell. Try one bundle twice to see how restless the machine is.
With --data, accuracy stands beside the times, and where the data has slots the share of calls, label and slots, that
are right as a whole.

Generators are timed by the token: the folder of a built one, or fp32, int8, int4, int4-k of those that
`edgelab prepare generator` built; the folder of a checkpoint as transformers saves it is run by torch.""",
    arguments=arguments,
)
