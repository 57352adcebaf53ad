"""An adapter's files: what is written is what is read; what does not belong is refused at load, in one line."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.personalization.adapters import ADAPTER, PERSON, write_adapter
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import user_folder, written
from tests.small_bundles import small_bundle


@pytest.fixture
def refused(bundle):
    """`refused()`: why ada's adapter is not loaded, in one line that names its place; nothing was taken into memory."""

    def why() -> str:
        opened = PersonalBundle.load(bundle)
        with pytest.raises(BundleError) as caught:
            opened.load_user("ada")
        assert str(bundle) in str(caught.value) and "\n" not in str(caught.value) and opened.people == ()
        return str(caught.value)

    return why


def changed(bundle, learned, **parameters):
    """Write ada's adapter anew with other numbers; None takes a parameter out."""
    wanted = {name: value for name, value in (learned.adapter.parameters | parameters).items() if value is not None}
    write_adapter(replace(learned.adapter, parameters=wanted), user_folder(bundle, "ada"))


def test_what_was_written_is_read(personal, learned):
    read = personal.read("ada")
    assert read.calls == learned.adapter.calls and read.base == learned.adapter.base == personal.base
    assert read.parameters.keys() == learned.adapter.parameters.keys() == personal.places.keys()
    for name, value in read.parameters.items():
        np.testing.assert_array_equal(value, learned.adapter.parameters[name])


def test_an_adapter_of_another_base_is_refused(bundle, learned, refused):
    write_adapter(replace(learned.adapter, base="ab" * 32), user_folder(bundle, "ada"))
    assert "expected an adapter of the base" in refused() and "found one of abababababab" in refused()


def test_another_shape_is_refused(bundle, learned, refused):
    changed(bundle, learned, **{"own.weight": np.zeros((3, 2), np.float32)})
    assert "expected 'own.weight' as float32 [16, 96], found float32 [3, 2]" in refused()


def test_another_kind_of_number_is_refused(bundle, learned, refused):
    changed(bundle, learned, **{"own.bias": np.zeros(16, np.float64)})
    assert "expected 'own.bias' as float32 [16], found float64 [16]" in refused()


def test_a_name_too_many_or_too_few_is_refused(bundle, learned, refused):
    changed(bundle, learned, strange=np.zeros(2, np.float32))
    assert "the base lacks 'strange'" in refused()
    changed(bundle, learned, **{"own.bias": None})
    assert "the adapter lacks 'own.bias'" in refused()


def test_numbers_that_are_none_are_refused(bundle, learned, refused):
    changed(bundle, learned, **{"own.bias": np.full(16, np.nan, np.float32)})
    assert "expected finite numbers" in refused()


def test_a_damaged_or_missing_file_is_refused(bundle, refused):
    file = user_folder(bundle, "ada") / ADAPTER
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert "does not match the SHA-256" in refused()
    file.unlink()
    assert "found none" in refused()


def test_a_file_too_large_to_be_one_is_not_read(bundle, refused):
    for name in (ADAPTER, PERSON):
        with (user_folder(bundle, "ada") / name).open("r+b") as opened:
            opened.truncate(10**12)  # of holes: no byte of the disk
        assert f"{name}: expected at most" in refused()


def test_a_file_that_cannot_be_read_is_one_line(personal, monkeypatch):
    def unreadable(*_):
        raise PermissionError(13, "Permission denied", "the file")

    monkeypatch.setattr("hashlib.file_digest", unreadable)
    with pytest.raises(BundleError, match="the file: cannot be read: Permission denied"):
        personal.read("ada")


FULL = Path("/dev/full")
no_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.mark.parametrize("full", [pytest.param(FULL, marks=no_full_device), None], ids=["later", "before"])
def test_what_cannot_be_written_leaves_what_was_there(bundle, learned, personal, monkeypatch, full):
    """Where the disk is full before, and where it becomes so while ONNX Runtime writes."""
    before = {file.path.name: file.path.read_bytes() for file in written(bundle, "ada")}
    if full:
        monkeypatch.setattr("os.getpid", lambda: 1)
        (user_folder(bundle, "ada") / f".{ADAPTER}-1").symlink_to(full)
    else:
        monkeypatch.setattr("edgelab.personalization.adapters.try_to_write", no_room)
    with pytest.raises(BundleError, match="an adapter cannot be written there: ") as caught:
        write_adapter(replace(learned.adapter, calls=()), user_folder(bundle, "ada"))
    assert ("is the disk full?" if full else "No space left") in str(caught.value)
    assert {file.path.name: file.path.read_bytes() for file in written(bundle, "ada")} == before


def no_room(folder):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(bundle, learned, personal, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("keep")
    for name in (ADAPTER, PERSON):
        (user_folder(bundle, "ada") / name).unlink()
        (user_folder(bundle, "ada") / name).symlink_to(elsewhere)
    write_adapter(learned.adapter, user_folder(bundle, "ada"))
    assert elsewhere.read_text() == "keep" and personal.read("ada").calls == learned.adapter.calls


def test_a_file_of_another_kind_is_refused_though_its_hash_is_right(bundle, refused):
    import hashlib

    folder = user_folder(bundle, "ada")
    (folder / ADAPTER).write_bytes(b"no adapter" * 20)
    said = json.loads((folder / PERSON).read_text()) | {"sha256": hashlib.sha256(b"no adapter" * 20).hexdigest()}
    (folder / PERSON).write_text(json.dumps(said))
    assert "expected an adapter of ONNX Runtime" in refused()


@pytest.mark.parametrize(
    "change",
    [
        {"base": "x"},
        {"calls": [{"command": "coffin"}]},
        {"calls": [{"command": "coffin", "tool": None, "slots": {}}] * 2},
        {"calls": [{"command": "coffin", "tool": None, "slots": {"time": 4}}]},
        {"calls": [{"command": f"c{i}", "tool": None, "slots": {}} for i in range(17)]},
        {"sha256": None},
    ],
)
def test_a_person_file_with_another_entry_is_refused(bundle, refused, change):
    file = user_folder(bundle, "ada") / PERSON
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert f"{next(iter(change))}: expected" in refused()


@pytest.mark.parametrize("content", ["", "[]", '"text"', "[" * 100_000])
def test_a_person_file_that_is_none_is_refused(bundle, refused, content):
    (user_folder(bundle, "ada") / PERSON).write_text(content)
    assert "expected" in refused()


def test_nobody_of_that_name_is_refused(personal):
    with pytest.raises(BundleError, match="found no person.json"):
        personal.load_user("bob")
    with pytest.raises(BundleError, match="expected a person's name"):
        personal.load_user("../ada")


def test_a_bundle_that_takes_no_adapter_is_refused_and_serves_as_before(tmp_path):
    folder = small_bundle(tmp_path / "small")
    assert Bundle.load(folder).predict("wake").label == "set_alarm"
    with pytest.raises(BundleError, match="expected a model that takes adapters"):
        PersonalBundle.load(folder)
