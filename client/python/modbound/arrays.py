"""numpy arrays to Array messages and back."""

import hashlib
import zlib

import numpy

from modbound import contract, errors

MAX_INLINE_BYTES = 64 * 1024
CHUNK_BYTES = 512 * 1024

_DTYPES = {"FLOAT32": "<f4", "FLOAT64": "<f8", "INT32": "<i4", "INT64": "<i8",
           "UINT8": "|u1", "BOOL": "|b1"}
_WORDS = {code: word for word, code in _DTYPES.items()}


def _types():
    return contract.message("DType").DESCRIPTOR.enum_types_by_name["Type"]


def little_endian(value, path):
    """`value` as a C-ordered little-endian array that the server takes.

    Raises InvalidArgument WRONG_DTYPE for a type that no input takes.
    """
    try:
        array = numpy.asarray(value)
    except ValueError as error:
        raise errors.InvalidArgument(f"{path} is no array: {error}",
                                     "WRONG_SHAPE", path) from None
    shape = array.shape
    # newbyteorder also turns the machine's own "=" into a written "<".
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in _WORDS:
        raise errors.InvalidArgument(
            f"{path} has dtype {array.dtype}; allowed: float32, float64, int32,"
            " int64, uint8, bool", "WRONG_DTYPE", path)
    return numpy.ascontiguousarray(array, dtype).reshape(shape)


def describe(array):
    """Array message with dtype and shape of a little-endian array."""
    message = contract.message("Array")()
    message.dtype = _types().values_by_name[_WORDS[array.dtype.str]].number
    message.shape.extend(array.shape)
    return message


def dtype_of(message):
    """numpy dtype of an Array message."""
    return numpy.dtype(_DTYPES[contract.enum_name(_types(), message.dtype)])


def from_bytes(message, data):
    """The array of an Array message whose bytes are `data`."""
    array = numpy.frombuffer(data, dtype_of(message))
    return array.reshape(tuple(message.shape)).copy()


def digest(array):
    """SHA-256 of the bytes, as artifacts are named."""
    return hashlib.sha256(_bytes(array)).hexdigest()


def _bytes(array):
    return memoryview(array.reshape(-1)).cast("B") if array.size else b""


def upload_requests(array, sha256, upload_id, offset):
    """Messages of an Upload that goes on at `offset`."""
    request = contract.message("UploadRequest")
    header = request()
    described = describe(array)
    header.header.dtype = described.dtype
    header.header.shape.extend(described.shape)
    header.header.sha256 = sha256
    header.header.upload_id = upload_id
    yield header
    data = _bytes(array)
    for start in range(offset, len(data), CHUNK_BYTES):
        piece = bytes(data[start:start + CHUNK_BYTES])
        message = request()
        message.chunk.offset = start
        message.chunk.data = piece
        message.chunk.crc32 = zlib.crc32(piece)
        yield message


class Receiver:
    """Puts the chunks of a Download together; refuses damaged ones."""

    def __init__(self, sha256):
        self.sha256 = sha256
        self.data = bytearray()

    def take(self, reply):
        """Appends one DownloadResponse. Raises DataLoss."""
        if reply.offset != len(self.data) or zlib.crc32(
                reply.data) != reply.crc32:
            raise errors.DataLoss(
                f"a chunk of artifact {self.sha256[:12]} came damaged at byte "
                f"{len(self.data)}", "DIGEST_MISMATCH")
        self.data += reply.data

    def finish(self):
        """The bytes. Raises DataLoss when they are not those asked for."""
        if self.sha256 and hashlib.sha256(self.data).hexdigest() != self.sha256:
            raise errors.DataLoss(
                f"the bytes of artifact {self.sha256[:12]} do not have its "
                "digest", "DIGEST_MISMATCH")
        return bytes(self.data)
