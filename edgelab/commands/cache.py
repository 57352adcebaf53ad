"""The commands cache list and cache clear: what was built on this machine."""

import argparse

from edgelab.commands.command import Command
from edgelab.commands.output import say, show, size


def list_cache(args: argparse.Namespace) -> int:
    """A line for each folder, oldest first."""
    from edgelab import workspace

    found = workspace.stored()
    others = [entry.state for entry in found if entry.state != "built"]
    counts = [f"{len(found) - len(others)} built", *(f"{others.count(state)} {state}" for state in sorted({*others}))]
    show(f"{workspace.home()}: {', '.join(counts)}")
    for entry in found:
        built = entry.artifact
        when = f"{built.built_at}  {built.seconds:>6.0f} s" if built else f"{entry.state:<26}"
        show(f"  {when}  {size(workspace.folder_bytes(entry.path)):>9}  {entry.path.name}")
    return 0


def clear_cache(args: argparse.Namespace) -> int:
    """Delete, and say what could not be."""
    from edgelab import workspace

    cleared = workspace.clear()
    for place, reason in cleared.kept.items():
        say(f"edgelab: {place}: could not be deleted: {reason}")
    if not cleared.kept:
        show(f"deleted what was built in {workspace.home()}: {size(cleared.freed_bytes)} freed; downloads stay")
    return 2 if cleared.kept else 0


LIST = Command(
    name="list",
    run=list_cache,
    help="list what was built, oldest first",
    examples="edgelab cache list",
    more="""
What is damaged is built anew when it is asked for. What is unfinished, a process left that was killed: the next build
sweeps it.""",
)
CLEAR = Command(
    name="clear",
    run=clear_cache,
    help="delete what was built; downloads stay",
    examples="edgelab cache clear",
)
