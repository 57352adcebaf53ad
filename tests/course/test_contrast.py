"""The figures' colours: enough contrast to their ground, in any theme, and told apart with any common colour vision."""

import io
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch
from matplotlib.spines import Spine
from matplotlib.text import Text
from PIL import Image

from edgelab.course import plots
from tests.course.test_plots import drawings
from tests.explorer_grids import ROOMS, captured, explorers

WHITE = (1.0, 1.0, 1.0)
TEXT, SHAPE = 4.5, 3.0  # what WCAG 2.2 asks of them at level AA: 1.4.3 and 1.4.11
# Machado, Oliveira and Fernandes 2009, severity 1: what a colour, linear in light, becomes.
VISION = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
EXPLORED = [(room, name) for room in ("course", *ROOMS) for name in explorers(room)]


def light(colour) -> np.ndarray:
    values = np.asarray(to_rgba(colour)[:3])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(colour, ground=WHITE) -> float:
    """WCAG's ratio to white, or another ground; a colour that lets the ground through is mixed with it."""
    red, green, blue, alpha = to_rgba(colour)
    mixed = alpha * np.array([red, green, blue]) + (1 - alpha) * np.asarray(to_rgba(ground)[:3])
    lights = sorted(float(light(c) @ (0.2126, 0.7152, 0.0722)) for c in (mixed, ground))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def difference(a, b, vision=None) -> float:
    """How far apart two colours look, in units of CIELAB (CIE 1976)."""
    seen = [np.clip(np.asarray(vision or np.eye(3)) @ light(colour), 0, 1) for colour in (a, b)]
    return float(np.linalg.norm(np.subtract(*map(_lab, seen))))


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = np.array([(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)])
    xyz = to_xyz @ linear / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def pale(figure) -> list[str]:
    """What of a figure one may not see: text, and lines and areas (their edges count), but for the grid."""
    figure.draw_without_rendering()
    found = []
    for axes in figure.axes:
        frames = [axes.patch, *(text.get_bbox_patch() for text in axes.texts)]
        frames += [axes.get_legend().get_frame()] if axes.get_legend() else []
        outlines = (part.get_edgecolor() for part in axes.findobj(StepPatch) if not part.get_fill())
        edges = {to_rgba(colour)[:3] for colour in outlines if contrast(colour) >= SHAPE}  # of an area, drawn by itself
        ground = {id(part) for part in (*axes.get_xgridlines(), *axes.get_ygridlines(), *frames)}
        for part in axes.findobj():
            if part.get_visible() and id(part) not in ground:
                found += [
                    f"{type(part).__name__} {colour}"
                    for colour, least in _colours(part, axes)
                    if contrast(colour) < least and to_rgba(colour)[:3] not in edges
                ]
    return found


def _colours(part, axes) -> Iterator[tuple[object, float]]:
    """Each colour of a part, and the least contrast that it needs. The numbers in a heat map have cells for a ground."""
    if isinstance(part, Text):
        if part.get_text().strip() and not (axes.images and part in axes.texts):
            yield part.get_color(), TEXT
    elif isinstance(part, Line2D):
        if len(part.get_xdata()) and part.get_linestyle() != "None":
            yield to_rgba(part.get_color(), part.get_alpha()), SHAPE
    elif isinstance(part, PathCollection):
        yield from ((colour, SHAPE) for colour in part.get_edgecolor())
    elif isinstance(part, Patch) and not isinstance(part, Spine) and part.get_fill():
        yield part.get_facecolor(), SHAPE


def test_the_colours_are_seen_on_white_and_told_apart_by_everybody():
    assert contrast("black") == pytest.approx(21) and contrast("#777777") == pytest.approx(4.48, abs=0.01)
    assert {colour: contrast(colour) for colour in plots.COLOURS if contrast(colour) < SHAPE} == {}
    assert min(difference(a, b) for a, b in combinations(plots.COLOURS, 2)) > 30
    for vision in VISION.values():
        assert min(difference(a, b, vision) for a, b in combinations(plots.COLOURS, 2)) > 12


def test_a_pale_colour_is_named():
    drawn, axes = plots.figure()
    axes.plot([0, 1], [0, 1], color="#E69F00")
    assert pale(drawn) == ["Line2D (0.9019607843137255, 0.6235294117647059, 0.0, 1.0)"]


@pytest.mark.parametrize("name", drawings())
def test_nothing_in_a_figure_is_pale(name):
    assert pale(drawings()[name]) == []


@pytest.mark.parametrize(("room", "name"), EXPLORED)
def test_nothing_in_an_explorer_is_pale(room, name):
    with captured(room, name, real=True) as explorer:
        assert pale(explorer.draw(*explorer.start)[0]) == []


def test_nothing_in_the_figures_of_single_rooms_is_pale():
    from edgelab.privacy.plots import fleets
    from edgelab.routing.calibration import Part
    from edgelab.routing.plots import reliability
    from edgelab.stats.intervals import Interval

    parts = [Part(confidence - 0.1, confidence, 50, confidence, Interval(0.8, 0.7, 0.9)) for confidence in (0.5, 0.9)]
    assert pale(reliability({name: parts for name in ("validation", "test", "hard")})) == []
    assert pale(fleets({"as reported": np.linspace(0, 1, 50), "undone": np.linspace(0, 0.5, 50)}, 0.1)[0]) == []


def test_a_figure_brings_its_own_white_ground():
    """So that it is as readable in a dark theme as in a light one."""
    with Image.open(io.BytesIO(plots.png(drawings()["intervals"]))) as picture:
        pixels = np.asarray(picture.convert("RGBA"))
    assert (pixels[..., 3] == 255).all() and (pixels[0, 0] == 255).all()
