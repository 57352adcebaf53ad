"""Help that teaches; wrong arguments are one line."""

import time

import numpy as np
import pytest

from edgelab import cli
from tests.command_line import process, refused

NAMES = [
    "doctor",
    "lab",
    "run",
    "build",
    "bench",
    "predict",
    "evaluate",
    "cloud",
    "fleet",
    "fleet report",
    "keys",
    "sign",
    "verify",
    "cache list",
    "cache clear",
]


@pytest.mark.parametrize("command", ["", "cache", *NAMES])
def test_help_of_every_command(command, edgelab):
    done = edgelab(*command.split(), "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "%%" not in done.stdout
    if command in NAMES:
        assert f"example:\n  edgelab {command}" in done.stdout


def test_the_list_of_commands_says_what_each_does(edgelab, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")  # a narrow terminal breaks chat-completions
    text = " ".join(edgelab("--help").stdout.split())
    for command in cli.COMMANDS:
        assert f" {command.name} {command.help}" in text


def test_help_is_fast():
    def seconds():
        start = time.perf_counter()
        done = process("--help")
        assert done.returncode == 0 and done.stdout.startswith("usage: edgelab")
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.5


def test_the_version(edgelab):
    from edgelab import __version__

    assert edgelab("--version").stdout == f"edgelab {__version__}\n"


def test_the_help_of_build_teaches(edgelab):
    text = " ".join(edgelab("build", "--help").stdout.split())
    for part in (
        "columns text, label",
        "with every label in train",
        "divided 80/10/10, repeats of a text kept together",
        "lower end of its 95 % interval",
        "Test is read once",
        "3 nothing clears the bar",
    ):
        assert part in text
    for option in ("--data", "--out", "--retention", "--max-mb", "--max-p95-ms", "--threads", "--seed", "--json"):
        assert option in text


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("", ("required: COMMAND", "`edgelab --help`")),
        ("fly", ("invalid choice: 'fly'",)),
        ("predict", ("required: BUNDLE",)),
        ("evaluate x", ("required: --data", "`edgelab evaluate --help`")),
        ("bench", ("required: BUNDLE",)),
        ("bench x --requests 9", ("--requests", "from 10 to 1000000, found '9'")),
        ("bench x --requests 1e20", ("--requests", "from 10 to 1000000, found '1e20'")),
        (f"bench x --requests {10**20}", ("--requests", f"from 10 to 1000000, found '{10**20}'")),
        ("bench x --starts -1", ("--starts", "from 0 to 1000, found '-1'")),
        ("bench x --starts 1001", ("--starts", "from 0 to 1000, found '1001'")),
        ("lab --port x", ("--port",)),
        ("lab --port 99999", ("--port", "from 0 (any free one) to 65535, found '99999'")),
        ("build --data x.csv", ("required: --out",)),
        ("build --out o", ("required: --data",)),
        ("build --data x.csv --out o --retention 2", ("--retention", "above 0, at most 1, found '2'")),
        ("build --data x.csv --out o --retention nan", ("found 'nan'",)),
        ("build --data x.csv --out o --retention 0", ("found '0'",)),
        ("build --data x.csv --out o --max-mb -1", ("--max-mb", "a number above 0, found '-1'")),
        ("build --data x.csv --out o --max-p95-ms inf", ("found 'inf'",)),
        ("build --data x.csv --out o --threads 0", ("--threads", "from 1 to 256, found '0'")),
        ("build --data x.csv --out o --threads 1.5", ("found '1.5'",)),
        (f"build --data x.csv --out o --threads {2**40}", (f"found '{2**40}'",)),
        ("build --data x.csv --out o --seed -3", ("--seed", "from 0 to 9223372036854775807, found '-3'")),
        (f"build --data x.csv --out o --seed {2**63}", ("--seed", "found '9223372036854775808'")),
        (f"cloud b --seed {2**63}", ("--seed", "from 0 to 9223372036854775807, found '9223372036854775808'")),
        ("predict b caf\udce9", ("TEXT", "expected UTF-8, found 'caf\\udce9'")),
        ("cloud", ("required: BUNDLE",)),
        ("cloud b --port 70000", ("--port", "from 0 (any free one) to 65535, found '70000'")),
        ("cloud b --loss 1.5", ("--loss", "a share from 0 to 1, found '1.5'")),
        ("cloud b --round-trip-ms -1", ("--round-trip-ms", "at least 0, found '-1'")),
        ("cloud b --jitter nan", ("--jitter", "from 0 to 3, found 'nan'")),
        ("cloud b --outage 5", ("--outage", "expected 2 arguments")),
    ],
)
def test_wrong_arguments_are_one_line(arguments, parts, edgelab):
    refused(edgelab(*arguments.split()), *parts)


def test_the_largest_seed_is_one_that_torch_and_numpy_take():
    import torch

    seed = cli.build_parser().parse_args(f"build --data x.csv --out o --seed {2**63 - 1}".split()).seed
    assert torch.Generator().manual_seed(seed).initial_seed() == seed == 2**63 - 1
    np.random.default_rng(seed)
