"""Power cuts: what was not synced is lost, kept or torn, at random.

A server works under the disk shim, which takes notes of every change of its
folder; the client notes after each answer how far the notes had come. From the
notes the folder is built as a cut at some point could have left it, and a
server is started on it: what had been acknowledged by then must be there.
"""

# pylint: disable=protected-access

import bisect
import collections
import hashlib
import os
import random
import shutil
import tempfile
import threading
import time
import unittest

import numpy

from disk_model import DiskModel
from disk_shim import DiskServer, read_trace, skip_without_shim
from fault_row import LONG, fault_row
from modbound import arrays, calls
from service import TIME_FACTOR, Server, digests, verify

SEED = 3
CUTS = 500 if LONG else 25
CLIENTS = 3
ROUNDS = 30 if LONG else 10

# What the client knows: kind, name, value, and the size of the trace then.
Fact = collections.namedtuple("Fact", "kind name value at")


class LostWriteTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_cut_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.random = random.Random(SEED)
        self.facts = []

    def note(self, kind, name, value=None):
        self.facts.append(Fact(kind, name, value, self.disk.trace_size()))

    def work(self, server, client):
        """Uploads, submits, waits, deletes; notes each answer."""
        numbers = numpy.random.default_rng(100 * SEED + client)
        with server.lab() as lab:
            for number in range(ROUNDS):
                # In a file, and in the database.
                units = 130 if number % 2 else 85
                matrix = numpy.corrcoef(numbers.standard_normal((units, 200)))
                uploaded = lab.upload(matrix)
                self.note("uploaded", arrays.digest(matrix), matrix)
                job = lab.partition(matrix=uploaded, runs=2, seed=number)
                self.note("accepted", job.id)
                job.wait()
                self.note("ended", job.id, digests(job))
                if number % 3 == 2:
                    self.note("deleting", job.id)
                    job.delete()
                    self.note("deleted", job.id)

    def record(self):
        os.mkdir(os.path.join(self.folder, "busy"))
        server = DiskServer(os.path.join(self.folder, "busy"), traces=True,
                            flags=["--checkpoint_seconds=0.05"], cores=3)
        self.addCleanup(server.close)
        self.disk = server.disk
        with server.lab() as lab:
            long_job = lab.train(
                task="GO_NOGO", model={"hidden_size": 48}, max_steps=1000000,
                target_accuracy=1, seed=1)
            self.note("accepted", long_job.id)
        threads = [threading.Thread(target=self.work, args=(server, client))
                   for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.kill()
        self.assertEqual(
            sum(fact.kind == "ended" for fact in self.facts), CLIENTS * ROUNDS,
            "a client failed")
        return server.data_dir

    def holds(self, facts, at):
        """What must be there after a cut: uploads, accepted, ended, deleted."""
        known = collections.defaultdict(dict)
        for fact in facts:
            if fact.at <= at:
                known[fact.kind][fact.name] = fact.value
        for name in known["deleting"]:
            known["accepted"].pop(name)
            known["ended"].pop(name)
        return known

    def check(self, data_dir, known):
        """Seconds until it served."""
        if any(known.values()):
            told = verify(data_dir).stdout.splitlines()
            # Its lines are durable after a second; a start mends the rest.
            told = [line for line in told if not line.startswith("the audit")]
            self.assertEqual(len(told), 1, told)
        started = time.monotonic()
        server = Server(folder=os.path.dirname(data_dir),
                        flags=["--checkpoint_seconds=0.05"])
        seconds = time.monotonic() - started
        try:
            with server.lab() as lab:
                self.look_up(lab, known)
            self.assertEqual(server.stop(), 0, server.log())
            sound = verify(data_dir)
            self.assertEqual(sound.returncode, 0, sound.stdout + sound.stderr)
        finally:
            server.close()
        return seconds

    def look_up(self, lab, known):
        listed = {job.id: job for job in lab.jobs()}
        self.assertLessEqual(set(known["accepted"]), set(listed), "lost jobs")
        self.assertTrue(set(known["deleted"]).isdisjoint(listed), "came back")
        for job_id, outputs in known["ended"].items():
            job = lab.job(job_id)
            self.assertEqual(job.job.state, "SUCCEEDED", job_id)
            self.assertEqual(digests(job), outputs, job_id)
            for name, digest in outputs.items():
                found = job.arrays[name]
                self.assertEqual(
                    hashlib.sha256(found.tobytes()).hexdigest(), digest)
        for digest, matrix in known["uploaded"].items():
            described = arrays.describe(matrix)
            described.artifact = digest
            found = lab._run(calls.download(described))
            numpy.testing.assert_array_equal(found, matrix)
        for job_id in set(known["accepted"]) - set(known["ended"]):
            job = lab.job(job_id)
            if job.kind != "train":
                job.wait(timeout=60 * TIME_FACTOR)

    def test_nothing_acknowledged_is_lost(self):
        root = self.record()
        ends = [end for _, end in read_trace(self.disk.trace_path)]
        # Where something is acknowledged, and anywhere.
        points = {self.random.choice(ends) for _ in range(CUTS // 2)}
        while len(points) < CUTS:
            at = self.random.choice(self.facts).at
            points.add(ends[bisect.bisect_left(ends, at)])
        model = DiskModel(root)
        slowest, looked_up = 0, 0
        for change, end in read_trace(self.disk.trace_path):
            model.make(change)
            if end not in points:
                continue
            place = os.path.join(self.folder, "cut")
            os.mkdir(place)
            model.cut(os.path.join(place, "data"),
                      random.Random(f"{SEED} {end}"))
            known = self.holds(self.facts, end)
            looked_up += sum(len(known[kind]) for kind in (
                "accepted", "ended", "uploaded", "deleted"))
            try:
                seconds = self.check(os.path.join(place, "data"), known)
            except Exception as error:
                raise AssertionError(
                    f"cut at {end} of {ends[-1]}, seed {SEED}") from error
            slowest = max(slowest, seconds)
            shutil.rmtree(place)
        self.assertGreater(looked_up, 0)
        fault_row(3, (
            f"{CUTS} cuts of a run of {len(ends)} changes: every start in "
            f"{slowest:.2f} s at most, every store sound, {looked_up} "
            "acknowledged facts looked up, 0 missing"))


if __name__ == "__main__":
    skip_without_shim()
    unittest.main()
