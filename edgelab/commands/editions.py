"""The command editions: newer editions of the learner's notebooks."""

import argparse

from edgelab.commands.command import Command
from edgelab.commands.output import show


def editions(args: argparse.Namespace) -> int:
    """Tell which there are, or lay one beside the learner's copy."""
    from edgelab.course.editions import lay_beside, newer_in_words

    if args.lay_beside:
        copy = lay_beside(args.lay_beside)
        show(
            f"laid: {copy}",
            "your own copy stays as it is; progress counts for both. In the new one, run the cell of the first exercise, then "
            "`check.restore()`: your answers that passed are there again, and are judged by its checks",
        )
        return 0
    show(*(newer_in_words() or ["your notebooks are of the course's present edition, or not laid yet"]))
    return 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `editions` takes."""
    parser.add_argument(
        "--lay-beside",
        metavar="NOTEBOOK",
        help="copy the course's present edition into work/, over nothing: a name or number, such as 02",
    )


COMMAND = Command(
    name="editions",
    run=editions,
    help="tell which of your notebooks have a newer edition in the course, and lay it beside yours",
    more="An update of the course never touches work/.\n",
    examples="edgelab editions\nedgelab editions --lay-beside 02",
    arguments=arguments,
)
