"""What keywords, encoder and generator made of each held-out case: `data/generation/jobs.csv`, which the last exercise of
`08_generation` is judged by, so that it needs no generator. `python -m benchmarks.generator_jobs PRECISION`, after
`edgelab prepare texts`."""

import sys

import pandas as pd

from edgelab.bundle.predict import Bundle
from edgelab.datasets.loading import load
from edgelab.generation import outcomes
from edgelab.generation.convert import prepared
from edgelab.generation.decision import FILE, MEASURES
from edgelab.generation.facts import invented
from edgelab.generation.model import Generator
from edgelab.generation.personal import load_personal
from edgelab.generation.prompts import held_out
from edgelab.generation.scoring import Outcome
from edgelab.generation.writing import find_all
from edgelab.models.encoder import sentence_embedder
from edgelab.workspace import data_home


def main(precision: str) -> None:
    """Write the table; its last column names the generator."""
    data, personal, embed = load("pocket"), load_personal(), sentence_embedder()
    held, folder = held_out(data, personal, embed), prepared().models[precision]
    generator = Generator.open(folder)
    kept = find_all(held.asked).texts
    texts = {job: {"generator": kept[job][precision]} for job in held.asked if job in MEASURES}
    bundle = Bundle.load(data_home() / "bundles" / "pocket")
    found = [
        outcomes.calls(held.calls, data, bundle, texts["calls"]),
        outcomes.triage(held, personal, embed, texts["triage"]),
        outcomes.digests(held, personal, embed, texts["digest"]),
        outcomes.titles(held, embed, texts["titles"]),
    ]
    rows = [row for outcome in found for row in _rows(outcome, generator, held.asked[outcome.job])]
    rows += _notes(outcomes.notes_found(personal, embed))
    name = f"{prepared().name} {precision}"
    pd.DataFrame(rows).round(4).assign(generator=name).to_csv(data_home() / FILE, index=False)


def _rows(outcome: Outcome, generator: Generator, cases: tuple) -> list[dict]:
    rows = []
    for who in ("keywords", "encoder", "generator"):
        scores = outcome.scores(who, MEASURES[outcome.job])
        for number, case in enumerate(cases):
            said = outcome.said[who][number]
            writes = who == "generator"
            row = {"job": outcome.job, "case": number, "who": who, "score": float(scores[number])}
            row["invented"] = len(invented(said, outcome.cases[number]))
            row["words"] = len(said.split())
            row["read"] = len(generator.encode(generator.chat(case.messages))) if writes else 0
            row["written"] = len(generator.encode(said)) + 1 if writes else 0
            rows.append(row)
    return rows


def _notes(outcome: Outcome) -> list[dict]:
    """A generator cannot look through notes: two ways alone."""
    nothing = {"invented": 0, "words": 0, "read": 0, "written": 0}
    return [
        {"job": "notes", "case": number, "who": who, "score": float(score), **nothing}
        for who in ("keywords", "encoder")
        for number, score in enumerate(outcome.scores(who, MEASURES["notes"]))
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
