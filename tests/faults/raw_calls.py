"""Every RPC with bytes for messages, and requests to begin with.

For tests of requests that no client of ours would send.
"""

import collections
import functools
import re
import time
import unittest

import grpc
import numpy
from google.protobuf import descriptor_pb2, json_format

from modbound import contract
from service import Server

Method = collections.namedtuple(
    "Method", "name path request reply streams_in streams_out")
# code: name of the status code; reason, field: of its details, "" = none.
Answer = collections.namedtuple(
    "Answer", "code reason field message replies seconds")

SERVICES = ("JobService", "ArtifactService", "ServerService")


def methods():
    """All RPCs; a new service fails here until it is in SERVICES."""
    files = contract.message("Job").DESCRIPTOR.file.pool
    found = []
    for name in ("job", "artifact", "server"):
        file = files.FindFileByName(f"modbound/v1/{name}.proto")
        for service in file.services_by_name.values():
            assert service.name in SERVICES, service.name
            found += [_method(service, method)
                      for method in service.methods]
    return found


def _method(service, method):
    both = contract.method(f"{service.name}.{method.name}")
    plain = _methods_of_protos(service.file.name)[
        f"{service.name}.{method.name}"]
    return Method(method.name, both.path, both.request, both.reply,
                  plain.client_streaming, plain.server_streaming)


@functools.lru_cache(maxsize=None)
def _methods_of_protos(name):
    proto = descriptor_pb2.FileDescriptorProto()
    contract.message("Job").DESCRIPTOR.file.pool.FindFileByName(
        name).CopyToProto(proto)
    return {f"{service.name}.{method.name}": method
            for service in proto.service for method in service.method}


class RawCalls:
    """A channel of its own that sends bytes as they are."""

    def __init__(self, address):
        self._channel = grpc.insecure_channel(address, options=[
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1)])

    def close(self):
        self._channel.close()

    def call(self, method, messages, timeout=60):
        """Sends messages, gives the Answer."""
        start = time.monotonic()
        replies = []
        code, reason, field, text = "OK", "", "", ""
        try:
            if method.streams_in:
                replies.append(self._channel.stream_unary(method.path)(
                    iter(messages), timeout=timeout))
            elif method.streams_out:
                replies += self._channel.unary_stream(method.path)(
                    messages[0], timeout=timeout)
            else:
                replies.append(self._channel.unary_unary(method.path)(
                    messages[0], timeout=timeout))
        except grpc.RpcError as error:
            code, text = error.code().name, error.details()
            reason, field = _details(error)
        return Answer(code, reason, field, text, replies,
                      time.monotonic() - start)


def _details(error):
    reason = field = ""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = contract.message("google.rpc.Status").FromString(value)
            for detail in status.details:
                name = detail.type_url.rsplit("/", 1)[1]
                body = contract.message(name).FromString(detail.value)
                if name == "google.rpc.ErrorInfo":
                    reason = body.reason
                elif name == "google.rpc.BadRequest":
                    field = body.field_violations[0].field
    return reason, field


@functools.lru_cache(maxsize=None)
def _codes(reason):
    comment = contract.comment(f"modbound.v1.ErrorReason.Reason.{reason}")
    return set(re.findall(r"\b([A-Z_]+)(?:, for one attempt)?:", comment))


def is_unreadable(answer):
    """Whether the bytes are no message, and so have no fields either."""
    return (answer.reason == "BAD_TEXT" and
            answer.message.startswith("the bytes are not a valid "))


def complaint(answer):
    """What is wrong with an answer; "" when it is OK or in the catalogue, and
    names the field of an INVALID_ARGUMENT."""
    if answer.code == "OK":
        return ""
    if answer.code not in _codes(answer.reason) or answer.code == "INTERNAL":
        return (f"{answer.code} with reason '{answer.reason}' is not in the "
                f"catalogue: {answer.message}")
    if (answer.code == "INVALID_ARGUMENT" and not answer.field and
            not is_unreadable(answer)):
        return f"{answer.reason} without the field: {answer.message}"
    return ""


def kinds(calls):
    """Kind -> its KindInfo."""
    method = next(m for m in methods() if m.name == "ListKinds")
    answer = calls.call(method, [b""])
    return {kind.kind: kind
            for kind in method.reply.FromString(answer.replies[0]).kinds}


def seed_values(taken, extents=None):
    """Values that fit most inputs; extents: axis -> extent, 6 by default."""
    extents = {"P": 2, "I": 3, "O": 3, **(extents or {})}
    if taken.name in ("images", "digits"):
        extents["S"] = 60
    shape = [extents.get(axis, 6) for axis in taken.axes]
    if taken.name == "digits":
        return numpy.arange(*shape, dtype="i4") % 10
    if "labels" in taken.name:
        return numpy.resize(numpy.int32([0, 0, 0, 1, 1, 1]), shape)
    rows, columns = numpy.indices(shape).reshape(len(shape), -1)[-2:] \
        if len(shape) > 1 else (numpy.zeros(shape, int), numpy.arange(*shape))
    values = numpy.where((rows < 3) == (columns < 3), 0.75, 0.25)
    return numpy.where(rows == columns, 0, values).reshape(shape)


def set_array(array, values):
    """Makes `values` the inline bytes of an Array message."""
    types = {"float32": 1, "float64": 2, "int32": 3, "int64": 4, "uint8": 5,
             "bool": 6}
    array.dtype = types[values.dtype.name]
    array.shape[:] = values.shape
    array.inline = values.tobytes()


# Of several optional inputs the one that a job of the kind, or of its example
# specification, must have.
NEEDED = {"partition": "matrix", "induced_quality": "matrix",
          "statistics": "other"}


def seed_job(kind):
    """A small Job of a KindInfo."""
    job = contract.message("Job")()
    json_format.Parse(f'{{"{kind.kind}": {kind.example_spec}}}', job.spec)
    needed = [taken for taken in kind.inputs
              if not taken.optional or taken.name == NEEDED.get(kind.kind)]
    for taken in needed:
        set_array(job.inputs[taken.name.replace("*", "a")],
                  seed_values(taken))
    return job


class RawCallsTest(unittest.TestCase):
    """Tests of such requests on a server of their own."""

    def setUp(self):
        self.server = Server(flags=["--log_level=error"])
        self.addCleanup(self.server.close)
        self.calls = RawCalls(self.server.address)
        self.addCleanup(self.calls.close)
        self.methods = {method.name: method for method in methods()}
