"""The explorers of `03_export` count nodes: no axis shows half a node."""

from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.export import widgets


def test_the_axis_of_a_count_has_whole_numbers():
    operators, series = ["Gelu", "Mul"], {"taken": [0, 0], "left to the CPU": [1, 3]}

    def ticks(figure: Figure) -> list[float]:
        figure.draw_without_rendering()
        return list(figure.axes[0].get_xticks())

    assert any(tick % 1 for tick in ticks(plots.bars(operators, series, "nodes")))  # what there is to mend
    assert all(tick % 1 == 0 for tick in ticks(widgets._nodes(operators, series, "nodes")))
