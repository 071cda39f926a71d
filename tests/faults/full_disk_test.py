"""A disk that gets full while a server works, and has room again later."""

import os
import re
import tempfile
import time
import unittest
from unittest import mock

import numpy

import modbound
from disk_shim import Disk, DiskServer, skip_without_shim
from fault_row import LONG, fault_row
from modbound import calls
from service import TIME_FACTOR, digests, modboundd, verify

PLENTY = 1 << 40
TIMES = 20 if LONG else 3
# What the log tells of a checkpoint, a log and a result that found no room.
MET = ("checkpoint_not_written", "log_not_written", "attempt_broken")
# Less than the server keeps free for what must go on.
NEARLY_NONE = 100 * 1024


def matrix_of(seed, units=130):
    return numpy.corrcoef(
        numpy.random.default_rng(seed).standard_normal((units, 200)))


def await_true(condition, what):
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > 60 * TIME_FACTOR:
            raise AssertionError(f"not within a minute: {what}")
        time.sleep(0.02)


class FullDiskTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_full_")
        self.addCleanup(folder.cleanup)
        patch = mock.patch.object(calls, "CALL_PATIENCE", 0)
        patch.start()
        self.addCleanup(patch.stop)
        self.server = DiskServer(
            folder.name, flags=["--checkpoint_seconds=0.05"], cores=4)
        self.addCleanup(self.server.close)
        self.disk = self.server.disk
        self.lab = self.server.lab()
        self.addCleanup(self.lab.close)

    def expect_full(self, what, action):
        with self.assertRaises(modbound.errors.ResourceExhausted,
                               msg=what) as refused:
            action()
        self.assertEqual(refused.exception.reason, "DISK_FULL", what)

    def train(self, steps, seed):
        return self.lab.train(task="GO_NOGO", model={"hidden_size": 160},
                              max_steps=steps, target_accuracy=1, seed=seed)

    def await_running(self, job):
        await_true(lambda: job.state == "RUNNING", "the job runs")

    def is_told(self, event, job):
        """Whether the log tells that the job found the disk full."""
        return re.search(rf"event={event} job={job.id} .*disk is full",
                         self.server.log())

    def back_up(self, room):
        """A backup onto another disk with so much room."""
        where = tempfile.TemporaryDirectory(prefix="modbound_backup_")
        self.addCleanup(where.cleanup)
        root = os.path.join(where.name, "disk")
        os.mkdir(root)
        disk = Disk(root, where.name)
        disk.set_room(room)
        done = modboundd(f"--backup={root}/backup",
                         f"--data_dir={self.server.data_dir}",
                         environment=disk.environment)
        return done, os.listdir(root), PLENTY - disk.room

    def test_a_backup_onto_a_full_disk_is_none(self):
        self.disk.set_room(PLENTY)
        jobs = [self.lab.partition(matrix=matrix_of(number), runs=2, seed=1)
                .wait() for number in range(3)]
        expected = [digests(job) for job in jobs]
        done, names, size = self.back_up(PLENTY)
        self.assertEqual((done.returncode, names), (0, ["backup"]))
        self.assertGreater(size, 100 * 1024)
        rooms = (0, 4096, size // 4, size // 2, size * 3 // 4, size - 1)
        for room in rooms:
            done, names, _ = self.back_up(room)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(
                done.stderr,
                r"\Amodboundd: [^\n]*disk is full \(\S+/backup\.part-\S+\)\n\Z",
                f"room {room} of {size}")
            self.assertEqual(names, [], f"room {room} of {size}")
        # The server knows nothing of it.
        self.assertEqual([digests(self.lab.job(job.id)) for job in jobs],
                         expected)
        self.train(10, 1).wait()
        self.assertNotIn("level=error", self.server.log())
        self.assertEqual(self.server.stop(), 0, self.server.log())
        sound = verify(self.server.data_dir)
        self.assertEqual(sound.returncode, 0, sound.stdout)
        fault_row(7, f"backup of {size >> 10} KiB with room for 0 to all but 1 "
                  f"byte: {len(rooms)} of {len(rooms)} say that the disk is "
                  "full and leave nothing, the server untouched")

    def test_refuses_new_work_alone_and_recovers_by_itself(self):
        undisturbed = digests(self.train(150, 5).wait())
        refused = 0
        slowest = 0
        for number in range(TIMES):
            self.disk.set_room(PLENTY)
            old = self.lab.partition(matrix=matrix_of(number), runs=2, seed=1,
                                     no_cache=True).wait()
            expected = digests(old)
            endless = self.train(10**7, number)
            # Its checkpoints, its log and its result meet the full disk.
            ending = self.lab.train(
                task="GO_NOGO", model={"hidden_size": 160}, max_steps=150,
                target_accuracy=1, seed=5, no_cache=True)
            self.await_running(endless)
            self.await_running(ending)
            self.disk.set_room(NEARLY_NONE)
            self.assertEqual(ending.state, "RUNNING")
            self.expect_full("submit", lambda: self.train(10, 9))
            self.expect_full("upload", lambda: self.lab.upload(
                matrix_of(1000 + number, units=300)))
            refused += 2
            # All that is there can be read, and room can be made.
            self.assertEqual(digests(self.lab.job(old.id)), expected)
            self.assertEqual(old.arrays["agreement"].shape, (130, 130))
            endless.cancel()
            await_true(lambda: endless.state == "CANCELLED", "cancelled")
            old.delete()
            with self.assertRaises(modbound.errors.NotFound):
                self.lab.job(old.id)
            self.expect_full("submit", lambda: self.train(10, 9))
            refused += 1
            for event in MET:
                await_true(lambda: self.is_told(event, ending), event)
            self.assertNotIn(ending.state, ("FAILED", "CANCELLED"))
            self.disk.set_room(PLENTY)
            started = time.monotonic()
            self.train(10, 100 + number).wait(timeout=60 * TIME_FACTOR)
            slowest = max(slowest, time.monotonic() - started)
            ending.wait(timeout=120 * TIME_FACTOR)
            self.assertEqual(digests(ending), undisturbed)
        self.assertIsNone(self.server.process.poll(), self.server.log())
        self.assertIn("event=disk_reserve_released", self.server.log())
        self.assertEqual(self.server.stop(), 0, self.server.log())
        sound = verify(self.server.data_dir)
        self.assertEqual(sound.returncode, 0, sound.stdout)
        fault_row(7, (
            f"full {TIMES} times under load: {refused} submits and uploads "
            f"refused with DISK_FULL, {TIMES} cancels and {TIMES} deletes "
            f"done, {TIMES} jobs whose checkpoint, log and result met it ended "
            "with equal results; first job after "
            f"{slowest:.2f} s at most without a restart; store sound"))


if __name__ == "__main__":
    skip_without_shim()
    unittest.main()
