"""A comparison as a paper prints it: a table in Markdown or LaTeX."""

from edgelab.sweeps.compare import SURE, Comparison

HEAD = ("recipe", "right, %", "SD between seeds", "than", "by, points", "95 % interval", "p", "p, corrected")


def rows(comparison: Comparison) -> list[list[str]]:
    """The cells: each model with its mean and deviation, best first, then, a row each, the models that it is compared with
    and better than."""
    found = []
    best_first = sorted(comparison.means, key=lambda name: -comparison.means[name])
    for name in best_first:
        deviation = f"{100 * comparison.deviations[name]:.2f}" if comparison.seeds > 1 else "-"
        own = [name, f"{100 * comparison.means[name]:.2f}", deviation]
        beaten = sorted((p for p in comparison.pairs if p.better == name), key=lambda p: best_first.index(p.worse))
        for pair in beaten:
            d = pair.difference
            ends = f"[{100 * d.low:+.2f}, {100 * d.high:+.2f}]"
            compared = [pair.worse, f"{100 * d.value:+.2f}", ends, p_value(pair.p), p_value(pair.corrected)]
            found.append([*own, *compared])
            own = ["", "", ""]
        if not beaten:
            found.append([*own, *("" for _ in HEAD[3:])])
    return found


def p_value(p: float) -> str:
    """With three decimals, and no smaller than that."""
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def note(comparison: Comparison) -> str:
    """What stands below the table."""
    seeds = f"{comparison.seeds} seeds" if comparison.seeds > 1 else "One seed, which says nothing of others"
    return (
        f"{seeds}, {comparison.examples} examples. Differences are paired by seed and example; intervals and p values are "
        f"Student's with seeds and examples as crossed random effects; p corrected for {len(comparison.pairs)} comparisons "
        f"(Holm 1979). Told apart below {SURE:g}: {sum(pair.told_apart for pair in comparison.pairs)}."
    )


def markdown_table(comparison: Comparison) -> str:
    """With the note below it."""
    aligned = ["---", *("---:" if name != "than" else "---" for name in HEAD[1:])]
    lines = [HEAD, aligned, *([cell.replace("|", "\\|") for cell in row] for row in rows(comparison))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{note(comparison)}\n"


def latex_table(comparison: Comparison, *, label: str = "tab:recipes") -> str:
    """A floating table with `booktabs`, the note as its caption."""
    body = [" & ".join(_escaped(cell) for cell in row) + r" \\" for row in (list(HEAD), *rows(comparison))]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(note(comparison))}}}",
            rf"\label{{{label}}}",
            r"\begin{tabular}{lrrlrrrr}",
            r"\toprule",
            body[0],
            r"\midrule",
            *body[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _escaped(text: str) -> str:
    """Text as LaTeX prints it."""
    special = {c: rf"\{c}" for c in "&%$#_{}"} | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
    }
    return "".join(special.get(character, character) for character in text)
