"""`edgelab keys`, `edgelab sign` and `edgelab verify`."""

import errno
import os
import stat
from pathlib import Path

import pytest

from tests.command_line import refused
from tests.full_disk import fill, small_disk
from tests.small_bundles import small_bundle


@pytest.fixture
def signed(tmp_path, edgelab):
    """A signed bundle, and the two keys beside it."""
    assert edgelab("keys", tmp_path / "key").returncode == 0
    folder = small_bundle(tmp_path / "bundle")
    assert edgelab("sign", folder, "--key", tmp_path / "key", "--edition", 3).returncode == 0
    return folder


def test_from_keys_to_a_verified_bundle(tmp_path, edgelab):
    made = edgelab("keys", tmp_path / "key")
    assert "the private key" in made.stdout and f"{tmp_path / 'key.pub'}: the public key" in made.stdout
    folder = small_bundle(tmp_path / "bundle")
    first = edgelab("sign", folder, "--key", tmp_path / "key")
    assert first.returncode == 0 and "signed as edition 1" in first.stdout
    assert "signed as edition 2" in edgelab("sign", folder, "--key", tmp_path / "key").stdout
    found = edgelab("verify", folder, "--key", tmp_path / "key.pub", "--at-least", 2)
    assert found.returncode == 0 and "edition 2" in found.stdout and "3 files" in found.stdout
    assert found.stdout.split("key ")[1][:16] in made.stdout  # by the key that was made


def test_what_is_refused_is_one_line(signed, edgelab):
    key = signed.parent / "key.pub"
    refused(edgelab("verify", signed, "--key", key, "--at-least", 4), "expected edition 4 or later, found edition 3")
    refused(edgelab("verify", signed, "--key", signed.parent / "key"), "expected a public Ed25519 key")
    refused(edgelab("verify", signed, "--key", signed.parent / "none"), "expected a public key, found none")
    refused(edgelab("verify", signed), "--key")
    refused(edgelab("verify", signed, "--key", key, "--at-least", 0), "expected a whole number from 1")
    refused(edgelab("sign", signed, "--key", key), "expected a private Ed25519 key")
    refused(edgelab("keys", signed.parent / "key"), "expected a new file")
    (signed / "model.onnx").write_bytes(b"")
    refused(edgelab("verify", signed, "--key", key), "model.onnx", "truncated")
    (signed / "bundle.sig").write_bytes(b"[" * 90_000)
    refused(edgelab("verify", signed, "--key", key), "bundle.sig", "as JSON")


def test_what_is_no_bundle(tmp_path, edgelab):
    edgelab("keys", tmp_path / "key")
    refused(edgelab("sign", tmp_path, "--key", tmp_path / "key"), "expected a bundle")
    refused(edgelab("verify", tmp_path, "--key", tmp_path / "key.pub"), "expected a signed bundle")


@pytest.mark.parametrize("name", ["-x", "a b\nc", "ключ 鍵"])
def test_keys_of_any_name_private_and_never_written_over(tmp_path, edgelab, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert edgelab("keys", "--", name).returncode == 0
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    assert {file.name for file in before} == {name, f"{name}.pub"}
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    refused(edgelab("keys", "--", name), "expected a new file for a key, found one that is there")
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_key_that_is_no_file(tmp_path, edgelab, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    refused(edgelab("keys", name), "expected a new file for a key, found a folder")
    assert not list(tmp_path.iterdir())


def test_of_a_pair_that_cannot_be_written_nothing_is_left(tmp_path, edgelab, monkeypatch):
    refused(edgelab("keys", tmp_path / ("x" * 252)), "a key cannot be written there", ".pub")
    real = os.open

    def no_room(path, *rest):
        if Path(path).name == "key":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, *rest)

    monkeypatch.setattr(os, "open", no_room)
    refused(edgelab("keys", tmp_path / "key"), f"{tmp_path / 'key'}: a key cannot be written there: No space left")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_takes_no_key_and_keeps_the_earlier_signature(tmp_path, edgelab):
    with small_disk(tmp_path / "disk", 64) as disk:
        edgelab("keys", tmp_path / "key")
        folder = small_bundle(disk / "bundle")
        edgelab("sign", folder, "--key", tmp_path / "key", "--edition", 3)
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        fill(disk)
        refused(edgelab("keys", disk / "key"), "a key cannot be written there: No space left")
        assert not list(disk.glob("key*"))
        refused(edgelab("sign", folder, "--key", tmp_path / "key"), "cannot be signed: No space left")
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
