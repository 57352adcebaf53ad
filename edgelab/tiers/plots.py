"""The figures of `06_tiers`."""

from typing import TYPE_CHECKING

from edgelab.course import plots

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from edgelab.tiers.lines import Line


def bars_to_the_wall(figures: "pd.DataFrame") -> "tuple[Figure, str]":
    """Published decode speeds beside what bandwidth allows (rows of `memory_wall.published_wall`, with a wall), and in words."""
    names = [f"{row.params_billion:.1f} B, {row.precision}" for row in figures.itertuples()]
    series = {"published": figures["tokens_per_s"].tolist(), "the wall": figures["wall_tokens_per_s"].tolist()}
    told = [f"{name}: {share:.0%} of the wall" for name, share in zip(names, figures["share_of_wall"], strict=True)]
    return plots.bars(names, series, "tokens a second"), "; ".join(told)


def drawn(lines: "Sequence[Line]") -> "tuple[Figure, str]":
    """Lines as they were drawn, one below the other, and in words."""
    from matplotlib.figure import Figure

    from edgelab.tiers.lines import sheet

    figure = Figure(figsize=(5, 0.35 * len(lines)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet(lines), cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    return figure, "; ".join(f"{line.text}{', upside down' if line.turned else ''}" for line in lines)
