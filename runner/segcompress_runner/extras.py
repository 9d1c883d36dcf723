"""What to install where a command needs a package that is not there; imports nothing that takes time."""

_OURS = "segcompress"


def missing_extra(error: BaseException) -> str | None:
    """Return the sentence about a package that an extra installs, None where `error` is not about one."""
    if not isinstance(error, ModuleNotFoundError) or not error.name or error.name.startswith(_OURS):
        return None
    return (
        f"needs the package {error.name.partition('.')[0]}: install segcompress[runner] to compress here, or "
        "segcompress[client] for a cluster"
    )
