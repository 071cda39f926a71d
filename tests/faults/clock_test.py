"""The wall clock of a real server jumps; jobs do not notice.

tests/faults/clock_shim.cc moves the clock of the server alone.
"""

import datetime
import mmap
import os
import struct
import tempfile
import time
import unittest
from unittest import mock

import light_jobs
from fault_row import LONG, fault_row
from modbound import errors
from service import BIN, TIME_FACTOR, Server

SHIM = os.path.join(BIN, "..", "tests", "faults", "clock_shim.so")
HOUR = 3600
YEAR = 365.25 * 24 * HOUR
TASK = "PERCEPTUAL_DECISION_MAKING"
# Seconds that short jobs may run or wait, and how much later they may end.
LIMIT = 0.6 * TIME_FACTOR
LATE = 2 * TIME_FACTOR
# Ten years from now and back, an hour either way, the steps of a time server.
JUMPS = (HOUR, -HOUR, 10 * YEAR, -10 * YEAR, -10 * YEAR, 10 * YEAR, 0.5, -0.5,
         -0.02)
ROUNDS = 5 if LONG else 1


class Clock:
    """The wall clock of a server: ahead of the machine's by some seconds."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "offset")
        with open(self.path, "wb") as file:
            file.write(bytes(8))
        with open(self.path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)
        self.ahead = 0.0

    def jump(self, seconds):
        self.ahead += seconds
        self._page[:] = struct.pack("<q", int(self.ahead * 1e6))

    def now(self):
        return datetime.datetime.fromtimestamp(time.time() + self.ahead,
                                               datetime.timezone.utc)

    def after(self, seconds):
        return self.now() + datetime.timedelta(seconds=seconds)


class ClockTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_clock_")
        self.addCleanup(folder.cleanup)
        self.clock = Clock(folder.name)
        environment = mock.patch.dict(os.environ, {
            "LD_PRELOAD": SHIM, "CLOCK_SHIM_OFFSET": self.clock.path,
            "TZ": "Europe/Zurich", "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.assertTrue(os.path.exists(SHIM), SHIM)
        # Only the server's: its environment is what it starts with.
        with environment:
            self.server = Server(cores=4)
        self.environment = environment
        self.addCleanup(self.server.close)
        self.lab = self.server.lab()
        self.addCleanup(self.lab.close)
        self.jobs = light_jobs.LightJobs(self.lab)
        # In order of submission.
        self.all = []
        self.seed = 0

    def restart(self):
        self.assertEqual(self.server.stop(), 0)
        with self.environment:
            self.server.start()

    def train(self, **keywords):
        """A job that runs until something stops it."""
        self.seed += 1
        job = self.lab.train(task=TASK, model={"hidden_size": 8},
                             target_accuracy=1, max_steps=10000000,
                             seed=self.seed, **keywords)
        self.all.append(job)
        return job

    def light(self):
        job = self.lab.job(self.jobs.submit().id)
        self.all.append(job)
        return job

    def expect_timeout(self, job, begin, reason):
        """It ends of its limit, no earlier and not much later."""
        with self.assertRaises(errors.JobFailed) as failed:
            job.wait(timeout=30 * TIME_FACTOR)
        seconds = time.monotonic() - begin
        self.assertEqual(failed.exception.reason, reason)
        self.assertGreaterEqual(seconds, LIMIT - 0.03)
        self.assertLess(seconds, LIMIT + LATE)
        return seconds - LIMIT

    def expect_sane(self, job):
        """No duration below 0, no event before an earlier one."""
        told = job.job
        times = [told.submit_time, told.start_time, told.end_time]
        times = [moment for moment in times if moment is not None]
        self.assertEqual(times, sorted(times), told)
        if told.provenance is not None:
            for name, value in told.provenance.items():
                if name.endswith("_seconds"):
                    self.assertGreaterEqual(value, 0, name)
                    # Nothing here waited or ran for an hour.
                    self.assertLess(value, HOUR, name)

    def watch_sanely(self, job):
        events = list(job.watch())
        numbers = [event.sequence for event in events]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(events[-1].state, job.state)

    def round(self, jump):
        """Jobs of every sort, a jump among them; the largest lateness."""
        limits = dict(deadline=self.clock.after(HOUR / 2),
                      max_run_time=HOUR / 2)
        runs = self.train(**limits)
        waits = self.lab.simulate(network=runs, trials=1,
                                  deadline=limits["deadline"])
        self.all.append(waits)
        for event in runs.watch():
            if event.state == "RUNNING":
                break
        before = [self.light() for _ in range(3)]
        begin_deadline = time.monotonic()
        dies = self.train(deadline=self.clock.after(LIMIT))
        begin_run = time.monotonic()
        stops = self.train(max_run_time=LIMIT)
        self.clock.jump(jump)
        after = [self.light() for _ in range(3)]
        late = max(
            self.expect_timeout(dies, begin_deadline, "DEADLINE_PASSED"),
            self.expect_timeout(stops, begin_run, "RUN_TIME_EXCEEDED"))
        for job in before + after:
            job.wait(timeout=30 * TIME_FACTOR)
        self.assertEqual(runs.state, "RUNNING", f"after a jump by {jump} s")
        self.assertEqual(waits.state, "WAITING", f"after a jump by {jump} s")
        self.assertGreaterEqual(runs.explain().eta or 0, 0)
        runs.cancel()
        for job in (runs, waits):
            self.watch_sanely(job)
        return late

    def expect_order(self):
        listed = [job.id for job in self.lab.jobs()]
        ids = [job.id for job in self.all]
        self.assertEqual(listed, ids[::-1], "listed in another order")
        self.assertEqual(ids, sorted(ids), "ids do not sort by time")
        for job in self.all:
            self.expect_sane(job)

    def test_jumps_under_running_jobs(self):
        late = [self.round(jump) for _ in range(ROUNDS) for jump in JUMPS]
        # The night in which summer time ends.
        switch = datetime.datetime(2026, 10, 25, 1, 0,
                                   tzinfo=datetime.timezone.utc)
        self.clock.jump((switch - self.clock.now()).total_seconds() -
                        LIMIT / 2)
        late.append(self.round(0))
        self.assertGreater(self.clock.now(), switch)
        self.expect_order()
        # Over a stop and a start, too, with jobs that were waiting.
        holders = light_jobs.hold_cores(self.lab, 4)
        self.all += holders
        queued = [self.light() for _ in range(3)]
        self.assertEqual({job.state for job in queued}, {"QUEUED"})
        self.clock.jump(-10 * YEAR)
        self.restart()
        for job in holders:
            job.cancel()
        for job in queued:
            job.wait(timeout=30 * TIME_FACTOR)
        self.expect_order()
        self.assertEqual(self.server.stop(), 0)
        fault_row(17, f"{len(late)} jumps (hour, ten years, summer time, steps "
                  f"of .02 and .5 s) and one over a restart, {len(self.all)} "
                  "jobs: 0 early timeouts, 0 negative durations, order kept; "
                  f"{2 * len(late)} limits of {LIMIT:.1f} s kept within "
                  f"{max(late):.2f} s")


if __name__ == "__main__":
    unittest.main()
