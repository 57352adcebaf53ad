"""What the explorers share: a figure and a table that follow the controls."""

import html
from collections.abc import Callable

import ipywidgets
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course.plots import png

# JupyterLab leaves no room between the cells of a table that a widget shows.
SPACED = "<style>table.spaced td, table.spaced th { padding: 0.2em 0.8em; text-align: right; }</style>"
SCROLLS = {"overflow": "auto"}  # by itself, where the window is narrower than the table


def explorer(controls: list, draw: Callable[..., tuple[Figure, str, pd.DataFrame]]) -> ipywidgets.VBox:
    """Controls over a picture and its table. `draw(*values)` gives the figure, its alt text and the table; it runs
    once now and again at each move."""
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    alt, table = ipywidgets.HTML(), ipywidgets.HTML(layout=SCROLLS)

    def update(_: object = None) -> None:
        figure, words, data = draw(*(control.value for control in controls))
        picture.value, picture.tooltip = png(figure), words  # its title: an image widget carries no alt text
        alt.value = f"<p>{html.escape(words)}</p>"
        table.value = spaced(data)

    for control in controls:
        control.observe(update, names="value")
    update()
    return ipywidgets.VBox([*controls, alt, picture, table])


def spaced(data: pd.DataFrame) -> str:
    """A table as HTML, with room between its cells."""
    return SPACED + data.to_html(index=False, border=0, classes="spaced")


def slider(label: str, value: float, low: float, high: float, step: float, form: str = ".2f") -> ipywidgets.FloatSlider:
    """A labelled slider that follows the keyboard and the mouse while moving."""
    return ipywidgets.FloatSlider(
        value=value,
        min=low,
        max=high,
        step=step,
        description=label,
        readout_format=form,
        style={"description_width": "initial"},
        layout={"width": "min(100% - 4px, 560px)"},
    )


def menu(label: str, options: list[str]) -> ipywidgets.Dropdown:
    """A labelled choice of one, wide enough for the longest where the page is."""
    longest = max(len(option) for option in [label, *options])
    return ipywidgets.Dropdown(
        options=options,
        description=label,
        style={"description_width": "initial"},
        layout={"width": f"min(100% - 4px, {max(560, 120 + 7 * longest)}px)"},  # beside it, margins of 2 px
    )
