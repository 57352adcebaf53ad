"""What goes wrong with a generator, in a file of its own: texts that took an hour to write depend on few files."""

from edgelab.errors import UserError


class GeneratorError(UserError):
    """A generator that cannot be had, built, opened or asked; the message says what was found and what was expected."""
