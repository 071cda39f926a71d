"""Cancel, deadline and run time reach running work within two seconds."""

import datetime
import os
import time
import unittest

import numpy

import modbound
from service import TIME_FACTOR, Golden, ServiceTest

LIMIT = 2 * TIME_FACTOR


def long_jobs():
    """Kind -> keywords of a job that would run for minutes or hours."""
    random = numpy.random.default_rng(1)
    matrix = random.standard_normal((1200, 1200))
    network = Golden("lesion_similarity_pdm").network
    pdm = "PERCEPTUAL_DECISION_MAKING"
    return {
        "train": dict(task=pdm, model={"hidden_size": 256}, target_accuracy=1,
                      max_steps=10000000, eval_every=10000000),
        "partition": dict(matrix=matrix + matrix.T, runs=100000),
        "induced_quality": dict(matrix=matrix + matrix.T, null_count=10000000,
                                labels=numpy.arange(1200) % 7),
        "compare_matrices": dict(a=matrix + matrix.T, b=matrix @ matrix.T,
                                 permutations=1000000),
        "simulate": dict(network=network, task=pdm, trials=50000),
        "output_lesion": dict(network=network, task=pdm, trials=1000,
                              labels=numpy.arange(64) % 8, repeats=10000),
        "lesion_similarity": dict(network=network, task=pdm, grid=500,
                                  null_count=1000000),
        "jacobian_similarity": dict(network=network, task=pdm,
                                    null_count=1000000),
    }


def ended_after(handle, begin):
    """Seconds from `begin` to the end of a job."""
    with_end = time.monotonic() - begin
    try:
        handle.wait(timeout=60 * TIME_FACTOR)
    except modbound.JobError:
        with_end = time.monotonic() - begin
    return with_end


class CancelTest(ServiceTest):

    def start(self, kind, **keywords):
        handle = getattr(self.lab, kind)(**{**long_jobs()[kind], **keywords})
        for event in handle.watch():
            if event.state not in ("WAITING", "QUEUED"):
                break
        return handle

    def test_every_long_kind_stops_within_two_seconds(self):
        kinds = long_jobs() if "MODBOUND_ALL_KINDS" in os.environ else (
            "train", "partition", "output_lesion", "lesion_similarity")
        for kind in kinds:
            for pause in (0, 0.7):
                with self.subTest(kind=kind, pause=pause):
                    handle = self.start(kind)
                    time.sleep(pause)
                    self.assertEqual(handle.state, "RUNNING")
                    begin = time.monotonic()
                    handle.cancel()
                    self.assertLess(ended_after(handle, begin), LIMIT)
                    self.assertEqual(handle.state, "CANCELLED")
                    self.assertEqual(handle.error.reason, "CANCELLED")

    def test_a_large_input_does_not_hold_a_cancel_up(self):
        # Reading, hashing, scanning and the first kernel each take a while.
        steps = 1000000 if "MODBOUND_ALL_KINDS" in os.environ else 500000
        block = numpy.random.default_rng(2).standard_normal((10000, 100))
        activity = numpy.tile(block, (steps // 10000, 1))
        for pause in (0, 0.3, 1, 2):
            with self.subTest(pause=pause):
                handle = self.lab.partition(activity=activity, runs=100000,
                                            algorithm="ITERATED")
                for event in handle.watch():
                    if event.state not in ("WAITING", "QUEUED"):
                        break
                time.sleep(pause)
                begin = time.monotonic()
                handle.cancel()
                self.assertLess(ended_after(handle, begin), LIMIT)
                self.assertEqual(handle.state, "CANCELLED")

    def test_jobs_that_need_a_cancelled_one_are_skipped(self):
        train = self.start("train")
        needs = self.lab.simulate(network=train)
        self.assertEqual(needs.state, "WAITING")
        train.cancel()
        with self.assertRaises(modbound.JobSkipped) as caught:
            needs.wait(timeout=30)
        self.assertEqual(caught.exception.reason, "DEPENDENCY_FAILED")

    def test_max_run_time_ends_a_job(self):
        handle = self.start("train", max_run_time=0.5)
        begin = time.monotonic()
        with self.assertRaises(modbound.JobFailed) as caught:
            handle.wait(timeout=30 * TIME_FACTOR)
        self.assertLess(time.monotonic() - begin, 0.5 + LIMIT)
        self.assertEqual(caught.exception.reason, "RUN_TIME_EXCEEDED")

    def test_a_deadline_ends_a_job(self):
        self.lab.info()  # the connection's own time does not count
        now = datetime.datetime.now(datetime.timezone.utc)
        handle = self.start("train", deadline=now + datetime.timedelta(
            seconds=5 * TIME_FACTOR))
        with self.assertRaises(modbound.JobFailed) as caught:
            handle.wait(timeout=60 * TIME_FACTOR)
        self.assertEqual(caught.exception.reason, "DEADLINE_PASSED")

    def test_cancel_through_the_cli_exits_four(self):
        handle = self.start("train")
        self.server.cli("cancel", handle.id)
        with self.assertRaises(modbound.JobCancelled):
            handle.wait(timeout=30)
        done = self.server.cli("result", handle.id, "--out", self.out,
                               check=False)
        self.assertEqual(done.returncode, 4)


if __name__ == "__main__":
    unittest.main()
