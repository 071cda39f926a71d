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
# The same for following a job, which must outlive a restart of the server.
WATCH_PATIENCE = 120


def pauses(patience):
    """Seconds to wait before each further try: 0.05, doubling up to 2."""
    pause, total = 0.05, 0
    while total < patience:
        # Clients that lost the same server do not come back all at once.
        yield pause * random.uniform(0.75, 1.25)
        total += pause
        pause = min(2 * pause, 2)


def with_retry(make_effect):
    """Performs make_effect(), again after UNAVAILABLE, else raises our Error.

    make_effect returns None when what it was for has been done.
    """
    waits = pauses(CALL_PATIENCE)
    while True:
        effect = make_effect()
        if effect is None:
            return None
        try:
            return (yield effect)
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
            pause = next(waits, None)
            if not isinstance(error, errors.Unavailable) or pause is None:
                raise error from None
        yield Sleep(pause)


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
    waits = pauses(CALL_PATIENCE)
    offset = 0
    while True:
        try:
            reply = yield StreamIn(method, arrays.upload_requests(
                array, sha256, upload_id, offset))
            return reply.array
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
            pause = next(waits, None)
            if not isinstance(error, errors.Unavailable) or pause is None:
                raise error from None
        yield Sleep(pause)
        offset = yield from _committed(upload_id)


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

    def rest():
        request = method.request(array=array, offset=len(receiver.data))
        return StreamOut(method, request, receiver.take, None)

    yield from with_retry(rest)
    return arrays.from_bytes(array, receiver.finish())


def _output(reference):
    """The Array that an input taken from another job stands for."""
    job = yield from call("JobService.GetJob", id=reference.job)
    if reference.output not in job.outputs:
        raise errors.NotFound(
            f"job {job.id} has no output {reference.output!r} (it is "
            f"{contract.state_name(job.state)})", "OUTPUT_NOT_FOUND")
    return job.outputs[reference.output]


class Follower:
    """Where a watcher of a job is: survives breaks of the stream."""

    def __init__(self, job_id):
        self.job_id = job_id
        self.state = None
        self.token = ""
        self.method = contract.method("JobService.WatchJob")

    def request(self):
        return self.method.request(id=self.job_id, resume_token=self.token)

    def take(self, message):
        """The Event of a JobEvent message."""
        self.token = message.resume_token
        what = message.WhichOneof("event")
        if what == "snapshot":
            self.state = contract.state_name(message.snapshot.state)
        elif what == "state_change":
            self.state = contract.state_name(message.state_change.state)
        return values.Event(message, self.state)

    @property
    def done(self):
        return is_final(self.state)


def is_final(state):
    """Whether a state word is an end."""
    return state in ("SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED")


def wait(job_id, timeout, clock):
    """The job message once the job has ended. Raises TimeoutError."""
    follower = Follower(job_id)
    deadline = None if timeout is None else clock() + timeout
    waits = pauses(WATCH_PATIENCE)

    def take(message):
        follower.take(message)
        return follower.done

    while not follower.done:
        left = None if deadline is None else max(0.0, deadline - clock())
        seen = follower.token
        try:
            yield StreamOut(follower.method, follower.request(), take, left)
        except grpc.RpcError as rpc_error:
            error = errors.from_rpc(rpc_error)
            if isinstance(error, errors.DeadlineExceeded):
                raise TimeoutError(f"job {job_id} is {follower.state} after "
                                   f"{timeout} s") from None
            if not isinstance(error, errors.Unavailable):
                raise error from None
            if follower.token != seen:
                waits = pauses(WATCH_PATIENCE)
            pause = next(waits, None)
            if pause is None:
                raise error from None
            yield Sleep(pause if left is None else min(pause, left))
        else:
            if not follower.done:  # the server ended the stream to stop
                yield Sleep(0.1)
    return (yield from call("JobService.GetJob", id=job_id))
