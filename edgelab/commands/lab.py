"""The command lab: JupyterLab on the learner's copy of the notebooks; everything built before a workshop."""

import argparse
import logging
import os
from typing import TYPE_CHECKING

from edgelab.commands.arguments import PORT
from edgelab.commands.command import Command
from edgelab.commands.headless import put_scripts_on_path
from edgelab.commands.output import say, show
from edgelab.errors import UserError

if TYPE_CHECKING:
    from jupyter_server.auth.identity import IdentityProvider

SHORTEST = 8  # characters of a token: whoever guesses it runs code here


class LabError(UserError):
    """JupyterLab is not served so; the message says why."""


def lab(args: argparse.Namespace) -> int:
    """Serve until interrupted; or prepare a workshop, and end.

    Raises:
        LabError: the file of the user's token is not there.
    """
    from jupyterlab.labapp import LabApp

    from edgelab.course.editions import lay_work_copy, newer_in_words
    from edgelab.datasets.choice import settle
    from edgelab.fleet.address import LOOPBACK, is_public, lan_address
    from edgelab.workspace import PACKAGE

    if args.workshop:
        from edgelab.commands.workshop import workshop

        return workshop()
    if (file := os.environ.get("JUPYTER_TOKEN_FILE")) and not os.path.isfile(file):
        raise LabError(f"{file}: expected the file that JUPYTER_TOKEN_FILE names, found none")
    host = lan_address() if args.lan else LOOPBACK
    settle()
    work, new = lay_work_copy()
    put_scripts_on_path()
    first = "/00_start_here.ipynb" if (work / "00_start_here.ipynb").exists() else ""
    options = {
        "ServerApp.ip": host,  # whatever the user's own settings of Jupyter say
        "ServerApp.root_dir": work,
        "ServerApp.port": args.port,
        "ServerApp.open_browser": not args.no_browser,
        "ServerApp.allow_root": True,  # containers
        "LabApp.default_url": f"/lab/tree{first}",
        # No news, no update check, no catalogue of extensions: nothing asks the network.
        "LabApp.app_settings_dir": PACKAGE / "jupyter",
        "LabApp.extension_manager": "readonly",
    }
    if args.lan:
        options["PasswordIdentityProvider.allow_password_change"] = False  # by whoever has the token
        options["Application.log_level"] = logging.ERROR  # a refusal is one line
    server = LabApp.initialize_server([f"--{name}={value}" for name, value in options.items()])
    see_that_it_stays(server.ip, host)
    if args.lan:
        see_that_it_is_guarded(server.identity_provider)
        server.log_level = logging.INFO
        say(*told(secret=bool(server.certfile), public=is_public(host)))
    if new:
        show(f"laid in {work}: {', '.join(path.name for path in new)}")
    show(*newer_in_words())
    server.start()
    return 0


def see_that_it_stays(found: str, host: str) -> None:
    """JupyterLab passes on what its settings say under older names, over all that it was told: that would open it to all.

    Raises:
        LabError: it would serve on another address.
    """
    if found != host:
        raise LabError(
            f"expected to serve on {host} alone, found {found or 'every address'} in Jupyter's settings: take `ip` of LabApp "
            "or NotebookApp out of them (`jupyter --paths` lists the folders)"
        )


def see_that_it_is_guarded(provider: "IdentityProvider") -> None:
    """Nobody may come in from the network but by what this user chose: Jupyter's token or its password.

    Raises:
        LabError: there is neither, or one that is empty or soon guessed; or something else than Jupyter's own decides.
    """
    from jupyter_server.auth.identity import PasswordIdentityProvider
    from jupyter_server.auth.security import passwd_check

    if type(provider) is not PasswordIdentityProvider:  # which may let in whom it likes, whatever token it names
        found = f"{type(provider).__module__}.{type(provider).__qualname__}"
        raise LabError(
            f"--lan: expected Jupyter's own check of token and password, found {found} in Jupyter's settings"
        )
    password, token = provider.hashed_password, provider.token  # asked for first: else not yet drawn
    token = "" if provider.token_generated else token
    how = f"set JUPYTER_TOKEN to {SHORTEST} characters or more, or run `jupyter lab password` once"
    if not token.strip() and not password:
        raise LabError(f"--lan: expected a token or a password that you chose, found none: {how}")
    if token and len(token.strip()) < SHORTEST:
        raise LabError(f"--lan: expected a token that is not soon guessed, found one of {len(token.strip())}: {how}")
    if password and passwd_check(password, ""):
        raise LabError(f"--lan: expected a password, found an empty one in Jupyter's settings: {how}")


def told(*, secret: bool, public: bool) -> list[str]:
    """What a user should know who lets the network in."""
    lines = ["Whoever has your token or password can run any code on this machine in your name, from this network."]
    if not secret:
        lines.append("It is plain http: others in the network can read what is sent, the token or password, too.")
    if public:
        lines.append("Its address is a public one: without a firewall, this network is the whole internet.")
    return lines


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `lab` takes."""
    parser.add_argument("--port", type=PORT, default=8888, help="the port to serve on (default 8888; 0: any free one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--lan", action="store_true", help="let the network's other devices in, by a token or password that you chose"
    )
    what.add_argument(
        "--workshop", action="store_true", help="build and verify all that the notebooks need beforehand, and end"
    )


COMMAND = Command(
    name="lab",
    run=lab,
    help="open JupyterLab on your own copy of the notebooks",
    examples="edgelab lab --port 8890\n"
    "edgelab lab --workshop               the day before: everything built and verified, then it ends\n"
    "JUPYTER_TOKEN=... edgelab lab --lan  for your second device",
    more="""
The copy lies in work/; an update of the course never touches it (`edgelab editions`).

It serves this machine alone, whatever your own settings of Jupyter say. With --lan the devices of your network come in by
JUPYTER_TOKEN or the password of `jupyter lab password`; without either it is refused. Whoever has that runs code in your
name, in one and the same work/: it is for your own second device. A class has JupyterHub (notebooks/INSTRUCTORS.md).

--workshop fetches and builds what `edgelab prepare browser`, `vision` and `generator` do, runs each notebook once so that
all it builds is kept, and writes down its SHA-256. It ends with "ready" and its time, or with what is missing, the command
that mends it, and exit code 1. The first time it takes as long as the course does from nothing; where everything stands it
only compares. Interrupted, it goes on with the notebook where it stopped. No scoreboard and no prediction is left by it.""",
    arguments=arguments,
)
