"""A privacy label as the app stores ask for it, made from the declarations."""

from edgelab.privacy.data_flow import Declared


def privacy_label(sends: tuple[Declared, ...] | None = None) -> list[dict[str, str]]:
    """One row for each kind of data that leaves the device, in Apple's and Google's words: `data`, `apple_category`,
    `apple_linked` (linked to you, not linked to you), `google_category`, `google_shared`, `purpose`, `because` (the module). Data
    that stays on the device is no collection, by both stores' definitions."""
    raise NotImplementedError
