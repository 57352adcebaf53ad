"""The command cloud: the stand-in in the foreground."""

import argparse


def cloud(args: argparse.Namespace) -> int:
    import secrets

    import fastapi  # noqa: F401  (what is missing is told before anything else)
    import uvicorn  # noqa: F401

    from edgelab.bundle.predict import Bundle
    from edgelab.cloud.client import MODEL_VARIABLE, STAND_IN
    from edgelab.cloud.network import Network
    from edgelab.cloud.server import listen, serve

    outage = tuple(args.outage) if args.outage else None
    network = Network(args.round_trip_ms, args.jitter, args.loss, outage)
    bundle = Bundle.load(args.bundle)
    listening = listen(args.port)
    key = f"sk-stand-in-{secrets.token_urlsafe(24)}"

    def say(port: int) -> None:
        print(f"{args.bundle} answers as the model {STAND_IN!r}: {len(bundle.labels)} labels; open questions emulated")
        print(f"network: {network}")
        print(f"\nexport OPENAI_BASE_URL=http://127.0.0.1:{port}/v1")
        print(f"export OPENAI_API_KEY={key}")
        print(f"export {MODEL_VARIABLE}={STAND_IN}")
        print("\nCtrl-C ends it", flush=True)

    serve(bundle, key, network, listening, answer_rate=args.answer_rate, seed=args.seed, on_ready=say)
    return 0
