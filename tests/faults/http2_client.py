"""HTTP/2 by hand, for frames that no library would send (RFC 9113)."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION = 0, 1, 3, 4, 6, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    """A frame."""
    return (struct.pack(">I", len(payload))[1:] +
            struct.pack(">BBI", kind, flags, stream) + payload)


def literal(name, value):
    """A header that no table keeps (RFC 7541, 6.2.2), both parts plain."""
    return b"\x00" + _text(name) + _text(value)


def _text(text):
    if len(text) < 127:
        return bytes([len(text)]) + text
    rest = len(text) - 127
    length = bytearray([127])
    while rest >= 128:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes(length) + text


def call_headers(path, more=()):
    """The header block of a gRPC call."""
    fields = [(b":method", b"POST"), (b":scheme", b"http"),
              (b":path", path.encode()), (b":authority", b"localhost"),
              (b"te", b"trailers"), (b"content-type", b"application/grpc"),
              *more]
    return b"".join(literal(name, value) for name, value in fields)


class Connection:
    """A TCP connection on which bytes are sent as they are."""

    def __init__(self, address, greet=True):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if greet:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def send(self, data):
        """Sends; False when the server has hung up or reads no more."""
        self.drain()
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def drain(self):
        """Drops what has come; False when the server has hung up."""
        self.socket.setblocking(False)
        try:
            while True:
                if not self.socket.recv(1 << 16):
                    return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(2)

    def close(self):
        self.socket.close()
