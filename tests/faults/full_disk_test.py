"""A disk that gets full while a server works, and has room again later."""

import tempfile
import time
import unittest
from unittest import mock

import numpy

import modbound
from disk_shim import DiskServer, skip_without_shim
from fault_row import LONG, fault_row
from modbound import calls
from service import TIME_FACTOR, digests, verify

PLENTY = 1 << 40
TIMES = 20 if LONG else 3
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
            f"done, {TIMES} results that waited equal; first job after "
            f"{slowest:.2f} s at most without a restart; store sound"))


if __name__ == "__main__":
    skip_without_shim()
    unittest.main()
