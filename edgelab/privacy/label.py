"""A privacy label as the app stores ask for it, made from what the code declares to send.

The words are those of Apple's App Privacy Details (developer.apple.com/app-store/app-privacy-details) and of Google Play's Data
safety section (support.google.com/googleplay/android-developer/answer/10787469). By both, what never leaves the device is not
collected.
"""

from collections.abc import Sequence

from edgelab.declarations import Sent
from edgelab.privacy.flow import Declared, declared_sends

# What a receiver may know, by the kinds of `declarations.Sent`: in plain words, Apple's, Google's, and what it is for.
WORDS: dict[str, tuple[str, str, str, str]] = {
    "request": (
        "words of requests",
        "User Content: Other User Content",
        "App activity: Other user-generated content",
        "App Functionality",
    ),
    "usage": (
        "how often what is used",
        "Usage Data: Product Interaction",
        "App activity: App interactions",
        "Analytics",
    ),
    "crashes": ("whether it crashed", "Diagnostics: Crash Data", "App info and performance: Crash logs", "Analytics"),
    "speed": (
        "how fast it answers",
        "Diagnostics: Performance Data",
        "App info and performance: Diagnostics",
        "Analytics",
    ),
    "device": (
        "kind of device",
        "Diagnostics: Other Diagnostic Data",
        "App info and performance: Other app performance data",
        "Analytics",
    ),
}


def privacy_label(sends: Sequence[Declared] | None = None) -> list[dict[str, str]]:
    """One row for each kind of data that leaves the device, by default of the assistant alone: `data`, `apple_category`,
    `apple_linked` (linked to you, not linked to you), `google_category`, `purpose`, `because` (the module that declares it).
    Empty where nothing leaves: "Data Not Collected"."""
    if sends is None:
        sends = [entry for entry in declared_sends() if entry.said.part == "pocket"]
    rows = []
    for entry in sends:
        said = entry.said
        if not isinstance(said, Sent):
            continue
        for kind in said.kinds:
            data, apple, google, purpose = WORDS[kind]
            rows.append(
                {
                    "data": data,
                    "apple_category": apple,
                    "apple_linked": "linked to you" if said.linked else "not linked to you",
                    "google_category": google,
                    "purpose": purpose,
                    "because": entry.module,
                }
            )
    return rows
