"""The explorers of `07_personalization`: the price of being heard, an adapter's bytes; and a person's own commands, live."""

import html
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider, spaced
from edgelab.errors import UserError
from edgelab.models.trained import Trained
from edgelab.personalization.adaptable import ROOM
from edgelab.personalization.heads import Heard
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import forget, users_of, written
from edgelab.personalization.teaching import after_restart, commands_of, teach

LAYERS = {"query and value, upper 3 layers": 6, "query and value, all 6 layers": 12, "all attention, all 6 layers": 24}
WIDTH, MODEL_MB = 384, 91  # of the encoder's matrices, [WIDTH, WIDTH]; of its whole copy for each person
ME = "me"
OWN = {
    "movie night": "movie night\nit is cinema time\nroll the film\npopcorn is ready",
    "bin day": "bin day\nthe truck comes tomorrow\nwheel them out\ngarbage reminder please",
    "cat alarm": "cat alarm\nthe cat is out again\nwhere is the little monster\nfind the furry one",
}


def compute_price(
    heard: Mapping[str, Heard], right: Mapping[str, np.ndarray], most_loss: float
) -> tuple[pd.DataFrame, float, float]:
    """A row for each person at this price, of validation: their phrases understood and the base's test lost; and both on
    average over people, in %."""
    rows = []
    for name, each in heard.items():
        own, test = each.at(right, most_loss)
        lost = right["test"].mean() - test.mean()
        rows.append((name, 100 * float(own.mean()), 100 * float(lost)))
    table = pd.DataFrame(rows, columns=["person", "understood, %", "points lost"])
    means = table["understood, %"].mean(), table["points lost"].mean()
    return (
        table.assign(**{c: table[c].map("{:.1f}".format) for c in table.columns[1:]}),
        float(means[0]),
        float(means[1]),
    )


def show_price(heard: Mapping[float, Mapping[str, Heard]], right: Mapping[str, np.ndarray]) -> ipywidgets.VBox:
    """Choose a share of replay, and move the price: how much of validation the commands may take."""
    names = {f"{share:g}": people for share, people in heard.items()}

    def draw(replay: str, percent: float) -> tuple[Figure, str, pd.DataFrame]:
        table, understood, lost = compute_price(names[replay], right, percent / 100)
        series = {"understood, %": table["understood, %"].astype(float).tolist()}
        drawn = plots.bars(table["person"].tolist(), series, "held-out phrases understood, %", limit=100)
        said = f"replay {replay}, {percent:g} % of validation: {understood:.1f} % understood, {lost:.1f} points lost on test."
        return drawn, said, table

    return explorer([menu("share of replay", list(names)), slider("most_loss, %", 3, 0, 10, 0.5, ".1f")], draw)


def compute_bytes(layers: str, rank: float, people: float) -> pd.DataFrame:
    """What adapters take: for one person and for all; and copies of the whole model instead."""
    numbers = LAYERS[layers] * round(rank) * 2 * WIDTH + ROOM * (2 * WIDTH + 1)
    each = 4 * numbers
    rows = [
        ("adapters", f"{each / 1e3:.0f} KB", f"{each * round(people) / 1e6:.0f} MB"),
        ("adapters, 16 bits a number", f"{each / 2e3:.0f} KB", f"{each * people / 2e6:.0f} MB"),
        ("copies of the model", f"{MODEL_MB} MB", f"{MODEL_MB * people:.0f} MB"),
    ]
    return pd.DataFrame(rows, columns=["what is kept", "a person", "everybody"])


def show_bytes() -> ipywidgets.VBox:
    """Choose the layers that get pairs, their rank, and how many people there are."""

    def draw(layers: str, rank: float, people: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_bytes(layers, rank, people)
        sizes = [float(text.split()[0]) for text in table["everybody"]]
        drawn = plots.bars(table["what is kept"].tolist(), {"": sizes}, "MB for everybody")
        plots.log_axis(drawn.axes[0])
        said = f"{layers}, rank {rank:.0f}: {table['a person'][0]} a person, {table['everybody'][0]} for {people:.0f} people."
        return drawn, said, table

    # Ranges of a power of two of steps: the browser's slider holds its place as a share, and 3.9999 is no step of it.
    controls = [menu("layers", list(LAYERS)), slider("rank", 4, 0, 32, 1, ".0f")]
    return explorer([*controls, slider("people", 1000, 200, 3400, 100, ".0f")], draw)


class Teaching:
    """What the widget does at each button; `said` is what it shows. Nothing is kept but the files in `folder`."""

    def __init__(self, base: Trained, folder: Path) -> None:
        self.base, self.folder, self.personal = base, folder, PersonalBundle.load(folder)

    def learn(self, taught: Mapping[str, str]) -> str:
        """Learn the commands, write their adapter, and take it into memory."""
        commands = commands_of(taught)
        learned = teach(self.base, self.folder, ME, commands)
        self.personal.load_user(ME)
        return f"learned {len(commands)} commands from {learned.own} texts in {learned.cpu_s:.0f} CPU-seconds"

    def ask(self, text: str) -> str:
        """What a request means to the person now; to the base, if nothing was learned."""
        self.personal.use(ME if ME in self.personal.people else None)
        given = self.personal.predict(text)
        whose = "your command" if given.command else "the base's"
        return f"{text!r}: {given.meant} ({whose}, {given.latency_ms:.0f} ms)"

    def restart(self, text: str) -> str:
        """What it means in another process, which reads all from disk and has no network."""
        if ME not in users_of(self.folder):
            return "nothing of you is on disk: teach it first"
        return f"{text!r}, after a restart and offline: {after_restart(self.folder, ME, [text])[0]}"

    def forget(self) -> str:
        """Delete the person's files, and their adapter from memory."""
        gone = forget(self.folder, ME)
        self.personal.drop_user(ME)
        return f"deleted {len(gone)} files, {sum(file.size_bytes for file in gone):,} bytes; the base answers alone"

    def files(self) -> pd.DataFrame:
        """What is on disk of the person."""
        rows = [(file.path.name, file.size_bytes, file.holds) for file in written(self.folder, ME)]
        return pd.DataFrame(rows, columns=["file", "bytes", "what of you it holds"])


def show_teaching(base: Trained, folder: Path, taught: Mapping[str, str] = OWN) -> ipywidgets.VBox:
    """Teach three commands of your own, ask, restart, forget; below, what is on disk of you."""
    teaching = Teaching(base, folder)
    fields = [
        (
            ipywidgets.Text(value=name, description="command"),
            ipywidgets.Textarea(value=phrases, description="phrases", rows=5),
        )
        for name, phrases in taught.items()
    ]
    request = ipywidgets.Text(value=next(iter(taught.values())).splitlines()[0], description="request")
    request.layout, request.style = {"width": "min(100%, 560px)"}, {"description_width": "70px"}
    said, files = ipywidgets.HTML("<p>nothing learned yet</p>"), ipywidgets.HTML()

    def press(act: object, _: object = None) -> None:
        try:
            told = act()  # type: ignore[operator]
        except (UserError, RuntimeError) as error:
            told = f"not done: {error}"
        table = teaching.files()
        there = f"is in {html.escape(str(folder))}"
        files.value = f"<p>this of you {there}:</p>{spaced(table)}" if len(table) else f"<p>of you, nothing {there}</p>"
        said.value = f"<p>{html.escape(told)}</p>"  # last: who reads that it is done finds the rest done

    def learn(_: object) -> None:
        said.value = "<p>learning: some seconds ...</p>"
        press(lambda: teaching.learn({name.value: phrases.value for name, phrases in fields}))

    buttons = _buttons(
        {
            "Learn": learn,
            "Ask": partial(press, lambda: teaching.ask(request.value)),
            "Restart and ask": partial(press, lambda: teaching.restart(request.value)),
            "Forget me": partial(press, teaching.forget),
        }
    )
    press(lambda: "nothing learned yet")
    columns = ipywidgets.HBox([_column(pair) for pair in fields], layout={"flex_flow": "row wrap"})
    return ipywidgets.VBox([columns, request, buttons, said, files])


def _column(pair: Sequence[ipywidgets.Widget]) -> ipywidgets.VBox:
    for field in pair:
        field.layout, field.style = {"width": "270px"}, {"description_width": "70px"}
    return ipywidgets.VBox(list(pair))


def _buttons(acts: Mapping[str, object]) -> ipywidgets.HBox:
    made = []
    for name, act in acts.items():
        button = ipywidgets.Button(description=name, layout={"width": "auto"})
        button.on_click(act)
        made.append(button)
    return ipywidgets.HBox(made)
