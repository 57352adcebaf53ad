"""Sphinx over the laid-out sources: the site appears when it is whole."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from book.pages import lay_out
from edgelab.course.notebooks import COURSE
from edgelab.errors import UserError, disk_is_full
from edgelab.workspace import Artifact


class BookError(UserError):
    """The site could not be made; the message says why."""


def check_place(out: Path) -> None:
    """See that a site may be made there: nothing is, or an earlier one. Asked before hours of work.

    Raises:
        BookError: something else is there.
    """
    if out.exists() and not (out / ".buildinfo").is_file():
        raise BookError(f"{out}: expected a folder that is not there yet, or an earlier book; found something else")


def build_site(executed: Mapping[str, Artifact], out: Path) -> None:
    """Make the site of these notebooks in `out`, in place of the one that is there.

    Raises:
        BookError: Sphinx fails, or there is no room.
        OSError: the system refuses something else.
    """
    from sphinx.cmd.build import build_main

    sources, scratch = (out.with_name(f".{out.name}-{part}") for part in ("sources", "scratch"))
    try:
        for left in (sources, scratch):
            shutil.rmtree(left, ignore_errors=True)
        lay_out(executed, sources)
        options = ["-q", "-b", "html", "-W", "--keep-going", "-d", str(scratch / "doctrees")]
        if len(executed) < len(COURSE):  # then texts link to notebooks that are not in it
            options += ["-D", "suppress_warnings=myst.header,myst.xref_missing"]
        if build_main([*options, str(sources), str(scratch / "html")]):
            raise BookError("Sphinx could not make the book: what it said stands above")
        shutil.rmtree(out, ignore_errors=True)
        os.replace(scratch / "html", out)
    except OSError as error:
        if disk_is_full(error):
            raise BookError(f"{out}: no space left there for the book") from None
        raise
    finally:
        for left in (sources, scratch):
            shutil.rmtree(left, ignore_errors=True)
