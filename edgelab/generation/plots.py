"""The figures of `08_generation`."""

from typing import TYPE_CHECKING

from edgelab.course import plots

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def bars_allowed(published: "pd.DataFrame") -> "tuple[Figure, str]":
    """Published decode speeds beside what is allowed (columns params_billion, tokens_per_s, allowed, reached), and in
    words."""
    names = [f"{row.params_billion:.1f} B" for row in published.itertuples()]
    series = {"published": published["tokens_per_s"].tolist(), "allowed": published["allowed"].tolist()}
    told = [f"{name}: {share:.0%} of what is allowed" for name, share in zip(names, published["reached"], strict=True)]
    return plots.bars(names, series, "tokens a second"), "; ".join(told)
