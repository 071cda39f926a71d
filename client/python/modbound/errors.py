"""Errors: one class a status code, with the reason and field of the contract."""

from modbound import contract

OK = 0


class Error(Exception):
    """What a call or a job failed with.

    code: name of the gRPC status code, "INVALID_ARGUMENT".
    reason: a word of the contract's ErrorReason, "OUT_OF_RANGE"; "" = none.
    field: the field to blame, "spec.train.batch_size"; "" = none.
    message: one sentence for a person.
    """

    code = "UNKNOWN"

    def __init__(self, message, reason="", field="", code=None):
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.field = field
        if code is not None:
            self.code = code

    def __str__(self):
        return f"{self.reason}: {self.message}" if self.reason else self.message

    def __reduce__(self):
        return (type(self), (self.message, self.reason, self.field, self.code))


class Cancelled(Error):
    code = "CANCELLED"


class InvalidArgument(Error, ValueError):
    code = "INVALID_ARGUMENT"


class DeadlineExceeded(Error, TimeoutError):
    code = "DEADLINE_EXCEEDED"


class NotFound(Error, LookupError):
    code = "NOT_FOUND"


class AlreadyExists(Error):
    code = "ALREADY_EXISTS"


class PermissionDenied(Error):
    code = "PERMISSION_DENIED"


class ResourceExhausted(Error):
    code = "RESOURCE_EXHAUSTED"


class FailedPrecondition(Error):
    code = "FAILED_PRECONDITION"


class Aborted(Error):
    code = "ABORTED"


class Internal(Error):
    code = "INTERNAL"


class Unavailable(Error, ConnectionError):
    code = "UNAVAILABLE"


class DataLoss(Error):
    code = "DATA_LOSS"


class Unauthenticated(Error):
    code = "UNAUTHENTICATED"


class JobError(Error):
    """A job that ended without a result. job: its id; code: why."""

    def __init__(self, message, reason="", field="", code=None, job=""):
        super().__init__(message, reason, field, code)
        self.job = job

    def __reduce__(self):
        return (type(self), (self.message, self.reason, self.field, self.code,
                             self.job))


class JobFailed(JobError):
    """The job is FAILED."""


class JobCancelled(JobError):
    """The job is CANCELLED."""


class JobSkipped(JobError):
    """The job is SKIPPED: one that it takes outputs from did not succeed."""


_CODE_NAMES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED "
               "NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED "
               "FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL "
               "UNAVAILABLE DATA_LOSS UNAUTHENTICATED").split()

_CLASSES = {cls.code: cls for cls in (
    Cancelled, InvalidArgument, DeadlineExceeded, NotFound, AlreadyExists,
    PermissionDenied, ResourceExhausted, FailedPrecondition, Aborted, Internal,
    Unavailable, DataLoss, Unauthenticated)}

# Words of gRPC and OpenSSL.
_REFUSED_HANDSHAKE = ("handshake failed", "CERTIFICATE_VERIFY_FAILED",
                      "Hostname Verification", "not in peer certificate")

_JOB_CLASSES = {"FAILED": JobFailed, "CANCELLED": JobCancelled,
                "SKIPPED": JobSkipped}


def code_name(number):
    """Name of a gRPC status code."""
    return _CODE_NAMES[number] if 0 <= number < len(_CODE_NAMES) else "UNKNOWN"


def facts_of(status):
    """Reason and field of a google.rpc.Status."""
    reason = field = ""
    for detail in status.details:
        type_name = detail.type_url.rpartition("/")[2]
        if type_name == "google.rpc.ErrorInfo":
            reason = contract.message(type_name).FromString(detail.value).reason
        elif type_name == "google.rpc.BadRequest":
            bad = contract.message(type_name).FromString(detail.value)
            if bad.field_violations:
                field = bad.field_violations[0].field
    return reason, field


def from_rpc(error):
    """The Error of a grpc.RpcError."""
    name = error.code().name
    message = error.details() or name
    reason = field = ""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = contract.message("google.rpc.Status").FromString(value)
            reason, field = facts_of(status)
    cls = _CLASSES.get(name, Error)
    if name == "UNAVAILABLE" and not reason and any(
            words in message for words in _REFUSED_HANDSHAKE):
        # gRPC has no code for a certificate that was not taken.
        cls, name = Unauthenticated, "UNAUTHENTICATED"
    return cls(message, reason, field, name)


def from_job(job):
    """The JobError of a job message; None when the job did not end badly."""
    cls = _JOB_CLASSES.get(contract.state_name(job.state))
    if cls is None:
        return None
    reason, field = facts_of(job.error)
    message = f"job {job.id} ({job.kind}): {job.error.message}"
    return cls(message, reason, field, code_name(job.error.code), job.id)
