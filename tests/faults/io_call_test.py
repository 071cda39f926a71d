"""Each call on the disk fails once in a run from upload to result and delete.

Short form: every sync and rename, and some of the rest; long form: every call,
with every error. The client is told or has the right result; the server goes on
or stops with a line in its log; nothing acknowledged is lost.
"""

import errno
import hashlib
import itertools
import random
import tempfile
import threading
import unittest
from unittest import mock

import numpy

import modbound
from disk_shim import (CLASSES, SHORT, DiskServer, is_told, skip_without_shim)
from fault_row import LONG, fault_row
from modbound import arrays, calls
from service import TIME_FACTOR, Server, verify

SEED = 61
WORKERS = 2
# Cases between two looks at a store whose server goes on.
VERIFY_AFTER = 8
# Of each class and error beside syncs and renames, in the short form.
SAMPLE = 4
SAMPLE_AT_START = 3
FOREVER = 10**9


def matrix_of(seed):
    """Its bytes and those of an output are files, not in the database."""
    noise = numpy.random.default_rng(seed).standard_normal((130, 200))
    return numpy.corrcoef(noise)


def run_job(lab, seed):
    artifact = lab.upload(matrix_of(seed))
    return lab.partition(matrix=artifact, runs=2, seed=seed, no_cache=True)


def bytes_of(job):
    """Output name -> SHA-256 of what came over the wire."""
    return {name: hashlib.sha256(array.tobytes()).hexdigest()
            for name, array in job.arrays.items()}


def ways(kind):
    """How calls of a class may fail."""
    if kind in ("read", "write"):
        return (errno.EIO, errno.ENOSPC, SHORT)
    return (errno.EIO, errno.ENOSPC)


class Reference:
    """What jobs find on a disk without faults."""

    def __init__(self, lab):
        self._lab = lab
        self._lock = threading.Lock()

    def find(self, seed):
        with self._lock:
            return bytes_of(run_job(self._lab, seed).wait())


class Worker:
    """A server on a bad disk, its client, and what the client was told."""

    def __init__(self, folder, reference, seeds):
        self.server = DiskServer(folder)
        self.disk = self.server.disk
        self.reference = reference
        self.seeds = seeds
        self.lab = self.server.lab()
        self.acknowledged = {}  # id -> seed
        self.ended = None
        self.deleted = set()
        self.counts = dict.fromkeys(
            ("hit", "told", "unharmed", "stops", "jobs", "failed jobs"), 0)
        self.since_verified = 0

    def close(self):
        self.lab.close()
        self.server.close()

    def work(self):
        """One run; the Error that the client was told, or None."""
        seed = next(self.seeds)
        try:
            job = run_job(self.lab, seed)
            self.acknowledged[job.id] = seed
            job.wait(timeout=60 * TIME_FACTOR)
            found = bytes_of(job)
            if found != self.reference.find(seed):
                raise AssertionError(f"job {job.id} found something else")
            if self.ended is not None:
                before, self.ended = self.ended, None
                # Until it is answered, it may be there or not.
                self.acknowledged.pop(before.id)
                before.delete()
                self.deleted.add(before.id)
            self.ended = job
        except modbound.Error as error:
            if not is_told(error):
                raise
            return error
        return None

    def run_case(self, kind, number, how, times=1):
        failed = self.disk.failed
        self.disk.fail(kind, number, how, times)
        error = self.work()
        self.disk.heal()
        if self.disk.failed == failed:
            if error is not None:
                raise AssertionError(f"no call failed, but: {error!r}")
            return
        self.count_hit(error)
        self.expect_whole()
        self.since_verified += 1
        if self.since_verified >= VERIFY_AFTER:
            self.check_all()

    def count_hit(self, error):
        self.counts["hit"] += 1
        self.counts["unharmed" if error is None else "told"] += 1

    def expect_whole(self):
        """After a fault: it has stopped, or does what it is asked."""
        if self.has_stopped():
            self.start_anew()
        elif (error := self.work()) is not None:
            # The fault may tell on the server later than on the client.
            if not self.has_stopped():
                raise AssertionError(f"after the fault: {error!r}")
            self.start_anew()

    def has_stopped(self):
        """Whether it has given up, as it may; fails when it crashed."""
        if (self.server.process.poll() is None and
                "event=store_failed" not in self.newest_log()):
            return False
        code = self.server.process.wait(timeout=30 * TIME_FACTOR)
        if code != 1 or "event=store_failed" not in self.newest_log():
            raise AssertionError(f"ended with {code}:\n{self.newest_log()}")
        self.counts["stops"] += 1
        return True

    def newest_log(self):
        """The log since the last start."""
        before, begin, after = self.server.log().rpartition("event=listening")
        return begin + after if begin else before

    def start_anew(self):
        """After a stop: whole, and with all that was acknowledged."""
        sound = verify(self.server.data_dir)
        if sound.returncode != 0:
            raise AssertionError(sound.stdout + sound.stderr)
        self.lab.close()
        self.server.start()
        self.lab = self.server.lab()
        self.check_jobs()

    def check_all(self):
        self.since_verified = 0
        if self.server.stop() != 0:
            raise AssertionError(self.newest_log())
        self.start_anew()

    def check_jobs(self):
        ended = self.ended
        for job_id, seed in self.acknowledged.items():
            self.counts["jobs"] += 1
            job = self.lab.job(job_id)
            try:
                job.wait(timeout=60 * TIME_FACTOR)
            except modbound.JobFailed as error:
                # The fault met the job itself: its owner is told.
                if not is_told(error) or ended and ended.id == job_id:
                    raise
                self.counts["failed jobs"] += 1
                continue
            if bytes_of(job) != self.reference.find(seed):
                raise AssertionError(f"job {job_id} has other bytes")
        for job_id in self.deleted:
            try:
                self.lab.job(job_id)
            except modbound.errors.NotFound:
                continue
            raise AssertionError(f"deleted job {job_id} is back")
        self.acknowledged.clear()
        self.deleted.clear()
        self.ended = None

    def run_case_at_start(self, kind, number, how):
        if self.server.stop() != 0:
            raise AssertionError(self.newest_log())
        failed = self.disk.failed
        self.disk.fail(kind, number, how)
        self.lab.close()
        try:
            self.server.start()
        except AssertionError:
            if (self.server.process.poll() not in (1, 2) or
                    "modboundd: " not in self.server.log()):
                raise
            self.counts["stops"] += 1
            self.count_hit("the server does not start and says why")
            self.disk.heal()
            self.start_anew()
            return
        self.lab = self.server.lab()
        error = self.work()
        self.disk.heal()
        if self.disk.failed > failed:
            self.count_hit(error)
        elif error is not None:
            raise AssertionError(f"no call failed, but: {error!r}")
        self.expect_whole()


class IoCallTest(unittest.TestCase):

    def setUp(self):
        for module, name, value in (
                (arrays, "CHUNK_BYTES", 32 * 1024),
                (calls, "CALL_PATIENCE", 0.5),
                (calls, "WATCH_PATIENCE", 0.5)):
            patch = mock.patch.object(module, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.random = random.Random(SEED)
        self.seeds = itertools.count(1)
        plain = Server()
        self.addCleanup(plain.close)
        lab = plain.lab()
        self.addCleanup(lab.close)
        self.reference = Reference(lab)
        self.workers = [self.make_worker() for _ in range(WORKERS)]

    def make_worker(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_io_")
        self.addCleanup(folder.cleanup)
        worker = Worker(folder.name, self.reference, self.seeds)
        self.addCleanup(worker.close)
        return worker

    def count_calls(self, action):
        """Calls of each class while `action` runs on the first worker."""
        disk = self.workers[0].disk
        before = {kind: disk.count(kind) for kind in CLASSES}
        action()
        return {kind: disk.count(kind) - before[kind] for kind in CLASSES}

    def cases(self, calls_of, sample, in_full):
        """(class, number, how) for all calls, or a sample of them."""
        chosen = []
        for kind in CLASSES:
            # A busy machine needs some more, or some fewer.
            numbers = range(1, calls_of[kind] + 3 if calls_of[kind] else 1)
            for how in ways(kind):
                if LONG or kind in in_full and how == errno.EIO:
                    some = numbers
                else:
                    some = self.random.sample(numbers,
                                              min(sample, len(numbers)))
                chosen += [(kind, number, how) for number in some]
        self.random.shuffle(chosen)
        return chosen

    def share(self, cases, method):
        """Has the workers run the cases; each takes the next."""
        rest = iter(cases)
        lock = threading.Lock()
        failures = []

        def loop(worker):
            while not failures:
                with lock:
                    case = next(rest, None)
                if case is None:
                    return
                try:
                    method(worker, *case)
                except Exception as error:  # pylint: disable=broad-except
                    failures.append((case, error))

        threads = [threading.Thread(target=loop, args=(worker,))
                   for worker in self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for case, error in failures:
            raise AssertionError(f"case {case}, seed {SEED}") from error

    def test_every_call_may_fail(self):
        first = self.workers[0]
        for worker in self.workers:
            for _ in range(2):
                self.assertIsNone(worker.work())
        in_a_run = self.count_calls(lambda: self.assertIsNone(first.work()))

        def start():
            first.check_all()
            self.assertIsNone(first.work())

        at_start = self.count_calls(start)
        for kind in ("open", "read", "write", "sync", "rename", "unlink"):
            self.assertGreater(in_a_run[kind], 0, kind)
        self.share(self.cases(in_a_run, SAMPLE, ("sync", "rename")),
                   Worker.run_case)
        stopped = sum(worker.counts["stops"] for worker in self.workers)
        self.assertGreater(stopped, 0)
        for how in (errno.EIO, errno.ENOSPC):
            first.run_case("sync", 1, how, FOREVER)
        for worker in self.workers:
            worker.check_all()
        at_first = sum(worker.counts["hit"] for worker in self.workers)
        self.share(self.cases(at_start, SAMPLE_AT_START, ()),
                   Worker.run_case_at_start)
        for worker in self.workers:
            worker.check_all()
        sums = {name: sum(worker.counts[name] for worker in self.workers)
                for name in first.counts}
        self.assertGreater(sums["told"], 0)
        self.assertGreater(sums["unharmed"], 0)
        print(in_a_run, at_start, sums)
        fault_row(6, (
            f"a run of {sum(in_a_run.values())} calls: {at_first} failed in it"
            f" ({sums['told']} told, {sums['unharmed']} without harm), "
            f"{sums['hit'] - at_first} at a start; {sums['stops']} stops by "
            f"the server, 0 crashes; {sums['jobs']} acknowledged jobs looked "
            f"up: 0 lost, 0 wrong, {sums['failed jobs']} failed and told so; "
            "every store sound"))


if __name__ == "__main__":
    skip_without_shim()
    unittest.main()
