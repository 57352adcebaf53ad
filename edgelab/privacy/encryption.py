"""Encryption at rest: AES-256-GCM (NIST SP 800-38D) over the files of a folder, and what it does not protect.

It keeps what is stored from somebody who finds the device switched off, or the backup. It does not keep it from the program
that answers, which has key and model in its memory; from whoever has the key, which most often lies beside what it locks; and
it does not hide how many files there are, their names and their sizes.
"""

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.manifest import BundleError
from edgelab.errors import UserError
from edgelab.stats.intervals import Interval, accuracy_interval, percentile_interval

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"EDGE1"  # before each file: that it is encrypted, and how
NONCE, TAG, SALT = 12, 16, 16  # bytes
LEAST = len(MAGIC) + NONCE + TAG


def new_secret() -> bytes:
    """A random key of 32 bytes."""
    return os.urandom(32)


def secret_from_passphrase(passphrase: str, salt: bytes, cost: int = 2**14) -> bytes:
    """A key made of a passphrase by scrypt (RFC 7914): a guess costs an attacker with such a machine as much as it costs the
    owner. The salt, 16 random bytes, is no secret: it makes each owner's guesses a work of their own.

    Raises:
        ValueError: the salt is shorter.
    """
    import hashlib

    if len(salt) < SALT:
        raise ValueError(f"expected a salt of {SALT} bytes or more, found {len(salt)}")
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=32)


def encrypt(content: bytes, name: str, secret: bytes) -> bytes:
    """Bytes encrypted under a name, which is authenticated with them: under another one they cannot be read."""
    nonce = os.urandom(NONCE)  # new each time: of two contents under one nonce the difference would show
    return MAGIC + nonce + _cipher(secret).encrypt(nonce, content, name.encode())


def decrypt(content: bytes, name: str, secret: bytes) -> bytes:
    """What `encrypt` was given.

    Raises:
        BundleError: it is nothing of `encrypt`; or the key is another one, the bytes were altered, or belong elsewhere, which
            nobody can tell apart.
    """
    from cryptography.exceptions import InvalidTag

    if content[: len(MAGIC)] != MAGIC or len(content) < LEAST:
        raise BundleError(f"{name}: expected an encrypted file, found something else or a part of one")
    nonce, rest = content[len(MAGIC) : len(MAGIC) + NONCE], content[len(MAGIC) + NONCE :]
    try:
        return _cipher(secret).decrypt(nonce, rest, name.encode())
    except InvalidTag:
        raise BundleError(f"{name}: cannot be decrypted: another key, altered, truncated or another file's") from None


def encrypt_folder(folder: Path, to: Path, secret: bytes) -> None:
    """Write every file of a folder encrypted into another one, under the same names.

    Raises:
        BundleError: a file cannot be read or written.
    """
    try:
        for name, content in _files(folder).items():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(encrypt(content, name, secret))
    except OSError as error:
        raise BundleError(f"{error.filename or to}: cannot be encrypted there: {error.strerror}") from None


def decrypt_folder(folder: Path, secret: bytes) -> dict[str, bytes]:
    """The files of an encrypted folder by their names, in memory only.

    Raises:
        BundleError: what `decrypt` refuses, or a file cannot be read.
    """
    try:
        return {name: decrypt(content, name, secret) for name, content in _files(folder).items()}
    except OSError as error:
        raise BundleError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None


@dataclass(frozen=True)
class Exposed:
    """What was found of phrases that a folder holds: the share of them in its encrypted files, and in the memory of the
    process that has opened it; and the sizes of the plain files, told by those of the encrypted ones."""

    on_disk: Interval
    in_memory: Interval
    sizes: Mapping[str, int]


def what_is_exposed(folder: Path, secret: bytes, phrases: Sequence[str]) -> Exposed:
    """Search an encrypted folder, and the memory of a process of its own that has opened it, for phrases that it holds. A
    `UserError` says that the system shows no process's memory (it is no Linux, or forbids it)."""
    encrypted = _files(folder)
    wanted = [phrase.encode() for phrase in phrases]
    on_disk = [any(phrase in content for content in encrypted.values()) for phrase in wanted]
    sizes = {name: len(content) - LEAST for name, content in encrypted.items()}
    return Exposed(
        accuracy_interval(np.array(on_disk)), accuracy_interval(np.array(_in_memory(folder, secret, wanted))), sizes
    )


def _in_memory(folder: Path, secret: bytes, wanted: list[bytes]) -> list[bool]:
    """Whether each phrase stands in the memory of a fresh process that has decrypted the folder.

    Raises:
        UserError: the folder does not open with this key.
    """
    import subprocess
    import sys

    command = [sys.executable, "-m", "edgelab.privacy.opened", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(secret.hex().encode() + b"\n")
            if process.stdout.readline().strip() != b"opened":
                raise UserError(f"{folder}: expected an encrypted folder that opens with this key, found another")
            return memory_holds(process.pid, wanted)
        finally:
            process.kill()


def memory_holds(pid: int, wanted: list[bytes]) -> list[bool]:
    """Whether each of some bytes stands in a process's memory that it can write to: Linux shows it to the same user.

    Raises:
        UserError: it is not shown.
    """
    found = [False] * len(wanted)
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for low, high in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.MULTILINE):
                try:
                    memory.seek(int(low, 16))
                    content = memory.read(int(high, 16) - int(low, 16))
                except (OSError, ValueError, OverflowError):  # of some regions nothing can be read
                    continue
                found = [was or phrase in content for was, phrase in zip(found, wanted, strict=True)]
    except OSError as error:
        raise UserError(f"process {pid}: its memory is not shown here: {error.strerror}") from None
    return found


def guessing_seconds(digits: int, cost: int = 2**14, guesses: int = 15) -> Interval:
    """How long it takes on one core of this machine to try every PIN of so many digits, in seconds: the median time of some
    guesses times the number of PINs, with the interval of the median."""
    taken = []
    for guess in range(guesses):
        start = time.process_time()  # of the core: what else runs on it is not the attacker's
        secret_from_passphrase(f"{guess:0{digits}d}", b"\0" * SALT, cost)
        taken.append(time.process_time() - start)
    median = percentile_interval(taken, 50)
    return Interval(*(10**digits * seconds for seconds in (median.value, median.low, median.high)))


def _cipher(secret: bytes) -> "AESGCM":
    """AES-GCM under a key.

    Raises:
        UserError: cryptography is missing.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise UserError(
            "encryption needs the package cryptography, which is not installed: pip install 'edgelab-workbook[privacy]'"
        ) from None
    return AESGCM(secret)


def _files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its relative name."""
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}
