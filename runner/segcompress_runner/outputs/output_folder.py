"""`--output DIR`: one folder for everything, safe for a user's own model and for another run's files."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.outputs.file_names import PARAMS, PROGRAM
from segcompress_runner.outputs.manifests import Place
from segcompress_runner.storage import Address, Stat


def flat_place(folder: Address, attempt: str) -> Place:
    """Return the place of an attempt that leaves everything in `folder` itself."""
    return Place(folder, attempt, flat=True)


def check_apart(folder: Address, model_folder: Address, model: Sequence[Stat]) -> None:
    """Raise InvalidSettingError where results in the one folder would replace the model that came."""
    if model_folder.scheme != folder.scheme:
        return
    replaced = {folder.local.resolve() / name for name in (PROGRAM, PARAMS)}
    for stat in model:
        path = (model_folder / stat.file.name).local
        if path.parent.resolve() / path.name in replaced:
            raise InvalidSettingError(
                f"--output: {folder} holds the job's own {path.name}, which the result would replace; "
                "name another folder"
            )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder, which is made where it is missing, and removed if it stays empty.

    The lock is on the folder itself, so that it leaves no file and ends with the process. Raises
    InvalidSettingError where another run holds it. A folder that cannot be made or locked is used without a
    lock: the run says what is wrong with it when it writes.
    """
    with ExitStack() as stack:
        try:
            if not folder.exists():
                folder.mkdir(parents=True)
                stack.callback(_remove_if_empty, folder)
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidSettingError(
                f"--output: another run is writing to {folder}; wait until it ends, or name another folder"
            ) from None
        except OSError:
            pass
        yield


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
