"""What this machine can do, what is installed, what is missing and the command that mends it."""

import argparse
import importlib.metadata
import importlib.util
import os
import re
import shutil

from edgelab import __version__
from edgelab.commands.command import Command
from edgelab.commands.output import show, size

INSTALL = "`make env`, or in your own environment `pip install '.[course]'`"


def report() -> list[str]:
    """The lines of `edgelab doctor`."""
    from edgelab import workspace
    from edgelab.machine.host import FEATURES, host

    machine, home = host(), workspace.home()
    existing = next(folder for folder in (home, *home.parents) if os.path.exists(folder))
    encoder = encoder_state() if importlib.util.find_spec("torch") else "not checked: it needs torch"
    browser = browser_state()
    versions = workspace.versions(required_libraries())
    lines = [
        f"edgelab     {__version__}, Python {machine.python}, {machine.system}",
        f"processor   {machine.cpu} ({machine.architecture}), {machine.cores} cores for this process",
    ]
    for name in machine.relevant_features:
        known = "?" if machine.features is None else "yes" if name in machine.features else "no"
        lines.append(f"  {name:<12}{known:<5}{FEATURES[name][2]}")
    lines += [
        f"memory      {size(machine.memory_bytes)}, {size(machine.available_bytes)} of it available",
        f"artifacts   {home}: {size(workspace.folder_bytes(home))} used, {size(shutil.disk_usage(existing).free)} free",
        f"encoder     {encoder}",
        f"browser     {browser}",
        "libraries",
        *(f"  {name:<21}{'missing' if version == '-' else version}" for name, version in versions.items()),
    ]

    advice = []
    missing = [name for name, version in versions.items() if version == "-"]
    if not versions:
        advice.append(f"edgelab is not installed here, it only runs from its folder: run {INSTALL}")
    if missing:
        advice.append(f"missing {', '.join(missing)}: run {INSTALL}")
    if not encoder.startswith(("verified", "not checked")):
        advice.append(encoder)
    if not browser.startswith(("built", "not checked")):
        advice.append(browser)
    if not (os.path.isdir(existing) and os.access(existing, os.W_OK)):
        advice.append(f"{existing}: nothing can be kept there: set EDGELAB_HOME to a folder that you may write to")
    if workspace.checkout() is None:
        advice.append("the notebooks are not here (bundles are served all the same): get the course's folder for them")
    if 0 < machine.memory_bytes < 2e9:
        advice.append("less than 2 GB of memory: the notebooks that train may not fit; close other programs")
    lines.append("to mend" if advice else "all there: `edgelab lab` opens the course")
    return lines + [f"  - {line}" for line in advice]


def required_libraries() -> tuple[str, ...]:
    """Names of the packages that the course needs, from the installed package's own metadata; () if it has none."""
    try:
        requirements = importlib.metadata.requires("edgelab-workbook") or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    needed = (line for line in requirements if not re.search(r"extra == .test", line))
    return tuple(name for line in needed for name in re.findall(r"^[\w.-]+", line))


def encoder_state() -> str:
    """Whether the pretrained encoder is present and the official one."""
    from edgelab.models.weights import WeightsError, pretrained_folder

    try:
        return f"verified: the official all-MiniLM-L6-v2, in {pretrained_folder()}"
    except (WeightsError, OSError) as error:
        return str(error)


def browser_state() -> str:
    """Whether the files that a browser runs bundles with are built."""
    from edgelab.machine.assets import AssetsError, assets

    try:
        return f"built: {assets()}"
    except ImportError:
        return "not checked: it needs jupyter_core"
    except AssetsError as error:
        return str(error)


def doctor(args: argparse.Namespace) -> int:
    """Print the report."""
    show(*report())
    return 0


COMMAND = Command(
    name="doctor",
    run=doctor,
    help="say what this machine can do, and what is missing",
    examples="edgelab doctor",
)
