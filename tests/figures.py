"""What tests read off a figure."""


def words(figure) -> list[str]:
    """Every text on the axes, legend included."""
    figure.draw_without_rendering()
    return [t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")) if t.get_text() and t.get_visible()]
