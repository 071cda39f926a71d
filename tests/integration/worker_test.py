"""Attempts in modbound-worker: what ends one ends nothing else; logs of jobs."""

import json
import os
import re
import signal
import tempfile
import time
import unittest

import numpy

import every_kind
import modbound
from fault_row import fault_row
from service import (BIN, SANITIZED, TIME_FACTOR, Server, ServersTest, children,
                     comparable, digests)

# Innocent attempts have to keep to it, on a busy machine too.
HANG = 5 * TIME_FACTOR
# A worker of an AddressSanitizer build dies of SIGSEGV as others do.
os.environ["ASAN_OPTIONS"] = ":".join(
    filter(None, [os.environ.get("ASAN_OPTIONS"), "handle_segv=0"]))


def is_gone(pid):
    """Whether no process has this number, or only a dead one."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(true, what):
    begin = time.monotonic()
    while not true():
        if time.monotonic() - begin > 60 * TIME_FACTOR:
            raise AssertionError(f"it did not happen: {what}")
        time.sleep(0.01)


class WorkerTest(ServersTest):

    def long_job(self, lab):
        matrix = numpy.random.default_rng(1).standard_normal((300, 300))
        return lab.partition(matrix=matrix + matrix.T, runs=100000)

    def worker_of(self, job, attempt):
        """Process of an attempt that is at work."""
        pid = None
        for line in job.logs(follow=True):
            found = re.search(rf"attempt {attempt}: runs in worker process "
                              r"(\d+)", line)
            if found:
                pid = int(found[1])
            if pid and f"attempt {attempt}: phase" in line:
                return pid
        raise AssertionError(f"there was no worker in {list(job.logs())}")

    def test_each_end_of_a_worker_has_its_cause_and_the_job_is_tried_again(
            self):
        server, lab = self.serve("--worker=always", "--max_worker_attempts=9",
                                 f"--worker_hang_seconds={HANG}")
        job = self.long_job(lab)
        cases = [(signal.SIGKILL, "WORKER_CRASHED", "SIGKILL"),
                 (signal.SIGSEGV, "WORKER_CRASHED", "SIGSEGV"),
                 (signal.SIGABRT, "WORKER_CRASHED", "SIGABRT"),
                 (signal.SIGTERM, "WORKER_STOPPED", "told to stop"),
                 (signal.SIGSTOP, "WORKER_HUNG", "no sign of work")]
        events = job.watch()
        for attempt, (number, reason, words) in enumerate(cases, 1):
            with self.subTest(number=number):
                pid = self.worker_of(job, attempt)
                os.kill(pid, number)
                for event in events:
                    if event.error:
                        break
                self.assertEqual(event.state, "QUEUED")
                self.assertEqual(event.error.reason, reason)
                self.assertIn(words, str(event.error))
                self.assertTrue(is_gone(pid))
        # The server is as it was, and so is the job.
        pid = self.worker_of(job, len(cases) + 1)
        self.assertEqual(children(server.process.pid), [pid])
        begin = time.monotonic()
        job.cancel()
        with self.assertRaises(modbound.JobCancelled):
            job.wait(timeout=30)
        self.assertLess(time.monotonic() - begin, 2 * TIME_FACTOR)
        self.assertTrue(is_gone(pid))
        self.assertEqual(children(server.process.pid), [])
        self.assertEqual(server.stop(), 0)
        fault_row(11, f"{len(cases)} of {len(cases)} ends of a worker (SIGKILL, "
                  "SIGSEGV, SIGABRT, SIGTERM, SIGSTOP) with the right cause, "
                  "each tried again")

    def test_a_worker_that_crashes_every_time_fails_its_job(self):
        _, lab = self.serve("--worker=always", "--max_worker_attempts=2")
        job = self.long_job(lab)
        for attempt in (1, 2):
            os.kill(self.worker_of(job, attempt), signal.SIGSEGV)
        with self.assertRaises(modbound.JobFailed) as caught:
            job.wait(timeout=60 * TIME_FACTOR)
        self.assertEqual(caught.exception.reason, "ATTEMPTS_EXHAUSTED")
        self.assertIn("SIGSEGV", str(caught.exception))
        self.assertIn("WORKER_CRASHED", list(job.logs())[-1])

    def test_a_stopped_worker_obeys_a_cancel(self):
        _, lab = self.serve("--worker=always")
        job = self.long_job(lab)
        pid = self.worker_of(job, 1)
        os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        job.cancel()
        with self.assertRaises(modbound.JobCancelled):
            job.wait(timeout=30)
        self.assertLess(time.monotonic() - begin, 2 * TIME_FACTOR)
        self.assertTrue(is_gone(pid))

    @unittest.skipIf(SANITIZED, "workers of sanitizers have no limit")
    def test_an_attempt_beyond_its_memory_fails_at_once(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_worker_")
        self.addCleanup(folder.cleanup)
        # The real worker, under a limit that the estimate would not give it.
        program = os.path.join(folder.name, "worker")
        with open(program, "w", encoding="utf-8") as script:
            script.write(f"#!/bin/sh\nexec {BIN}/modbound-worker $1 $2 $3 $4 "
                         "$5 --memory_bytes 64000000 --build $9\n")
        os.chmod(program, 0o700)
        _, lab = self.serve("--worker=always", f"--worker_program={program}")
        small = lab.quality(matrix=numpy.ones((3, 3)),
                            labels=numpy.zeros(3, "int32"))
        small.wait(timeout=60 * TIME_FACTOR)
        large = lab.quality(matrix=numpy.ones((3000, 3000)),
                            labels=numpy.zeros(3000, "int32"))
        with self.assertRaises(modbound.JobFailed) as caught:
            large.wait(timeout=60 * TIME_FACTOR)
        self.assertEqual(caught.exception.reason, "MEMORY_LIMIT")
        self.assertEqual(large.job.attempts, 1)

    def test_no_worker_outlives_a_killed_server(self):
        server, lab = self.serve("--worker=always")
        job = self.long_job(lab)
        pid = self.worker_of(job, 1)
        self.assertFalse(is_gone(pid))
        server.kill()
        wait_until(lambda: is_gone(pid), "the worker's end")
        server.start()
        second = self.worker_of(job, 2)
        self.assertNotEqual(second, pid)
        # A stop leaves none either, and the job for the next start.
        self.assertEqual(server.stop(), 0)
        self.assertTrue(is_gone(second))
        server.start()
        self.worker_of(job, 3)
        log = list(job.logs())
        self.assertTrue(any("lost: the server came to an end" in line
                            for line in log), log)
        self.assertTrue(any("put back: SERVER_STOPPING" in line
                            for line in log), log)
        job.cancel()

    def test_results_are_those_of_a_thread(self):
        graph = every_kind.graph(max_steps=60)
        results = {}
        for use in ("never", "always"):
            _, lab = self.serve(f"--worker={use}")
            handles = lab.run_graph(graph)
            for handle in handles.values():
                handle.wait(timeout=300 * TIME_FACTOR)
            results[use] = {
                name: (digests(handle), repr(comparable(handle.summary)))
                for name, handle in handles.items()}
            for handle in handles.values():
                peak = handle.job.provenance.peak_rss_bytes
                if use == "always":
                    self.assertGreater(peak, 1 << 20)
                else:
                    self.assertIsNone(peak)
        self.assertEqual(results["always"], results["never"])

    def test_large_jobs_have_a_worker_and_small_ones_a_thread(self):
        _, lab = self.serve()
        small = lab.quality(matrix=numpy.ones((3, 3)),
                            labels=numpy.zeros(3, "int32"))
        small.wait()
        self.assertTrue(any("runs in a thread" in line
                            for line in small.logs()))
        activity = numpy.random.default_rng(1).standard_normal((200000, 100))
        large = lab.partition(activity=activity, runs=1)
        large.wait(timeout=120 * TIME_FACTOR)
        self.assertTrue(any("runs in worker process" in line
                            for line in large.logs()), list(large.logs()))

    def test_a_server_without_its_worker_program_says_so(self):
        with self.assertRaises(AssertionError) as caught:
            Server(flags=["--worker_program=/no/such/program"])
        self.assertIn("worker_program", str(caught.exception))
        server, _ = self.serve("--worker_program=/no/such/program",
                               "--worker=never")
        self.assertEqual(server.stop(), 0)


class LogsTest(unittest.TestCase):

    def test_the_cli_prints_and_follows_a_log_across_a_restart(self):
        server = Server()
        self.addCleanup(server.close)
        lab = server.lab()
        self.addCleanup(lab.close)
        job = lab.train(task="PERCEPTUAL_DECISION_MAKING", max_steps=int(6000 / TIME_FACTOR),
                        target_accuracy=1)
        lines = job.logs(follow=True)
        self.assertIn("attempt 1: started", next(lines))
        server.kill()
        server.start()
        followed = server.cli("logs", job.id, "--follow").stdout
        self.assertIn("attempt 1: lost: the server came to an end", followed)
        self.assertIn("attempt 2: ends: result", followed)
        self.assertEqual(job.state, "SUCCEEDED")
        self.assertEqual(server.cli("logs", job.id).stdout, followed)
        pieces = [json.loads(line) for line in server.cli(
            "--json", "logs", job.id).stdout.splitlines()]
        self.assertEqual("".join(piece["text"] for piece in pieces), followed)
        # The reader that the kill broke off misses nothing.
        self.assertEqual(followed.splitlines()[1:], list(lines))
        self.assertEqual(server.cli("logs", "nothing", check=False).returncode,
                         2)
        server.cli("delete", job.id)
        self.assertEqual(os.listdir(os.path.join(server.data_dir, "logs")), [])
        with self.assertRaises(modbound.NotFound):
            list(job.logs())


if __name__ == "__main__":
    unittest.main()
