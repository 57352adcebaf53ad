"""Every explorer of the course over its grid: no exception, no warning, nothing that is not a number, one story told by the
sentence, the table and the figure, no figure left behind, and all of it in time for a learner's hand."""

import gc
import time
import weakref

import pytest
from matplotlib.figure import Figure

from tests.explorer_grids import ROOMS, captured, explorers, faults, points
from tests.explorers import controls_of, parts

EVERY = [(room, name) for room in ("course", *ROOMS) for name in explorers(room)]
QUICK, WHOLE = 60, 1_000  # points of a grid
MOST_S = 0.1  # of processor time for a point, on average, without its figure: the browser sends a move each 0.1 s


@pytest.mark.parametrize(("room", "name"), EVERY)
def test_its_callback_holds_wherever_its_controls_can_be(room, name):
    hold(room, name, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(("room", "name"), EVERY)
def test_its_callback_holds_over_the_whole_grid(room, name):
    """Of those with more points than can be tried in minutes, over a sample."""
    hold(room, name, WHOLE)


def hold(room, name, most):
    with captured(room, name) as explorer:
        at, found = points(explorer, most), {}
        start = time.process_time()
        for point in at:
            if wrong := faults(explorer, point):
                found[point] = wrong
        spent = time.process_time() - start
    assert found == {}
    assert spent / len(at) < MOST_S


@pytest.fixture
def made(monkeypatch):
    """The figures that were made since: weak references, that of a figure which is gone gives None."""
    kept, begin = [], Figure.__init__

    def noted(figure, *arguments, **options):
        begin(figure, *arguments, **options)
        kept.append(weakref.ref(figure))

    monkeypatch.setattr(Figure, "__init__", noted)
    return kept


@pytest.mark.parametrize(("room", "name"), EVERY)
def test_its_figures_are_drawn_at_the_ends_and_none_is_left(room, name, made):
    with captured(room, name, real=True) as explorer:
        for end in (0, -1):
            point = [each[end] for each in explorer.grid]
            found = faults(explorer, tuple(point))  # its sentences are the other test's: it hears what is drawn
            assert not [fault for fault in found if not fault.endswith(" alone")]
    box = explorers(room)[name]()
    for control, each in zip(controls_of(box), explorer.grid, strict=True):
        control.value = each[-1]
    assert parts(box)[1].startswith(b"\x89PNG") and made
    gc.collect()
    assert [figure() for figure in made if figure()] == []
