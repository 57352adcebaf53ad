"""The commands keys, sign and verify: who made a bundle, told without a network."""

import argparse
from pathlib import Path

from edgelab.commands.arguments import whole
from edgelab.commands.command import Command
from edgelab.commands.output import show


def keys(args: argparse.Namespace) -> int:
    """Make a pair, and say which file is whose."""
    from edgelab.bundle.keys import new_keys

    fingerprint, public = new_keys(Path(args.file))
    show(f"{args.file}: the private key: it signs; keep it where nobody else reads")
    show(f"{public}: the public key {fingerprint[:16]}: it verifies; give it to whoever loads your bundles")
    return 0


def sign(args: argparse.Namespace) -> int:
    """Sign, and say as which edition."""
    from edgelab.bundle.signature import sign as run

    signed = run(Path(args.bundle), Path(args.key), edition=args.edition)
    show(f"{args.bundle}: signed as edition {signed.edition} by the key {signed.key[:16]}")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Verify, and say what is sound."""
    from edgelab.bundle.signature import verify as run

    found = run(Path(args.bundle), Path(args.key), at_least=args.at_least)
    size = sum(file.bytes for file in found.files.values())
    show(
        f"{args.bundle}: edition {found.edition}, signed by the key {found.key[:16]}; "
        f"{len(found.files)} files of {size} bytes are as they were signed"
    )
    return 0


def _keys_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a new file for the private key; the public one becomes FILE.pub")


def _sign_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument("--key", required=True, help="the file of your private key")
    parser.add_argument(
        "--edition",
        type=whole(1, 2**53 - 1),
        help="a number that only grows from release to release (default: one more than the signature that is there, else 1)",
    )


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder of a bundle")
    parser.add_argument("--key", required=True, help="the file of the maker's public key")
    parser.add_argument(
        "--at-least",
        type=whole(1, 2**53 - 1),
        default=1,
        help="the lowest edition to accept: the highest that you have accepted before (default: 1)",
    )


KEYS = Command(
    name="keys",
    run=keys,
    help="make a pair of keys to sign bundles with",
    examples="edgelab keys release.key",
    more="""
Ed25519, in PEM. Whoever has the private key can sign bundles in your name: it does not belong into a repository.""",
    arguments=_keys_arguments,
)
SIGN = Command(
    name="sign",
    run=sign,
    help="sign a bundle, so that a change on purpose is noticed",
    examples="edgelab sign my_build/bundle --key release.key\nedgelab sign my_build/bundle --key release.key --edition 7",
    more="""
Writes bundle.sig into the folder: the SHA-256 and the length of each file, and the edition, signed. `edgelab build
--sign` does the same at the end of a build.""",
    arguments=_sign_arguments,
)
VERIFY = Command(
    name="verify",
    run=verify,
    help="verify a bundle's signature and every file that it covers, without a network",
    examples="edgelab verify my_build/bundle --key release.key.pub\n"
    "edgelab verify my_build/bundle --key release.key.pub --at-least 3",
    more="""
Refused, each with its reason: a bundle without a signature, one by another key, one that is older than --at-least, a
file that is missing, truncated, altered or swapped, a manifest that was sealed anew.""",
    arguments=_verify_arguments,
)
