"""What a power cut may leave of a folder, from a trace of disk_shim.cc.

What was synced is there. Of what was not: each write is kept, lost or torn
between sectors; names are kept up to some point, folder by folder, in the order
in which they were made. A sync of a file makes its bytes and size durable, not
its name: that needs a sync of its folder.
"""

import os

SECTOR = 512


class _File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []  # ("write", offset, data) and ("truncate", size)

    def sync(self):
        for change in self.pending:
            _apply(self.durable, change)
        self.pending.clear()

    def after_cut(self, random):
        data = bytearray(self.durable)
        for change in self.pending:
            fate = random.random()
            if fate < 0.4:
                _apply(data, change)
            elif fate < 0.6 and change[0] == "write":
                for piece in _sectors(*change[1:]):
                    if random.random() < 0.5:
                        _apply(data, piece)
        return data


def _apply(data, change):
    if change[0] == "truncate":
        size = change[1]
        del data[size:]
        data.extend(bytes(size - len(data)))
        return
    _, offset, new = change
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset:offset + len(new)] = new


def _sectors(offset, data):
    begin = 0
    while begin < len(data):
        end = begin + SECTOR - (offset + begin) % SECTOR
        yield ("write", offset + begin, data[begin:end])
        begin = end


class DiskModel:
    """The folder `root` while Changes are made to it, from empty."""

    def __init__(self, root):
        self._root = root
        self._files = {}  # inode -> the newest file that had it
        self._now = {}    # path -> _File; None = a folder
        self._durable = {}
        # (folders touched, change of a dict of paths), in order
        self._pending = []

    def make(self, change):
        """One more Change."""
        if change.path.removesuffix(" (deleted)").endswith("-shm"):
            return  # mapped, and made anew at every start
        getattr(self, "_" + change.op)(change)

    def cut(self, target, random):
        """Makes the folder `target` as a power cut now might leave it."""
        names = dict(self._durable)
        stopped = set()
        for folders, step in self._pending:
            if stopped.isdisjoint(folders) and random.random() < 0.7:
                step(names)
            else:
                stopped.update(folders)
        os.mkdir(target, 0o700)
        # Parents come before what is in them; without them it is lost.
        for path in sorted(names):
            place = os.path.join(target, os.path.relpath(path, self._root))
            if path == self._root or not os.path.isdir(os.path.dirname(place)):
                continue
            if names[path] is None:
                os.mkdir(place, 0o700)
            else:
                with open(place, "wb") as file:
                    file.write(names[path].after_cut(random))
                os.chmod(place, 0o600)

    def _step(self, paths, step):
        step(self._now)
        self._pending.append(({os.path.dirname(path) for path in paths}, step))

    def _file(self, change):
        return self._files[change.file]

    def _create(self, change):
        file = self._files[change.file] = _File()
        path = change.path
        self._step([path], lambda names: names.__setitem__(path, file))

    def _mkdir(self, change):
        path = change.path
        if path != self._root:
            self._step([path], lambda names: names.__setitem__(path, None))

    def _unlink(self, change):
        path = change.path
        self._step([path], lambda names: names.pop(path, None))

    def _rename(self, change):
        def step(names):
            if change.path in names:
                names[change.other] = names.pop(change.path)
        self._step([change.path, change.other], step)

    def _link(self, change):
        def step(names):
            if change.path in names:
                names[change.other] = names[change.path]
        self._step([change.other], step)

    def _write(self, change):
        self._file(change).pending.append(("write", change.offset, change.data))

    def _truncate(self, change):
        self._file(change).pending.append(("truncate", change.offset))

    def _sync(self, change):
        self._file(change).sync()

    def _sync_folder(self, change):
        # With a name come those made before it in the same folders.
        wanted = {change.path}
        kept = []
        for folders, step in reversed(self._pending):
            if wanted.isdisjoint(folders):
                kept.append((folders, step))
            else:
                wanted |= folders
        kept.reverse()
        left = {id(step) for _, step in kept}
        for _, step in self._pending:
            if id(step) not in left:
                step(self._durable)
        self._pending = kept
