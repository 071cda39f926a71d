"""Clients that give up after milliseconds cancel and watch running jobs, whose
workers are processes: the server keeps nothing of these calls, nor of the jobs.
"""

import random
import threading
import time
import unittest

import grpc

import measure
from fault_row import LONG, fault_row
from modbound import contract
from service import TIME_FACTOR, Server, children

from aftermath import faults_of

CHANNELS = 20
CALLS = 10
# Of CHANNELS * CALLS calls each. What leaks with each call, or with each second
# job, shows beyond the spare.
STORMS = 50 if LONG else 3
JOBS = 8
# What may come and go by itself: threads and connections that gRPC and the
# server keep for later.
SPARE_THREADS = 8
SPARE_DESCRIPTORS = 8
ALLOWED = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}


def settled(value, bar):
    """The value once it is at most `bar`, or what it is after a while."""
    give_up = time.monotonic() + 30 * TIME_FACTOR
    while value() > bar and time.monotonic() < give_up:
        time.sleep(0.05)
    return value()


class Caller(threading.Thread):
    """A channel of its own, on which it cancels and watches jobs at random."""

    def __init__(self, address, jobs, seed):
        super().__init__(daemon=True)
        self.address, self.jobs = address, jobs
        self.random = random.Random(seed)
        self.codes = []

    def run(self):
        with grpc.insecure_channel(self.address, options=[
                ("grpc.use_local_subchannel_pool", 1)]) as channel:
            cancel = contract.method("JobService.CancelJob")
            watch = contract.method("JobService.WatchJob")
            unary = channel.unary_unary(
                cancel.path, cancel.request.SerializeToString,
                cancel.reply.FromString)
            stream = channel.unary_stream(
                watch.path, watch.request.SerializeToString,
                watch.reply.FromString)
            # The connection is there: the calls' time is the server's.
            grpc.channel_ready_future(channel).result(60 * TIME_FACTOR)
            for _ in range(CALLS):
                job = self.random.choice(self.jobs)
                timeout = self.random.uniform(0.001, 0.02)
                try:
                    if self.random.random() < 0.5:
                        unary(cancel.request(id=job), timeout=timeout)
                    else:
                        for _ in stream(watch.request(id=job),
                                        timeout=timeout):
                            pass
                    self.codes.append(grpc.StatusCode.OK)
                except grpc.RpcError as error:
                    self.codes.append(error.code())


class CancelStormTest(unittest.TestCase):

    def long_jobs(self, lab, seed):
        return [lab.train(task="PERCEPTUAL_DECISION_MAKING",
                          max_steps=10000000, eval_every=10000000,
                          target_accuracy=1, model={"hidden_size": 8},
                          seed=seed * JOBS + number, no_cache=True)
                for number in range(JOBS)]

    def await_running(self, jobs):
        give_up = time.monotonic() + 60 * TIME_FACTOR
        while (any(job.state != "RUNNING" for job in jobs)
               and time.monotonic() < give_up):
            time.sleep(0.01)

    def storm(self, address, jobs, seed):
        """Codes of all its calls."""
        callers = [Caller(address, [job.id for job in jobs],
                          seed * CHANNELS + number)
                   for number in range(CHANNELS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        codes = [code for caller in callers for code in caller.codes]
        self.assertEqual(len(codes), CALLS * CHANNELS)
        return codes

    def end(self, jobs):
        for job in jobs:
            job.cancel()
        for job in jobs:
            states = [event.state for event in job.watch()]
            self.assertEqual(states[-1], "CANCELLED")
            self.assertEqual(states.count("CANCELLED"), 1)

    def test_a_storm_of_calls_that_are_given_up_leaves_nothing(self):
        # A core each: all of them run when the storm comes.
        server = Server(cores=JOBS, flags=["--worker=always"])
        self.addCleanup(server.close)
        lab = server.lab()
        self.addCleanup(lab.close)
        pid = server.process.pid
        # As much as the server will ever keep.
        jobs = self.long_jobs(lab, 0)
        self.await_running(jobs)
        self.storm(server.address, jobs, 0)
        self.end(jobs)
        self.assertEqual(settled(lambda: len(children(pid)), 0), 0)
        time.sleep(1)
        threads = measure.thread_count(pid)
        descriptors = measure.descriptors(pid)
        codes = []
        for seed in range(1, STORMS + 1):
            jobs = self.long_jobs(lab, seed)
            self.await_running(jobs)
            codes += self.storm(server.address, jobs, seed)
            self.end(jobs)
        self.assertLessEqual(set(codes), ALLOWED | {grpc.StatusCode.OK})
        given_up = sum(code in ALLOWED for code in codes)
        # Else it was no storm.
        self.assertGreater(given_up, len(codes) // 10)
        self.assertEqual(settled(lambda: len(children(pid)), 0), 0)
        threads_after = settled(lambda: measure.thread_count(pid),
                                threads + SPARE_THREADS)
        self.assertLessEqual(threads_after, threads + SPARE_THREADS)
        descriptors_after = settled(lambda: measure.descriptors(pid),
                                    descriptors + SPARE_DESCRIPTORS)
        self.assertLessEqual(descriptors_after,
                             descriptors + SPARE_DESCRIPTORS)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(faults_of(server.data_dir), [])
        fault_row(13, f"{len(codes)} cancels and watches of {CHANNELS} channels "
                      f"with 1 to 20 ms each, {given_up} given up: 0 processes "
                      f"left, threads {threads} -> {threads_after}, descriptors "
                      f"{descriptors} -> {descriptors_after}, store verifies")


if __name__ == "__main__":
    unittest.main()
