"""The command cloud: the stand-in in the foreground."""

import argparse

from edgelab.commands.arguments import AT_LEAST_0, PORT, SEED, SHARE, number
from edgelab.commands.command import Command
from edgelab.commands.output import show


def cloud(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import fastapi  # noqa: F401  (what is missing is told before anything else)
    import uvicorn  # noqa: F401

    from edgelab.bundle.predict import Bundle
    from edgelab.cloud.client import MODEL_VARIABLE, STAND_IN, new_key
    from edgelab.cloud.network import Network
    from edgelab.cloud.server import serve
    from edgelab.machine.serving import listen

    outage = tuple(args.outage) if args.outage else None
    network = Network(args.round_trip_ms, args.jitter, args.loss, outage)
    bundle = Bundle.load(args.bundle)
    listening = listen(args.port)
    key = new_key()

    def say(port: int) -> None:
        show(
            f"{args.bundle} answers as the model {STAND_IN!r}: {len(bundle.labels)} labels; open questions emulated",
            f"network: {network}",
            "",
            f"export OPENAI_BASE_URL=http://127.0.0.1:{port}/v1",
            f"export OPENAI_API_KEY={key}",
            f"export {MODEL_VARIABLE}={STAND_IN}",
            "",
            "Ctrl-C ends it",
        )

    serve(bundle, key, network, listening, answer_rate=args.answer_rate, seed=args.seed, on_ready=say)
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `cloud` takes."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument(
        "--port",
        type=PORT,
        default=8899,
        help="the port to serve on, on this machine only (default 8899; 0: any free one)",
    )
    parser.add_argument(
        "--round-trip-ms", type=AT_LEAST_0, default=80.0, metavar="MS", help="the median round trip (default 80)"
    )
    parser.add_argument(
        "--jitter",
        type=number(float, "a number from 0 to 3", lambda x: 0 <= x <= 3),
        default=0.3,
        help="how unequal round trips are: the standard deviation of their logarithm (default 0.3; 0: all the same)",
    )
    parser.add_argument(
        "--loss",
        type=SHARE,
        default=0.0,
        metavar="SHARE",
        help="the share of tries whose connection breaks (default 0)",
    )
    parser.add_argument(
        "--outage",
        type=AT_LEAST_0,
        nargs=2,
        metavar=("FROM", "TO"),
        help="seconds after the first request between which every connection breaks (default: never)",
    )
    parser.add_argument(
        "--answer-rate",
        type=SHARE,
        default=0.95,
        metavar="SHARE",
        help="the share of emulated answers that count as right (default 0.95)",
    )
    parser.add_argument("--seed", type=SEED, default=0, help="(default 0)")


COMMAND = Command(
    name="cloud",
    run=cloud,
    help="serve a bundle as a stand-in cloud: the OpenAI chat-completions API on this machine, behind a made-up network",
    examples="edgelab cloud data/bundles/pocket\n"
    "edgelab cloud data/bundles/pocket --round-trip-ms 200 --loss 0.05 --outage 30 60",
    more="""
Any client of that API can ask it: it prints the address and a key of this run as the environment variables that the
`openai` package reads. A request that is a tool call gets the bundle's label and slots; an open question (the label
ask_cloud) gets an emulated answer that says so. GET /network shows the network's parameters and counts what arrived,
was lost, was carried out. A request with an Idempotency-Key header is carried out once, however often it is tried.""",
    arguments=arguments,
)
