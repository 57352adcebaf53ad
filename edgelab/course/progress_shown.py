"""`so_far`: the line or two of progress that a notebook shows its learner."""

from edgelab.course.journal import read
from edgelab.course.kept import KeptError
from edgelab.course.outline import outlines
from edgelab.course.progress import next_step, overview, parts
from edgelab.course.results import wrapped
from edgelab.course.session import own_place


def so_far(notebook: str = "") -> None:
    """Print how far this notebook is, or the whole course where none is named, and what comes next. Silent where nothing
    was done yet, and wherever nothing is kept: in a test, in `edgelab run`, outside `work/`."""
    file = own_place()
    if file is None:
        return
    try:
        journal = read(file)
    except KeptError as error:
        print(error)
        return
    found = parts(journal, outlines())
    here = [part for part in found if part.begun and part.name == notebook]
    if notebook and here:
        (part,) = here
        print(f"you, so far: {part.in_words} (of about {part.promised})")
        print(wrapped(f"still to do: {', '.join(part.left)}") if part.left else f"next: {next_step(found, journal)}")
    if not notebook and any(part.begun for part in found):
        print("\n".join(overview(found, journal)))
        print("After a restart of the kernel, `check.restore()` brings back a notebook's answers that passed.")
    if journal.note and any(part.begun for part in found):
        print(journal.note)
