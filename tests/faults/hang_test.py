"""Attempts that compute for ever without looking at their stop flags: a worker is
ended and its job tried again; a thread is told of, and does not keep the server
from its end.

modbound-worker_chaos and modboundd_chaos (chaos_failpoint.cc) spin once at the
failpoint that they are told.
"""

import os
import re
import signal
import tempfile
import time
import unittest

from service import BIN, TIME_FACTOR, Server, ServersTest, comparable, digests

from aftermath import faults_of
from fault_row import fault_row

# The time without a sign of work; innocent attempts have to keep to it on a busy
# machine.
HANG = 5 * TIME_FACTOR
# What deploy/systemd gives a stop.
GRACE = 60
# Some seconds, with checkpoints on the way.
TRAINING = dict(task="PERCEPTUAL_DECISION_MAKING", max_steps=600,
                eval_every=600, eval_trials=100, seed=3, no_cache=True)
FLAGS = [f"--worker_hang_seconds={HANG}", "--checkpoint_seconds=0.1"]


def results(handle):
    handle.wait(timeout=300 * TIME_FACTOR)
    # repr, so that NaN equals NaN.
    return digests(handle), repr(comparable(handle.summary))


class HangTest(ServersTest):

    def spinning(self, point, program="modboundd", flags=()):
        """A server of which one attempt spins at a failpoint, and a client."""
        folder = tempfile.TemporaryDirectory(prefix="modbound_spin_")
        self.addCleanup(folder.cleanup)
        self.spun = os.path.join(folder.name, "spun")
        server = Server(program=program, flags=[*FLAGS, *flags],
                        environment={"MODBOUND_SPIN": f"{point}:{self.spun}"})
        self.addCleanup(server.close)
        lab = server.lab()
        self.addCleanup(lab.close)
        return server, lab

    def test_a_worker_that_computes_for_ever_is_ended_and_its_job_tried_again(
            self):
        worker = os.path.join(BIN, "modbound-worker_chaos")
        # In the middle of a kernel, and with outputs but no result.
        points = ("checkpoint_stored", "result_outputs_written")
        right = 0
        for point in points:
            with self.subTest(point=point):
                server, lab = self.spinning(
                    point, flags=["--worker=always",
                                  f"--worker_program={worker}"])
                job = lab.train(**TRAINING)
                found = results(job)
                ends = [line.partition("ends: ")[2] for line in job.logs()
                        if "ends: " in line]
                self.assertEqual(len(ends), 2)
                self.assertRegex(ends[0],
                                 "lost: WORKER_HUNG: .* no sign of work for")
                self.assertTrue(os.path.exists(self.spun))
                self.assertEqual(job.job.attempts, 2)
                # It went on from what was kept before.
                self.assertGreater(job.job.provenance.resumed_seconds, 0)
                self.assertEqual(found, results(lab.train(**TRAINING)))
                self.assertEqual(server.stop(), 0)
                self.assertEqual(faults_of(server.data_dir), [])
                right += 1
        fault_row(11, f"{right} of {len(points)} workers that computed "
                      "for ever ended as WORKER_HUNG, each tried again from its "
                      "checkpoint, with the same bytes")

    def test_a_thread_that_computes_for_ever_is_told_and_does_not_hold_a_stop(
            self):
        server, lab = self.spinning("checkpoint_stored", "modboundd_chaos",
                                    ["--worker=never"])
        job = lab.train(**TRAINING)
        told = re.compile(rf"event=attempt_hangs job={job.id} attempt=1 ")
        give_up = time.monotonic() + (60 + 4 * HANG) * TIME_FACTOR
        while not told.search(server.log()) and time.monotonic() < give_up:
            time.sleep(0.05)
        self.assertEqual(len(told.findall(server.log())), 1)
        lines = list(job.logs())
        self.assertTrue(any("attempt 1: hangs: no sign of work" in line
                            for line in lines), lines)
        # Others are computed all the same.
        expected = results(lab.train(**TRAINING))
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=GRACE * TIME_FACTOR), 1)
        ended = time.monotonic() - begin
        log = server.log()
        self.assertIn(f"event=attempt_does_not_stop job={job.id} ", log)
        self.assertIn("event=stopped_by_force", log)
        self.assertNotIn("event=stopped\n", log)
        # As after a crash: the job goes on.
        server.start()
        self.assertEqual(results(job), expected)
        self.assertEqual(job.job.attempts, 2)
        self.assertGreater(job.job.provenance.resumed_seconds, 0)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(faults_of(server.data_dir), [])
        fault_row(39, f"with a thread that never looks at its stop flag: end "
                      f"by force after {ended:.0f} s, exit 1, its job went on "
                      "at the next start")


if __name__ == "__main__":
    unittest.main()
