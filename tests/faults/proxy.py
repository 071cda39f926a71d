"""TCP proxies between a client and a server: one that cuts, one that crawls."""

import socket
import threading
import time


def _connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)))


class Proxy:
    """Passes bytes on to `address`; counts them; cuts when told.

    rate: bytes a second towards the client, None = as fast as they go.
    """

    def __init__(self, address, rate=None):
        self.target = address
        self.rate = rate
        # Passed on so far.
        self.up = 0
        self.down = 0
        self.cuts = 0
        # Cuts when up or down reaches it.
        self._cut_at = {"up": None, "down": None}
        self._lock = threading.Lock()
        self._pairs = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut_at(self, way, total):
        """Cuts once when so many bytes have gone this way; None = never."""
        self._cut_at[way] = total

    def cut(self):
        """Cuts every connection."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
            self.cuts += bool(pairs)
        for pair in pairs:
            for end in pair:
                _shut(end)

    def close(self):
        _shut(self._listener)
        self._thread.join()
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = _connect(self.target)
            except OSError:
                client.close()
                continue
            if self.rate is not None:
                # What a slow reader has not read waits at the server.
                server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            threading.Thread(target=self._serve, daemon=True,
                             args=(client, server)).start()

    def _serve(self, client, server):
        """Passes on both ways until one end goes."""
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        with client, server:
            up = threading.Thread(target=self._pass_on, daemon=True,
                                  args=("up", client, server))
            up.start()
            self._pass_on("down", server, client)
            up.join()
        with self._lock:
            self._pairs.discard(pair)

    def _pass_on(self, way, source, sink):
        rate = self.rate if way == "down" else None
        try:
            while data := source.recv(rate or 65536):
                sink.sendall(data)
                total = getattr(self, way) + len(data)
                setattr(self, way, total)
                if self._cut_at[way] is not None and total >= self._cut_at[way]:
                    self._cut_at[way] = None
                    self.cut()
                if rate is not None:
                    time.sleep(len(data) / rate)
        except OSError:
            pass
        finally:
            _shut(source)
            _shut(sink)


def _shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
