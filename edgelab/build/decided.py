"""How sure the choice of a build is, and what would have to change for another model to win."""

from edgelab.build.measured import Measured
from edgelab.selection.bar import Bar
from edgelab.selection.certainty import NONE
from edgelab.selection.changes import what_would_change
from edgelab.selection.decision import decide
from edgelab.selection.evidence import Evidence
from edgelab.selection.form import HERE, Requirements
from edgelab.selection.rule import misses


def decided(candidates: list[Measured], teacher: Measured, bar: Bar, chosen: Measured | None) -> dict:
    """Plain JSON values, on validation: of each candidate, from the smallest up, the probability that it truly clears the bar,
    and that it is the smallest that does. The form's own rule is sterner with latencies (the upper end of the p95 must be
    within the limit, not the p95): where it would choose otherwise, `changes` is None.
    """
    rows = [evidence(teacher, bar.measure, ships=False), *(evidence(model, bar.measure) for model in candidates)]
    asked = Requirements(
        min_retention=bar.retention, max_p95_ms=bar.max_p95_ms, max_mb=bar.max_mb, reference=teacher.name
    )
    found, name = decide(rows, asked), chosen and chosen.name
    models = [
        {
            "name": model.name,
            "size_bytes": model.size_bytes,
            "misses": misses(model.card, bar.limits),
            "truly_clears": found.clears[model.name],
            "smallest": found.smallest[model.name],
        }
        for model in sorted(candidates, key=lambda model: model.size_bytes)
    ]
    agreed = found.chosen == name
    return {
        "of": bar.measure,
        "examples": len(teacher.answers.correct),
        "probability": name and found.clears[name],
        "models": models,
        "none": found.smallest[NONE],
        "changes": [change.text for change in what_would_change(rows, asked)] if agreed else None,
    }


def evidence(model: Measured, of: str, *, ships: bool = True) -> Evidence:
    """A model as the decision sees it: its outcomes on validation, its latencies, its size."""
    return Evidence(
        name=model.name,
        right_label=model.answers.correct,
        right_call=model.answers.calls if of == "call" else None,
        latency_ms={HERE: tuple(model.timing.with_tokenizer.milliseconds)},
        size_bytes=model.size_bytes,
        ships=ships,
    )
