"""A page to read that is one file: its style, its headings and tables. Everything that is handed in is plain text, and escaped."""

import html
from collections.abc import Iterable, Sequence

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
figure { margin: 0; }
img { max-width: 100%; height: auto; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; }
caption { text-align: left; padding: 0.5rem 0; max-width: calc(100vw - 3rem); }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #ccc; text-align: right; font-weight: normal; }
thead th { vertical-align: bottom; font-weight: bold; }
td, tbody th { white-space: nowrap; }
th:first-child { text-align: left; }
tr.chosen { background: #fff0c8; }
table .words { text-align: left; white-space: normal; min-width: 8rem; overflow-wrap: anywhere; }
pre { background: #f4f4f4; padding: 0.75rem; overflow-x: auto; font-size: 0.875rem; }
@media (max-width: 40rem) { figure { overflow-x: auto; } img { max-width: none; width: 50rem; } }
"""


def page(title: str, body: Iterable[str]) -> str:
    """A whole page of HTML; the parts of its body are HTML already."""
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            f"<h1>{html.escape(title)}</h1>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def heading(words: str) -> str:
    """Of a section."""
    return f"<h2>{html.escape(words)}</h2>"


def paragraph(words: str) -> str:
    """A paragraph."""
    return f"<p>{html.escape(words)}</p>"


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def table(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    words: Sequence[int] = (),
    marked: int | None = None,
) -> str:
    """A table that scrolls by itself where the page is narrow; the columns `words` are set left and may break, the row `marked`
    (from 0) stands out."""

    def cell(tag: str, scope: str, place: int, value: object) -> str:
        kind = ' class="words"' if place in words else ""
        return f"<{tag}{scope}{kind}>{html.escape(str(value))}</{tag}>"

    def line(number: int, row: Sequence[object]) -> str:
        first, *rest = row
        cells = (cell("td", "", place, value) for place, value in enumerate(rest, 1))
        mark = ' class="chosen"' if number == marked else ""
        head = cell("th", ' scope="row"', 0, first)
        return f"<tr{mark}>{head}{''.join(cells)}</tr>"

    heads = "".join(cell("th", ' scope="col"', place, name) for place, name in enumerate(header))
    scrolls = f'<div role="region" tabindex="0" aria-label="{html.escape(caption)}">'  # by keyboard, too
    lines = [scrolls, "<table>", f"<caption>{html.escape(caption)}</caption>"]
    lines += [f"<thead><tr>{heads}</tr></thead>", "<tbody>", *(line(i, row) for i, row in enumerate(rows))]
    return "\n".join([*lines, "</tbody>", "</table>", "</div>"])
