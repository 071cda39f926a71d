"""What the client does on the wire, apart from how it waits.

An operation is a generator that yields effects and is sent their results (or
thrown a grpc.RpcError); its return value is its result. client.py performs
effects by blocking, aio.py by awaiting: everything else is written once.
"""

import collections
import random
import uuid

import grpc

from modbound import arrays, contract, errors, values

# One request, one reply.
Unary = collections.namedtuple("Unary", "method request")
# A stream of requests, one reply.
StreamIn = collections.namedtuple("StreamIn", "method requests")
# One request, a stream of replies, each given to `take`; ends early when that
# returns True. timeout: seconds or None.
StreamOut = collections.namedtuple("StreamOut", "method request take timeout")
# Nothing for some seconds.
Sleep = collections.namedtuple("Sleep", "seconds")

# Seconds that a call is tried again while the server cannot be reached.
CALL_PATIENCE = 5
# The same for following a job and fetching its arrays, which must outlive a
# restart of the server.
WATCH_PATIENCE = 120


def is_broken(error):
    """Whether a stream broke rather than was refused.

    What the server refuses carries a reason; a stream that its shutdown or the
    network cut may end with any of these codes.
    """
    if isinstance(error, errors.Unavailable):
        return True
    return not error.reason and error.code in (
        "CANCELLED", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED")


class Pauses:
    """Pauses before further tries, for so many seconds without progress."""

    def __init__(self, patience):
        self._patience = patience
        self.reset()

    def reset(self):
        """Starts anew: there was progress."""
        self._pause, self._total = 0.05, 0

    def after(self, error, again):
        """Seconds to wait: 0.05, doubling up to 2. Raises `error` at last.

        again: whether the error may be tried again at all.
        """
        if not again or self._total >= self._patience:
            raise error from None
        self._total += self._pause
        # Clients that lost the same server do not come back all at once.
        pause = self._pause * random.uniform(0.75, 1.25)
        self._pause = min(2 * self._pause, 2)
        return pause


def with_retry(make_effect):
    """Performs make_effect(), again after UNAVAILABLE, else raises our Error.

    A call that comes while the server stops may end as CANCELLED, of which the
    server knows no reason; we cancel none ourselves. What is tried again is one
    call for the server, by its request id or by what it asks.
    """
    waits = Pauses(CALL_PATIENCE)
    while True:
        try:
            return (yield make_effect())
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
        again = (isinstance(error, errors.Unavailable) or
                 error.reason == "RATE_LIMITED" or
                 (error.code == "CANCELLED" and not error.reason))
        yield Sleep(waits.after(error, again))


def call(name, **fields):
    """A unary call: call("JobService.GetJob", id=...)."""
    method = contract.method(name)
    request = method.request(**fields)
    return (yield from with_retry(lambda: Unary(method, request)))


def upload(array):
    """Stores a little-endian array unless the server has it: its Array."""
    sha256 = arrays.digest(array)
    described = arrays.describe(array)
    described.artifact = sha256
    found = yield from call("ArtifactService.FindMissing", artifacts=[sha256])
    if not found.missing:
        return described
    upload_id = uuid.uuid4().hex
    method = contract.method("ArtifactService.Upload")
    waits = Pauses(CALL_PATIENCE)
    offset = 0
    while True:
        try:
            reply = yield StreamIn(method, arrays.upload_requests(
                array, sha256, upload_id, offset))
            return reply.array
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
        yield Sleep(waits.after(error, is_broken(error)))
        committed = yield from _committed(upload_id)
        if committed > offset:
            waits.reset()
        offset = committed


def _committed(upload_id):
    """Bytes of an upload that the server has kept."""
    try:
        reply = yield from call("ArtifactService.QueryUpload",
                                upload_id=upload_id)
    except errors.NotFound:
        return 0
    return reply.committed_bytes


def download(array):
    """The numpy array of an Array message of a job's inputs or outputs."""
    if array.WhichOneof("source") == "output":
        array = yield from _output(array.output)
    if array.WhichOneof("source") == "inline":
        return arrays.from_bytes(array, array.inline)
    receiver = arrays.Receiver(array.artifact)
    method = contract.method("ArtifactService.Download")
    waits = Pauses(WATCH_PATIENCE)
    while True:
        offset = len(receiver.data)
        try:
            yield StreamOut(method, method.request(array=array, offset=offset),
                            receiver.take, None)
            return arrays.from_bytes(array, receiver.finish())
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
        if len(receiver.data) > offset:
            waits.reset()
        yield Sleep(waits.after(error, is_broken(error)))


def _output(reference):
    """The Array that an input taken from another job stands for."""
    job = yield from call("JobService.GetJob", id=reference.job)
    if reference.output not in job.outputs:
        raise errors.NotFound(
            f"job {job.id} has no output {reference.output!r} (it is "
            f"{contract.state_name(job.state)})", "OUTPUT_NOT_FOUND")
    return job.outputs[reference.output]


class Stream:
    """A stream about a job that is opened again when it breaks."""

    def __init__(self, job_id, method):
        self.job_id = job_id
        self.method = contract.method(method)
        self._waits = Pauses(WATCH_PATIENCE)

    def pause_after(self, error):
        """Seconds until the stream may be opened again; raises `error` else.

        error: the Error it ended with; None when the server just closed it, as
        one that stops may.
        """
        if error is None:
            return 0.1
        return self._waits.after(error, is_broken(error))


class Follower(Stream):
    """Where a watcher of a job is: survives breaks of the stream."""

    def __init__(self, job_id):
        super().__init__(job_id, "JobService.WatchJob")
        self.state = None
        self.token = ""

    def request(self):
        return self.method.request(id=self.job_id, resume_token=self.token)

    def take(self, message):
        """The Event of a JobEvent message."""
        self.token = message.resume_token
        self._waits.reset()
        what = message.WhichOneof("event")
        if what == "snapshot":
            self.state = contract.state_name(message.snapshot.state)
        elif what == "state_change":
            self.state = contract.state_name(message.state_change.state)
        return values.Event(message, self.state)

    @property
    def done(self):
        return is_final(self.state)


class LogReader(Stream):
    """Where a reader of a job's log is: survives breaks of the stream."""

    def __init__(self, job_id, follow):
        super().__init__(job_id, "JobService.GetLogs")
        self.follow = follow
        self.offset = 0

    def request(self):
        return self.method.request(id=self.job_id, offset=self.offset,
                                   follow=self.follow)

    def take(self, message):
        """The lines of a GetLogsResponse message."""
        self.offset = message.next_offset
        self._waits.reset()
        lines = message.text.splitlines()
        if message.dropped_bytes:
            lines.insert(0, f"... {message.dropped_bytes} bytes of the log "
                            "were dropped here ...")
        return lines


def is_final(state):
    """Whether a state word is an end."""
    return state in ("SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED")


def wait(job_id, timeout, clock):
    """The job message once the job has ended. Raises TimeoutError."""
    follower = Follower(job_id)
    deadline = None if timeout is None else clock() + timeout

    def take(message):
        follower.take(message)
        return follower.done

    while not follower.done:
        left = None if deadline is None else max(0.0, deadline - clock())
        error = None
        try:
            yield StreamOut(follower.method, follower.request(), take, left)
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
        if follower.done:
            break
        if left is not None and clock() >= deadline:
            raise TimeoutError(f"job {job_id} is {follower.state} after "
                               f"{timeout} s")
        pause = follower.pause_after(error)
        yield Sleep(pause if left is None else min(pause, left))
    return (yield from call("JobService.GetJob", id=job_id))
