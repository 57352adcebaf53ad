"""With a generator or without: what a notebook is told to do."""

from pathlib import Path

from edgelab.generation.convert import MISSING, PRECISIONS, Prepared
from edgelab.generation.live import allowed_speeds, have
from edgelab.generation.physics import calculate

NOTHING = Prepared("", "", None, {})
HALF = Prepared("a model", "", None, {"int8": Path("int8")})


def test_what_is_missing_is_said_and_how_to_get_it(capsys):
    assert not have(NOTHING)
    said = capsys.readouterr().out
    assert MISSING in said and all(precision in said for precision in PRECISIONS)
    assert not have(HALF, "int8", "int4")
    assert capsys.readouterr().out == f"not shown here: the generator in int4 is not on this machine; {MISSING}\n"


def test_where_all_is_there_nothing_is_said(capsys):
    assert have(HALF, "int8")
    assert capsys.readouterr().out == ""


def test_published_speeds_stand_beside_what_is_allowed():
    found = allowed_speeds(calculate)
    first = found.iloc[0]
    bill = calculate(1e9 * first["params_billion"], 4, 1024, first["bandwidth_gb_s"], 9000)
    assert first["allowed"] == bill.tokens_per_s
    assert (found["reached"] == found["tokens_per_s"] / found["allowed"]).all() and found["reached"].max() <= 1
