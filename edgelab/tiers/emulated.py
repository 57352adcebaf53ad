"""python -m edgelab.tiers.emulated, in a fresh process: a bundle's first answer, then requests on a schedule.

Reads one JSON object from standard input (`folder`, `threads`, `runtime`, `address_bytes`, `texts`, `arrivals_ms`). It
prints the first text's label as soon as it is there, then a JSON object: when each request was due, begun and answered.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Do what is read."""
    settings = json.load(sys.stdin)
    if settings["address_bytes"]:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (settings["address_bytes"],) * 2)
    # Only now, so that loading the libraries falls under the limit, too.
    from edgelab.bundle.predict import Bundle

    bundle, kernels = Bundle.load(settings["folder"], threads=settings["threads"]), {}
    if settings["runtime"] == "openvino":
        from edgelab.export.runtimes import in_openvino

        bundle = in_openvino(bundle, precision="f32", threads=settings["threads"])
        kernels = bundle.session.kernels()
    print(json.dumps(bundle.predict(settings["texts"][0]).label), flush=True)

    from edgelab.measurement.load import open_load

    load = open_load(bundle.predict, settings["texts"], settings["arrivals_ms"])
    result: dict[str, Any] = {"due_ms": load.due_ms, "begun_ms": load.begun_ms, "ended_ms": load.ended_ms}
    print(json.dumps(result | {"kernels": kernels, "peak_bytes": _peak_bytes()}))


def _peak_bytes() -> int:
    """The most memory that this process was resident with, exact on Linux; 0 where the system does not tell it of a process
    alone (what `getrusage` tells begins with its parent's)."""
    status = Path("/proc/self/status")
    lines = status.read_text("utf-8").splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
