"""What fault tests measure: percentiles, and what a process holds."""

import os
import threading


def percentile(values, percent):
    """The value that so many percent of them do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(place) - 1)]


def milliseconds(seconds):
    return f"{1000 * seconds:.1f} ms"


def rss_mib(pid):
    """Memory of a process that is in RAM now, MiB."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def peak_rss_mib(pid):
    """The most that it was."""
    return _status(pid, "VmHWM") / 1024


def thread_count(pid):
    return _status(pid, "Threads")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def _status(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise KeyError(name)


class PeakRss:
    """with PeakRss(pid) as memory: ...; memory.growth is in MiB."""

    def __init__(self, pid, pause=0.02):
        self._pid, self._pause = pid, pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._begin = self._peak = rss_mib(self._pid)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self.growth = self._peak - self._begin

    def _look(self):
        while not self._over.wait(self._pause):
            self._peak = max(self._peak, rss_mib(self._pid))
