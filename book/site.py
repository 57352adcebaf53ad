"""Sphinx over the laid-out sources: the site appears when it is whole."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from book.pages import lay_out
from edgelab.course.notebooks import COURSE
from edgelab.errors import UserError, disk_is_full, try_to_write
from edgelab.workspace import Artifact

OWN = ".edgelab-book"  # in the site: the names of its files, none of which is anybody else's


class BookError(UserError):
    """The site could not be made; the message says why."""


def check_place(out: Path) -> None:
    """See that a site may be made there: nothing is, or an earlier one with no file but its own. Asked before hours of work.

    Raises:
        BookError: something else is there, or nothing can be written there.
    """
    try:
        if os.path.lexists(out):
            own = (out / OWN).read_text("utf-8").splitlines() if (out / OWN).is_file() else None
            if own is None or out.is_symlink():
                raise BookError(
                    f"{out}: expected a folder that is not there yet, or an earlier book; found something else"
                )
            if foreign := sorted(set(_files(out)) - set(own)):
                raise BookError(
                    f"{out}: expected an earlier book and nothing else, found {foreign[0]}, which is not of it"
                )
        with contextlib.suppress(FileNotFoundError):
            out.stat()  # a name that is too long, a link that leads to itself
        out.parent.mkdir(parents=True, exist_ok=True)
        try_to_write(out.parent)
    except (OSError, ValueError) as error:
        raise BookError(f"{out}: no book can be made there: {getattr(error, 'strerror', None) or error}") from None


def _files(folder: Path) -> list[str]:
    """Every file below it, and every link."""
    return [
        (Path(place) / name).relative_to(folder).as_posix()
        for place, below, names in os.walk(folder)
        for name in (*names, *(each for each in below if (Path(place) / each).is_symlink()))
    ]


def build_site(executed: Mapping[str, Artifact], out: Path) -> None:
    """Make the site of these notebooks in `out`, in place of the one that is there.

    Raises:
        BookError: Sphinx fails, or there is no room.
        OSError: the system refuses something else.
    """
    from sphinx.cmd.build import build_main

    check_place(out)
    work = Path(tempfile.mkdtemp(dir=out.parent, prefix=".edgelab-book-"))  # of this build alone: another may run
    sources, scratch = work / "sources", work / "scratch"
    try:
        lay_out(executed, sources)
        options = ["-q", "-b", "html", "-W", "--keep-going", "-d", str(scratch / "doctrees")]
        if len(executed) < len(COURSE):  # then texts link to notebooks that are not in it
            options += ["-D", "suppress_warnings=myst.header,myst.xref_missing"]
        if build_main([*options, str(sources), str(scratch / "html")]):
            raise BookError("Sphinx could not make the book: what it said stands above")
        (scratch / "html" / OWN).write_text("\n".join([*sorted(_files(scratch / "html")), OWN, ""]), "utf-8")
        check_place(out)  # minutes have gone by
        shutil.rmtree(out, ignore_errors=True)
        os.replace(scratch / "html", out)
    except OSError as error:
        if disk_is_full(error):
            raise BookError(f"{out}: no space left there for the book") from None
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
