"""What can go wrong between a user and a cluster, grouped by what the user can do about it.

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
    """What was asked for cannot be done; the message says why, and what would be right."""


class SettingsError(ClientError):
    """No kubeconfig that can be used, no such context, or no credentials for its user."""


class UnreachableError(ClientError):
    """The API server does not answer, or says that it cannot now."""


class ForbiddenError(ClientError):
    """The API server does not know who asks, or that user may not do it."""


class NotFoundError(ClientError):
    """There is no such job, namespace or kind."""


class AlreadyExistsError(ClientError):
    """A job of that name is there."""


class InvalidJobError(ClientError):
    """The job is refused; `problems` has one line for each field that is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class NotReadyError(ClientError):
    """The job has not come that far."""


class StorageError(ClientError):
    """The object store refuses, does not answer, or holds other bytes than were published."""


class WaitTimeoutError(ClientError, TimeoutError):
    """The job did not finish in time."""
