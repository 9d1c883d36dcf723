"""Errors of the client, grouped by what the user can do about them.

ClientError
├── SettingsError       no kubeconfig that can be used, no such context, or no credentials
├── UnreachableError    the API server does not answer
├── ForbiddenError      it does not know who asks (401), or that user may not (403)
├── NotFoundError       no such job, namespace or kind
├── AlreadyExistsError  a job of that name is there
├── InvalidJobError     the schema or a policy refuses the job; `problems` has one line for each field
├── NotReadyError       the job has not come that far: no pod, or nothing published
├── StorageError        the object store: not there, out of reach, or other bytes than were published
└── WaitTimeoutError    the job did not finish in time; a TimeoutError too

The text of each is one line, but for that of InvalidJobError, which has one for each problem.
"""

from collections.abc import Sequence


class ClientError(Exception):
    """Base class: the message says what is wrong and how to fix it."""


class SettingsError(ClientError):
    """There is no usable kubeconfig, no such context, or its user has no credentials."""


class UnreachableError(ClientError):
    """The API server does not answer, or is temporarily unavailable."""


class ForbiddenError(ClientError):
    """The user is not authenticated, or not allowed to do this."""


class NotFoundError(ClientError):
    """There is no such job, namespace or kind."""


class AlreadyExistsError(ClientError):
    """A job with that name exists."""


class InvalidJobError(ClientError):
    """The job is refused; `problems` has one line for each field that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class NotReadyError(ClientError):
    """The job has no log yet, or has published nothing yet."""


class StorageError(ClientError):
    """The object store refuses, does not answer, or has other content than was published."""


class WaitTimeoutError(ClientError, TimeoutError):
    """The job did not finish in time."""
