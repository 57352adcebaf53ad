"""Widgets as a page without a kernel shows them: their first state, as a picture, a table and words."""

import html
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
BOXES = ("HBoxModel", "VBoxModel", "BoxModel")
NO_CONTROLS = ("ButtonModel", "HTMLModel", "LabelModel", "ImageModel")  # a click does nothing here
LIVE = "In the notebook a model runs here, in your own browser. <a href='../book/live.html'>The live page</a> does the same."


def without_widgets(notebook: NotebookNode) -> NotebookNode:
    """The notebook with each widget's first state as HTML in its place, and no state of widgets."""
    held = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        shown = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if VIEW not in data:
                shown.append(output)
            elif still := still_of(data[VIEW]["model_id"], held):
                output.data = NotebookNode({"text/html": still})
                shown.append(output)
        if "outputs" in cell:
            cell.outputs = shown
    return notebook


def still_of(model: str, held: Mapping[str, Any]) -> str:
    """A widget's first state; nothing of a progress bar, which had its time."""
    parts = list(_parts(model, held))
    kinds = {kind for kind, _ in parts}
    if any(kind.endswith("ProgressModel") for kind in kinds):
        return ""
    if "AnyModel" in kinds:
        return f'<p class="still">{LIVE}</p>'
    controls = [_control(state) for kind, state in parts if "description" in state and kind not in NO_CONTROLS]
    shown, words = [], ""
    for kind, state in parts:
        if kind == "ImageModel":
            shown.append(f'<img src="data:image/png;base64,{state["value"]}" alt="{html.escape(words or "figure")}">')
        elif kind == "HTMLModel" and not state.get("description"):
            shown.append(state["value"])
            words = html.unescape(state["value"].removeprefix("<p>").removesuffix("</p>"))
    if not shown:  # a guess to record, or what else only asks
        return f'<p class="still">{_asked(controls)}</p>'
    moved = f" It stands at {'; '.join(controls)}." if controls else ""
    return f'<div class="still"><p>In the notebook you move this.{moved}</p>{"".join(shown)}</div>'


def _parts(model: str, held: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The widget's own parts, boxes opened, in order: the kind and the state of each, pictures in base64."""
    entry = held.get(model.removeprefix("IPY_MODEL_"))
    if entry is None:
        return []
    if entry["model_name"] in BOXES:
        return [part for child in entry["state"]["children"] for part in _parts(child, held)]
    pictures = {buffer["path"][0]: buffer["data"] for buffer in entry.get("buffers", [])}
    return [(entry["model_name"], entry["state"] | pictures)]


def _control(state: Mapping[str, Any]) -> str:
    """A control's label and where it stands."""
    value = state.get("value")
    if "_options_labels" in state and state.get("index") is not None:
        value = state["_options_labels"][state["index"]]
    return html.escape(f"{state['description']} = {value}" if state["description"] else str(value))


def _asked(controls: list[str]) -> str:
    if not controls:
        return "In the notebook there is something to press here."
    question = controls[0].partition(" = ")[0]
    return f"<strong>Your guess first:</strong> {question}"
