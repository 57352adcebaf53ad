"""The folder on disk: written whole or not at all, and everything that can be wrong with it, refused."""

import json
import os
from pathlib import Path

import pytest

from edgelab.bundle import manifest as module
from edgelab.bundle.manifest import ENTRIES, LARGEST_MB, OPTIONAL, BundleError, save
from edgelab.bundle.predict import Bundle
from tests.small_bundles import contents, small_bundle, tokenizer

# --- what is not sound --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_truncated_or_altered_file_is_named(damaged, refused, name):
    copy = damaged()
    file = copy / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert refused(copy) == f"{file}: does not match the SHA-256 in bundle.json: altered or truncated"
    file.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    assert f"{file}: does not match" in refused(copy)
    file.write_bytes(b"")
    assert f"{file}: does not match" in refused(copy)
    file.unlink()
    assert refused(copy) == f"{file}: expected a file of the bundle, found none"
    file.write_bytes(whole)
    assert Bundle.load(copy).predict("play queen").label == "play_music"


def test_no_folder_no_bundle(tmp_path, refused):
    assert "expected a bundle, found no bundle.json in it" in refused(tmp_path)
    assert "found no bundle.json" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["bundle.json", "model.onnx", "tokenizer.json"])
def test_what_one_may_not_read_is_named(damaged, refused, monkeypatch, name):
    copy, opened = damaged(), Path.open

    def forbidden(path, *args, **options):
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused(copy) == f"{copy / name}: cannot be read: Permission denied"


def test_a_folder_that_one_may_not_enter_is_named(damaged, refused, monkeypatch):
    copy = damaged()

    def forbidden(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", forbidden)
    assert refused(copy) == f"{copy / 'bundle.json'}: cannot be read: Permission denied"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1, 2]",
        '"bundle"',
        "null",
        "{}",
        '{"labels": []}',
        "\ufeff{}",
        b"\xff\xfe",
        "[" * 100_000,
        '{"format": 1, "a":' + "[" * 900,
    ],
)
def test_a_manifest_that_is_none_is_refused(damaged, refused, text):
    copy = damaged()
    (copy / "bundle.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "bundle.json: expected a bundle's manifest, found something else" in refused(copy)


def test_a_manifest_that_is_too_large_is_not_read(damaged, refused):
    folder = damaged(note="x" * (LARGEST_MB * 1_000_000))
    assert f"bundle.json: expected a manifest of at most {LARGEST_MB} MB, found {LARGEST_MB}0" in refused(folder)


def test_a_newer_format_says_so(damaged, refused):
    assert "expected format 1, found 2; a newer EdgeLab wrote it: update this one" in refused(damaged(format=2))
    assert refused(damaged(format="one")).endswith("expected format 1, found 'one'")
    assert refused(damaged(format=True)).endswith("expected format 1, found True")
    assert len(refused(damaged(format="one" * 10**6))) < 300


@pytest.mark.parametrize("key", sorted(ENTRIES.keys() - OPTIONAL))
def test_a_manifest_that_lacks_a_key_is_refused(damaged, refused, key):
    folder = damaged()
    manifest = json.loads((folder / "bundle.json").read_text())
    del manifest[key]
    (folder / "bundle.json").write_text(json.dumps(manifest))
    assert f"expected the key '{key}', found none" in refused(folder)


def test_each_entry_is_known_by_what_is_written(damaged):
    written = set(json.loads((damaged() / "bundle.json").read_text()))
    assert set(ENTRIES) | {"format"} == written | OPTIONAL


NAN = float("nan")


@pytest.mark.parametrize(
    "key, values",
    [
        ("model", (5, ["a"], "\ud800")),
        ("labels", ("abc", [], [1, 2, 3], ["a", "a", "b"], ["a", "b", "\ud800"], ["a", ["b"], "c"], {"a": 1})),
        ("slot_names", ("artist", [1, 2], ["time", "time"])),
        ("label_slots", ([["time"]], {"set_alarm": "time"}, {"set_alarm": [1]}, {"set_alarm": None}, 3)),
        ("thresholds", ("high", [0.7], {"confidence": "0.7"}, {"confidence": NAN}, {"confidence": True},
                        {"confidence": 10**400})),
        ("trained_on", ("pocket", {}, {"name": "x", "fingerprint": "0", "examples": "3"},
                        {"name": "x", "fingerprint": "0", "examples": -1},
                        {"name": 1, "fingerprint": "0", "examples": 3})),
        ("metrics", ("good", {"accuracy": 0.9}, {"accuracy": [0.9, 0.8]}, {"accuracy": [0.9, NAN, 1]}, [0.9, 0.8, 1],
                     {"accuracy": [-10**400, 0, 1]})),
        ("transitions", (5, ["AAAA"])),
        ("versions", ("1", [1], {"numpy": 2})),
        ("sha256", (["0" * 64], "0" * 64, {"model.onnx": 5}, {"model.onnx": "0" * 63}, {"model.onnx": "G" * 64})),
        ("manifest_sha256", (5, "", "0" * 63)),
    ],
)  # fmt: skip
def test_an_entry_of_another_kind_is_named_with_what_is_expected(damaged, refused, key, values):
    for value in values:
        message = refused(damaged(**{key: value}))
        assert f"bundle.json, {key}: expected {ENTRIES[key][0]}, found " in message and len(message) < 400
        message.encode()  # it can be printed


def test_transitions_of_other_tags_are_refused(damaged, refused):
    assert refused(damaged(transitions="!")).endswith(
        "transitions: expected transitions in base64, found something else"
    )
    assert "bundle.json, transitions: expected " in refused(damaged(transitions="A" * 400))


@pytest.mark.parametrize("of_each", [{"play_music": ["artist", "singer"]}, {"play_song": ["artist"]}])
def test_labels_and_slots_by_another_name_are_refused(damaged, refused, of_each):
    found = "singer" if "play_music" in of_each else "play_song"
    expected = f"bundle.json, label_slots: expected labels and slots that the bundle has, found '{found}'"
    assert refused(damaged(label_slots=of_each)).endswith(expected)


def test_tags_that_the_model_does_not_have_take_no_memory(damaged, refused):
    """A table of so many would hold 12 GB."""
    folder = damaged(slot_names=[f"slot{i}" for i in range(20_000)], label_slots={}, transitions=None)
    assert "bundle.json has 3 labels and 40001 slot tags, model.onnx answers 1 tokens in the shape" in refused(folder)


def test_a_manifest_without_a_files_hash_is_refused(damaged, refused):
    assert "model.onnx: does not match the SHA-256" in refused(damaged(sha256={}))


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["ask_cloud", "set_alarm", "play_music"]},
        {"thresholds": {"confidence": 0.0}},
        {"metrics": {"accuracy": [1.0, 1.0, 1.0]}},
        {"label_slots": {}},
        {"note": "mine"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_manifest_altered_by_hand_is_refused(damaged, refused, change):
    file = damaged() / "bundle.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert "bundle.json: does not match its own SHA-256" in refused(file.parent)


def test_a_manifest_may_be_laid_out_anew_and_say_more(damaged):
    """Order and white space are no content."""
    file = damaged(note="mine") / "bundle.json"
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_text()).items())), indent=4))
    assert Bundle.load(file.parent).manifest["note"] == "mine"


# --- saving -------------------------------------------------------------------------------------


@pytest.fixture
def again(tiny, tmp_path_factory):
    """Save a small model into a folder, as one of the tiny data."""
    onnx_file = small_bundle(tmp_path_factory.mktemp("small")) / "model.onnx"

    def run(folder: Path, name: str = "again", **options):
        return save(folder, onnx_file, tokenizer(), dataset=tiny, model=name, metrics={}, **options)

    return run


def test_saving_makes_folders_and_replaces_a_former_bundle(again, tmp_path):
    folder = again(tmp_path / "new" / "folder" / "bundle")
    (folder / ".DS_Store").write_text("a file manager's")
    assert again(folder, "second") == folder and Bundle.load(folder).manifest["model"] == "second"
    assert sorted(os.listdir(folder)) == ["bundle.json", "model.onnx", "tokenizer.json"]
    assert os.listdir(folder.parent) == ["bundle"]
    (tmp_path / "empty").mkdir()
    assert Bundle.load(again(tmp_path / "empty"))


@pytest.mark.parametrize("names", [["thesis.txt"], ["model.onnx"], ["bundle.json", "thesis.txt"]])
def test_a_folder_with_other_files_is_not_overwritten(again, tmp_path, names):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("mine")
    with pytest.raises(BundleError, match="mine: expected an empty folder or a bundle, found other files"):
        again(folder)
    assert {f.name: f.read_text() for f in folder.iterdir()} == dict.fromkeys(names, "mine")
    assert os.listdir(tmp_path) == ["mine"]


def test_a_file_is_not_overwritten(again, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BundleError, match="found other files"):
        again(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("step", ["write_text", "chmod", "first replace", "second replace"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_interrupted_save_leaves_the_former_bundle(again, tmp_path, monkeypatch, step, error):
    folder = again(tmp_path / "bundle", "former")
    before, calls, replace_really = contents(folder), [], os.replace

    def stop(*args, **kwargs):
        raise error("interrupted")

    def stop_at(number):
        def replace_or_stop(source, target):
            calls.append(target)
            if len(calls) == number:
                raise error("interrupted")
            replace_really(source, target)

        return replace_or_stop

    if step == "write_text":
        monkeypatch.setattr(Path, "write_text", stop)
    elif step == "chmod":
        monkeypatch.setattr(module.os, "chmod", stop)
    else:
        monkeypatch.setattr(module.os, "replace", stop_at(1 if step == "first replace" else 2))
    with pytest.raises(error, match="interrupted"):
        again(folder, "new")
    monkeypatch.undo()
    assert contents(folder) == before and os.listdir(tmp_path) == ["bundle"]
    assert Bundle.load(folder).manifest["model"] == "former"
    assert Bundle.load(again(folder, "new")).manifest["model"] == "new"


def test_thresholds_are_kept(again, tmp_path):
    folder = again(tmp_path / "bundle", thresholds={"confidence": 0.75})
    assert Bundle.load(folder).manifest["thresholds"] == {"confidence": 0.75}


def test_a_bundle_can_be_moved_and_read_by_others(again, tmp_path):
    folder = again(tmp_path / "bundle").rename(tmp_path / "moved")
    assert Bundle.load(str(folder)).predict("wake").label == "set_alarm"
    if os.name == "posix":
        assert folder.stat().st_mode & 0o055 == 0o055
