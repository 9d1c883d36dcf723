"""What may go wrong between the operator and the API server, grouped by what the caller can do about it.

    OperatorError
        SettingError         the operator's own settings are wrong: it does not start
        RetryableError       the API server is away, busy or was faster than us: the key is tried again
        GoneError            the object to be written no longer exists: nothing is left to do
        RefusedError         the API server refuses what we ask for, with a sentence that says why
        LeadershipLostError  another operator may act by now: this process ends

A wrong spec is none of these: it is a state to report, see segcompress_api.errors.
"""


class OperatorError(Exception):
    """Base of this tree."""


class SettingError(OperatorError):
    """A setting of the operator that nobody but its administrator can mend."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable}: {problem}")


class RetryableError(OperatorError):
    """A request that may succeed later; `retry_after` is the API server's own wish, in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GoneError(OperatorError):
    """The object of a request does not exist (any more)."""


class RefusedError(OperatorError):
    """A request that the API server refused; `final` is True where no retry of the same can succeed."""

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


class LeadershipLostError(OperatorError):
    """The Lease is no longer ours, or could not be renewed in time."""
