"""The commands fleet and fleet report: the device lab in the foreground, and what its reports say."""

import argparse
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.commands.arguments import PORT, POSITIVE, whole
from edgelab.commands.command import Command
from edgelab.commands.output import print_table, say, show
from edgelab.declarations import Stored

if TYPE_CHECKING:
    from edgelab.fleet.server import Opened
    from edgelab.fleet.store import Store

DECLARED = (
    Stored(
        what="a session's table, as CSV",
        where="{chosen}",
        how_long="until deleted by hand",
        about="device",
        part="course",
    ),
)

SESSION_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,39}"


def fleet(args: argparse.Namespace) -> int:
    """Serve until interrupted; then say where the reports are."""
    import fastapi  # noqa: F401  (what is missing is told before anything else)
    import segno  # noqa: F401

    from edgelab.fleet.address import LOOPBACK, lan_address
    from edgelab.fleet.server import open_lab, serve
    from edgelab.machine.assets import assets

    host = lan_address() if args.lan else LOOPBACK
    places = {"host": host, "port": args.port, "db": args.db, "session": args.session}
    opened = open_lab(args.bundle, assets(), texts=args.texts, **places)
    try:
        serve(opened, say, lambda: show(*_opening(args, opened)))
    finally:
        name = opened.session.name
        say(_kept(opened.store, name), f"edgelab fleet report --session {name}{_db(args)}")
    return 0


def _kept(store: "Store", session: str) -> str:
    from edgelab.fleet.content import FleetError

    try:
        visits, reports = store.count(session)
        store.close()
    except FleetError as error:  # it is down: said beside why the lab ended, not in its place
        return f"reports of session {session}: {error}"
    return f"{reports} reports of {visits} devices, session {session}, are in {store.where}"


def _opening(args: argparse.Namespace, opened: "Opened") -> list[str]:
    from edgelab.fleet.address import is_public, qr_lines
    from edgelab.fleet.api import SENT

    content = opened.content
    lines = [
        f"{args.bundle} ({content.model}, {content.size_bytes / 1e6:.1f} MB) with {len(content.texts)} texts to run",
        "",
        f"  {opened.url}",
        "",
    ]
    code = qr_lines(opened.url)
    if _writable("".join(code)):
        lines += [*code, ""]
    if args.lan:
        lines += [
            "Whoever has this address can take part, from this network. It is plain http: others in the network can read",
            f"what is sent: the bundle, the texts, and of each device {SENT}.",
        ]
        if is_public(opened.host):
            lines.append(f"{opened.host} is a public address: without a firewall, this network is the whole internet.")
    else:
        lines.append("Only this machine can open it; --lan lets the network's other devices in.")
    return [
        *lines,
        f"Reports are kept in {opened.store.where}.",
        f"Should it stop, this goes on: {_again(args, opened)}",
        "",
        "Ctrl-C ends it",
    ]


def _again(args: argparse.Namespace, opened: "Opened") -> str:
    """The command that continues this session at its address."""
    lan, texts = ["--lan"] if args.lan else [], ["--texts", str(args.texts)] if args.texts else []
    at = ["--port", str(opened.port), "--session", opened.session.name]
    return shlex.join(["edgelab", "fleet", str(args.bundle), *lan, *at, *texts]) + _db(args)


def _db(args: argparse.Namespace) -> str:
    return " --db URL" if args.db else ""  # a password may stand in it


def _writable(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def report(args: argparse.Namespace) -> int:
    """The table of what may be shown; single devices go into a file alone.

    Raises:
        FleetError: that file cannot be written to.
    """
    from edgelab.fleet.content import FleetError
    from edgelab.fleet.release import LIMITS, latest, released
    from edgelab.fleet.table import as_csv, read_rows
    from edgelab.workspace import write_atomic

    name, rows = read_rows(args.db, args.session)
    limits = dict(zip(LIMITS, (args.latency_ms, args.first_ms), strict=True))
    if args.csv:
        file = args.csv.resolve()  # what a link leads to: else the link itself would be replaced
        if file.exists() and not file.is_file():  # nor a device, nor a pipe
            raise FleetError(f"{args.csv}: expected the name of a file, found something else of that name")
        try:
            write_atomic(file, as_csv(rows))
        except OSError as error:
            raise FleetError(f"{args.csv}: cannot be written to: {error.strerror or error}") from None
        say(f"{args.csv}: {len(rows)} reports of single devices: for you, not to be passed on")
    groups = released(rows, limits, args.k)
    if not groups:
        show(f"session {name}: {len(latest(rows))} devices; nothing is shown of fewer than {args.k} (--k)")
        return 0
    head = ["devices of session " + name, "number", *(f"{what} within {ms:g} ms" for what, ms in limits.items())]
    lines = [[g.name, str(g.devices), *(f"{share:.0%}" for share in g.within)] for g in groups]
    print_table([head, *lines])
    show(
        "",
        f"shares of devices with 95 % intervals (Wilson); groups of fewer than {args.k} are pooled as other.",
        "Show one such table, at the end: two of different moments differ by the devices that came between.",
    )
    return 0


def _session(text: str) -> str:
    if not re.fullmatch(SESSION_NAME, text):
        raise argparse.ArgumentTypeError(
            f"expected a name of at most 40 letters, digits, dots, dashes, found {text[:60]!r}"
        )
    return text


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--db",
        metavar="URL",
        help="where reports are kept: sqlite:///FILE or postgresql://USER@HOST/NAME (default: a SQLite file in EDGELAB_HOME)",
    )


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    """What `fleet` takes."""
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="the folder of a bundle")
    parser.add_argument("--lan", action="store_true", help="let the network's other devices in (default: this machine)")
    parser.add_argument("--port", type=PORT, default=8898, help="the port (default 8898; 0: any free one)")
    _common(parser)
    parser.add_argument(
        "--session",
        metavar="NAME",
        type=_session,
        help="the session's name; one that is there is continued, with the address that its devices have (default: a new one)",
    )
    parser.add_argument(
        "--texts",
        metavar="FILE",
        type=Path,
        help="texts to run, one a line, which every device gets (default: Pocket's, if the bundle has its labels)",
    )


def report_arguments(parser: argparse.ArgumentParser) -> None:
    """What `fleet report` takes."""
    _common(parser)
    parser.add_argument("--session", metavar="NAME", type=_session, help="(default: the newest that has reports)")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write every report there, a line each")
    parser.add_argument("--k", type=whole(2, 1000), default=5, help="show no group of fewer devices (default 5)")
    parser.add_argument(
        "--latency-ms", type=POSITIVE, default=50.0, metavar="MS", help="what 90 %% of answers should keep (default 50)"
    )
    parser.add_argument(
        "--first-ms",
        type=POSITIVE,
        default=3000.0,
        metavar="MS",
        help="what the first answer should keep, the download counted (default 3000)",
    )


SERVE = Command(
    name="fleet",
    run=fleet,
    help="the device lab: phones open a QR code, run a bundle in their browsers and report how fast it is",
    examples="edgelab fleet data/bundles/pocket\nedgelab fleet data/bundles/pocket --lan --session monday",
    more="""
The page says what it sends and asks first. Reports are anonymous: no name, no address, no time of the device. Whoever
has the token in the QR code's address can take part; it stays good for its session. A password of PostgreSQL is better
kept in ~/.pgpass or PGPASSWORD than in the URL, where other users of this machine can read it.""",
    arguments=serve_arguments,
)
REPORT = Command(
    name="fleet report",
    run=report,
    help="the share of devices that keep limits of latency, with intervals; every report as CSV",
    examples="edgelab fleet report\nedgelab fleet report --session monday --latency-ms 20 --csv room.csv",
    more="""
Devices are grouped by kind and system. A group of fewer than --k devices is pooled with others, so that no line, and no
difference of lines, is of fewer. The CSV has single devices: it is for whoever ran the session.""",
    arguments=report_arguments,
)
