"""The command lab: JupyterLab on the learner's copy of the notebooks."""

import argparse
import os
import sysconfig

from edgelab.commands.arguments import PORT
from edgelab.commands.command import Command
from edgelab.commands.output import show


def lab(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from jupyterlab.labapp import LabApp

    from edgelab.course.editions import lay_work_copy, newer_in_words
    from edgelab.datasets.choice import settle
    from edgelab.workspace import PACKAGE

    settle()
    work, new = lay_work_copy()
    if new:
        show(f"laid in {work}: {', '.join(path.name for path in new)}")
    show(*newer_in_words())
    put_scripts_on_path()
    first = "/00_start_here.ipynb" if (work / "00_start_here.ipynb").exists() else ""
    options = {
        "ServerApp.root_dir": work,
        "ServerApp.port": args.port,
        "ServerApp.open_browser": not args.no_browser,
        "ServerApp.allow_root": True,  # containers
        "LabApp.default_url": f"/lab/tree{first}",
        # No news, no update check, no catalogue of extensions: nothing asks the network.
        "LabApp.app_settings_dir": PACKAGE / "jupyter",
        "LabApp.extension_manager": "readonly",
    }
    LabApp.launch_instance([f"--{name}={value}" for name, value in options.items()])
    return 0


def put_scripts_on_path() -> None:
    """So that `!edgelab …` in a notebook is this environment's, activated or not."""
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `lab` takes."""
    parser.add_argument("--port", type=PORT, default=8888, help="the port to serve on (default 8888; 0: any free one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")


COMMAND = Command(
    name="lab",
    run=lab,
    help="open JupyterLab on your own copy of the notebooks",
    examples="edgelab lab --port 8890",
    arguments=arguments,
)
