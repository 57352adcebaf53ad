"""What tests read off an explorer, and what holds for every one of them."""

import html
import re
import time

import ipywidgets
import numpy as np
import pandas as pd


def controls_of(box: ipywidgets.VBox) -> list:
    return [w for w in box.children if hasattr(w, "value") and not isinstance(w, ipywidgets.HTML | ipywidgets.Image)]


def parts(box: ipywidgets.VBox) -> tuple[str, bytes, str]:
    """Words, picture and table, as shown."""
    alt, table = [w for w in box.children if isinstance(w, ipywidgets.HTML)]
    (picture,) = [w for w in box.children if isinstance(w, ipywidgets.Image)]
    return html.unescape(re.sub("<[^>]+>", "", alt.value)), bytes(picture.value), table.value


def cells(table: str) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    return [[html.unescape(c) for c in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)] for row in rows[1:]]


def assert_shows(table: str, data: pd.DataFrame) -> None:
    assert cells(table) == data.astype(str).to_numpy().tolist()


def assert_controls(box: ipywidgets.VBox) -> None:
    """At most three, labelled and bounded, before words, picture and table."""
    controls = controls_of(box)
    assert 1 <= len(controls) <= 3 and list(box.children[: len(controls)]) == controls
    for control in controls:
        assert control.description
        if not isinstance(control, ipywidgets.Dropdown):
            assert control.min <= control.value <= control.max and control.step > 0
    words, picture, table = parts(box)
    assert words.endswith(".") and picture.startswith(b"\x89PNG") and "<table" in table


def assert_moves(box: ipywidgets.VBox) -> None:
    """Each control moves words, table and picture, quickly."""
    seconds = []
    for control in controls_of(box):
        seen = []
        for value in _grid(control):
            start = time.process_time()
            control.value = value
            seconds.append(time.process_time() - start)
            seen.append(parts(box))
        assert all(len(set(part)) >= 2 for part in zip(*seen, strict=True)), control.description
    assert np.median(seconds) < 0.3  # 0.1 on a machine of its own


def _grid(control: ipywidgets.Widget) -> list:
    if isinstance(control, ipywidgets.Dropdown):
        return list(control.options)
    steps = round((control.max - control.min) / control.step)
    values = [control.min + i * control.step for i in range(0, steps + 1, max(1, steps // 4))]
    return [*values, control.max]
