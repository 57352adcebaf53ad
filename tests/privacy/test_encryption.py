"""Encryption at rest, what it refuses, and what it does not protect."""

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelab.bundle.manifest import BundleError
from edgelab.errors import UserError
from edgelab.privacy.encryption import (
    LEAST,
    decrypt,
    decrypt_folder,
    encrypt,
    encrypt_folder,
    guessing_seconds,
    memory_holds,
    new_secret,
    secret_from_passphrase,
    what_is_exposed,
)

PHRASES = ("where is my insulin, please", "tell Tunde it is code red")


@pytest.fixture
def people(tmp_path):
    """A folder with what is kept of two people, and the same encrypted."""
    for name, phrase in zip(("mei", "amara"), PHRASES, strict=True):
        (tmp_path / "users" / name).mkdir(parents=True)
        (tmp_path / "users" / name / "requests.json").write_text(phrase)
    secret = new_secret()
    encrypt_folder(tmp_path / "users", tmp_path / "locked", secret)
    return tmp_path / "locked", secret


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_what_was_encrypted_comes_back(content, name):
    secret = new_secret()
    locked = encrypt(content, name, secret)
    assert decrypt(locked, name, secret) == content and len(locked) == len(content) + LEAST


def test_the_same_twice_does_not_look_the_same():
    secret = new_secret()
    assert encrypt(b"x" * 50, "a", secret) != encrypt(b"x" * 50, "a", secret) and new_secret() != secret


@pytest.mark.parametrize("place", range(0, LEAST + 5, 3))
def test_one_flipped_bit_anywhere_is_refused(place):
    secret = new_secret()
    locked = encrypt(b"12345", "a", secret)
    with pytest.raises(BundleError):
        decrypt(locked[:place] + bytes([locked[place] ^ 1]) + locked[place + 1 :], "a", secret)


@pytest.mark.parametrize("keep", [0, 3, LEAST - 1, LEAST, LEAST + 4])
def test_truncation_is_refused(keep):
    secret = new_secret()
    with pytest.raises(BundleError):
        decrypt(encrypt(b"12345", "a", secret)[:keep], "a", secret)


def test_another_key_and_another_name_are_refused():
    secret = new_secret()
    locked = encrypt(b"12345", "a", secret)
    for name, key in (("a", new_secret()), ("b", secret)):
        with pytest.raises(BundleError, match="cannot be decrypted"):
            decrypt(locked, name, key)
    with pytest.raises(BundleError, match="expected an encrypted file"):
        decrypt(b"plain text that is long enough to be one", "a", secret)


def test_a_folder_and_back(people):
    folder, secret = people
    found = decrypt_folder(folder, secret)
    assert found == {"amara/requests.json": PHRASES[1].encode(), "mei/requests.json": PHRASES[0].encode()}


def test_two_files_that_were_swapped(people):
    folder, secret = people
    one, other = folder / "mei/requests.json", folder / "amara/requests.json"
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)
    with pytest.raises(BundleError, match="amara/requests.json: cannot be decrypted"):
        decrypt_folder(folder, secret)


def test_a_passphrase():
    salt = b"0123456789abcdef"
    secret = secret_from_passphrase("1234", salt, cost=2**4)
    assert len(secret) == 32 and secret == secret_from_passphrase("1234", salt, cost=2**4)
    others = [("1235", salt, 2**4), ("1234", salt[::-1], 2**4), ("1234", salt, 2**5)]
    assert secret not in [secret_from_passphrase(phrase, grain, cost=cost) for phrase, grain, cost in others]
    with pytest.raises(ValueError, match="expected a salt of 16 bytes"):
        secret_from_passphrase("1234", b"short")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows a process's memory on Linux")
def test_what_is_on_disk_is_hidden_and_what_is_in_memory_is_not(people):
    folder, secret = people
    found = what_is_exposed(folder, secret, (*PHRASES, "a phrase that nobody ever wrote down"))
    assert found.on_disk.value == 0 and found.on_disk.high < 1
    assert found.in_memory.value == pytest.approx(2 / 3)
    assert found.sizes == {"mei/requests.json": len(PHRASES[0]), "amara/requests.json": len(PHRASES[1])}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows a process's memory on Linux")
def test_a_process_that_cannot_open_the_folder(people):
    with pytest.raises(UserError, match="expected an encrypted folder that opens with this key"):
        what_is_exposed(people[0], new_secret(), PHRASES)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows a process's memory on Linux")
def test_memory_is_searched_for_what_is_in_it():
    planted = bytearray(b"planted in this process: " + b"42" * 20)
    assert memory_holds(os.getpid(), [bytes(planted)]) == [True]
    with pytest.raises(UserError, match="is not shown here"):
        memory_holds(2**22 + 1, [b"x"])


def test_a_short_pin_is_guessed_a_long_one_takes_as_many_times_as_long():
    short, long = (guessing_seconds(digits, cost=2**4) for digits in (4, 8))
    assert 0 < short.low <= short.value <= short.high < long.value


def test_without_cryptography(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(UserError, match="cryptography, which is not installed"):
        encrypt(b"", "a", b"0" * 32)
