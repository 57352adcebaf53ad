"""What was calibrated on one model's scores is refused on any other: by its fingerprint."""

import hashlib
import json

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle


def fingerprint(bundle: Bundle) -> str:
    """SHA-256 of what a bundle answers with: its files and the order of its labels, and no figure that was measured of it.
    Thresholds are kept with it, such as those of a `routing.Policy`; the manifest's own stand beside the files that they
    belong to."""
    answers_with = {"labels": bundle.labels, "sha256": bundle.manifest["sha256"]}
    return hashlib.sha256(json.dumps(answers_with, sort_keys=True).encode()).hexdigest()


def check_calibrated(bundle: Bundle, calibrated_for: str | None) -> None:
    """Refuse thresholds that belong to another model; None, where nobody wrote down to which, is trusted.

    Raises:
        BundleError: that fingerprint is not this bundle's.
    """
    own = fingerprint(bundle)
    if calibrated_for not in (None, own):
        raise BundleError(
            f"{bundle.folder}: expected a policy calibrated for the model {own[:12]}, found one for "
            f"{str(calibrated_for)[:12]}: its scores mean something else here; calibrate it anew"
        )
