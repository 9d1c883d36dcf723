"""What to install where a command needs a package that is not there; imports nothing that takes time."""

_OURS = "segcompress"

_OF_RUNNER = ("run", "validate", "export", "sweep-report")
"""Commands that need more than the extra `client` installs."""


def missing_extra(error: BaseException, command: str) -> str | None:
    """Return the sentence about a package that `command` needs and an extra installs.

    None where `error` is not about one.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name or error.name.startswith(_OURS):
        return None
    extra = "runner" if command in _OF_RUNNER else "client"
    return f"needs the package {error.name.partition('.')[0]}: install segcompress[{extra}]"
