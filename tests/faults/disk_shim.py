"""Programs on a disk that fails, lags, fills up, takes notes: disk_shim.cc."""

import collections
import mmap
import os
import struct
import sys

import modbound
from service import BIN, Server

LIBRARY = os.path.join(BIN, "modbound_disk_shim.so")
SKIPPED = 77  # ctest's word for a test that cannot run here

# Order as in disk_shim.cc.
CLASSES = ("open", "read", "write", "sync", "rename", "unlink", "truncate",
           "mkdir", "link")
OPS = ("create", "write", "truncate", "sync", "sync_folder", "rename", "unlink",
       "mkdir", "link")
# How a call fails, beside numbers of errno: half of it is done.
SHORT = 1 << 16

_NUMBERS = ("delay_us", "fail_class", "fail_from", "fail_times", "fail_how",
            "failed", "room", "is_bounded")
_RECORD = struct.Struct("=IIIIQQ")

Change = collections.namedtuple("Change", "op file path other data offset")


def skip_without_shim():
    """Ends the test program where the shim cannot be loaded."""
    if not os.path.exists(LIBRARY):
        print(f"skipped: there is no {LIBRARY}, as in builds with sanitizers, "
              "whose programs it cannot be loaded into")
        sys.exit(SKIPPED)


class Disk:
    """What happens to files below `root`; notes are kept in `folder`.

    traces: notes every change. names: notes every path, of any folder.
    """

    def __init__(self, root, folder, traces=False, names=False):
        path = os.path.join(folder, "disk_state")
        with open(path, "w+b") as file:
            file.truncate(8 * (len(_NUMBERS) + len(CLASSES)))
            self._state = mmap.mmap(file.fileno(), 0)
        self.trace_path = os.path.join(folder, "disk_trace")
        self._names_path = os.path.join(folder, "disk_names")
        self.environment = {
            **os.environ, "LD_PRELOAD": LIBRARY, "MODBOUND_DISK_ROOT": root,
            "MODBOUND_DISK_STATE": path,
            **({"MODBOUND_DISK_TRACE": self.trace_path} if traces else {}),
            **({"MODBOUND_DISK_NAMES": self._names_path} if names else {})}

    def _get(self, index):
        return struct.unpack_from("=Q", self._state, 8 * index)[0]

    def _set(self, name, value):
        struct.pack_into("=Q", self._state, 8 * _NUMBERS.index(name), value)

    def count(self, kind):
        """Calls of a class so far."""
        return self._get(len(_NUMBERS) + CLASSES.index(kind))

    @property
    def failed(self):
        """Calls that failed so far."""
        return self._get(_NUMBERS.index("failed"))

    def delay_syncs(self, seconds):
        self._set("delay_us", round(seconds * 1e6))

    def fail(self, kind, number, how, times=1):
        """Has the call of this number from now on fail, and so many in all.

        how: an errno, or SHORT.
        """
        self.heal()
        self._set("fail_class", CLASSES.index(kind))
        self._set("fail_times", times)
        self._set("fail_how", how)
        self._set("fail_from", self.count(kind) + number)

    @property
    def room(self):
        return self._get(_NUMBERS.index("room"))

    def set_room(self, room):
        """Bytes by which files may grow from now on, over all."""
        self._set("room", room)
        self._set("is_bounded", 1)

    def names(self):
        """Every path so far, as bytes, in order."""
        with open(self._names_path, "rb") as file:
            return file.read().split(b"\0")[:-1]

    def heal(self):
        self._set("fail_from", 0)

    def trace_size(self):
        """Bytes of the trace: all that has happened by now is in them."""
        try:
            return os.path.getsize(self.trace_path)
        except FileNotFoundError:
            return 0


def read_trace(path):
    """The Changes of a trace, each with where it ends in the trace."""
    with open(path, "rb") as file:
        while header := file.read(_RECORD.size):
            op, path_size, other_size, size, inode, offset = _RECORD.unpack(
                header)
            name = file.read(path_size).decode()
            other = file.read(other_size).decode()
            yield (Change(OPS[op], inode, name, other, file.read(size),
                          offset), file.tell())


class DiskServer(Server):
    """A server on such a disk."""

    def __init__(self, folder, flags=(), traces=False, names=False, cores=2):
        self.folder = folder
        self.disk = Disk(os.path.join(folder, "data"), folder, traces, names)
        self.environment = self.disk.environment
        super().__init__(cores=cores, flags=flags, folder=folder)


def is_told(error):
    """Whether an error of the client says what happened."""
    return bool(error.reason) or isinstance(error, modbound.errors.Unavailable)
