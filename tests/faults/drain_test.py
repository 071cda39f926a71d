"""SIGTERM under load: the server says at once that it takes no more, keeps the
work of running jobs and ends; the next one goes on where it stopped."""

import os
import signal
import sqlite3
import threading
import time
import unittest
from unittest import mock

import grpc

from modbound import calls
from service import TIME_FACTOR, ServersTest, comparable, digests

from aftermath import faults_of
from fault_row import fault_row

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"  # HealthCheckResponse
# What deploy/systemd gives it.
GRACE = 60
QUEUED, RUNNING = 2, 3
CLIENTS = 4


def training(seed):
    """A second of work or two: a stop finds it running."""
    return dict(task="PERCEPTUAL_DECISION_MAKING", max_steps=800,
                eval_every=800, eval_trials=100, seed=seed)


class Health(threading.Thread):
    """A load balancer's watch of the server; told: (time, status) of each
    answer. A stop is too short to be sure to ask in the middle of it."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.channel = grpc.insecure_channel(address)
        self.told = []
        self.start()

    def run(self):
        watch = self.channel.unary_stream("/grpc.health.v1.Health/Watch")
        try:
            for status in watch(b"", timeout=300 * TIME_FACTOR):
                self.told.append((time.monotonic(), status))
        except grpc.RpcError:
            pass  # the server is gone

    def close(self):
        self.join()
        self.channel.close()


def states(data_dir):
    """Job -> number of its state, and attempts that count as lost."""
    store = sqlite3.connect(os.path.join(data_dir, "modbound.sqlite3"))
    try:
        return {job: (state, lost + faults) for job, state, lost, faults in
                store.execute("SELECT id, state, lost, worker_faults FROM job")}
    finally:
        store.close()


class Submitter(threading.Thread):
    """Submits small jobs until told to stop, also past a stop of the server."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.lab, self.number = server.lab(), number
        self.handles, self.error = [], None
        self.enough = threading.Event()

    def run(self):
        try:
            while not self.enough.is_set():
                request_id = f"client {self.number} job {len(self.handles)}"
                self.handles.append(self.lab.quality(
                    matrix=[[0, 1], [1, 0]], labels=[0, 1], no_cache=True,
                    request_id=request_id))
                self.enough.wait(0.05)
        except Exception as error:  # the test's thread tells of it
            self.error = error


class DrainTest(ServersTest):

    def setUp(self):
        # A restart on a busy machine may take longer than a person would wait.
        patience = mock.patch.object(calls, "CALL_PATIENCE", 300)
        patience.start()
        self.addCleanup(patience.stop)

    @staticmethod
    def results(handle):
        """All that a job found: arrays by digest, and the summary."""
        handle.wait(timeout=300 * TIME_FACTOR)
        # repr, so that NaN equals NaN.
        return digests(handle), repr(comparable(handle.summary))

    def await_checkpoints(self, server, handles):
        attempts = os.path.join(server.data_dir, "attempts")
        give_up = time.monotonic() + 60 * TIME_FACTOR
        while time.monotonic() < give_up:
            written = [name.rpartition("-")[0] for name in os.listdir(attempts)
                       if os.path.exists(os.path.join(attempts, name,
                                                      "checkpoint", "1"))]
            if {handle.id for handle in handles} <= set(written):
                return
            time.sleep(0.01)
        self.fail(f"no checkpoints:\n{server.log()}")

    def stop_under_load(self, worker):
        """Seconds until not ready and until the end, jobs, submits."""
        server, lab = self.serve(f"--worker={worker}",
                                 "--checkpoint_seconds=0.1")
        running = [lab.train(**training(seed), priority=10)
                   for seed in range(2)]
        waiting = [lab.train(**training(seed), no_cache=True)
                   for seed in range(2)]
        self.await_checkpoints(server, running)
        clients = [Submitter(server, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        while not all(client.handles for client in clients):
            time.sleep(0.002)
        health = Health(server.address)
        while not health.told:
            time.sleep(0.002)
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=GRACE * TIME_FACTOR), 0)
        ended = time.monotonic() - begin
        health.close()
        # Before the jobs are put back, and once more after it.
        self.assertEqual([status for _, status in health.told][:2],
                         [SERVING, NOT_SERVING])
        self.assertNotIn(SERVING, [status for _, status in health.told][1:])
        not_ready = health.told[1][0] - begin
        # Put back, with its last checkpoint, and not held against it.
        stored = states(server.data_dir)
        kept = os.listdir(os.path.join(server.data_dir, "checkpoints"))
        self.assertEqual(sorted(kept), sorted(job.id for job in running))
        self.assertEqual({stored[job.id] for job in running + waiting},
                         {(QUEUED, 0)})
        self.assertNotIn(RUNNING, {state for state, _ in stored.values()})
        self.assertEqual(faults_of(server.data_dir),
                         [f"left behind: checkpoints/{job}"
                          for job in sorted(kept)])
        server.start()
        count = [len(client.handles) for client in clients]
        while any(client.is_alive() and len(client.handles) == before
                  for client, before in zip(clients, count)):
            time.sleep(0.002)
        for client in clients:
            client.enough.set()
            client.join()
            if client.error:
                raise client.error
        self.assertEqual(self.results(running[0]), self.results(waiting[0]))
        self.assertEqual(self.results(running[1]), self.results(waiting[1]))
        for job in running:
            self.assertGreater(job.job.provenance.resumed_seconds, 0)
        submitted = [handle for client in clients for handle in client.handles]
        while any(not handle.ended for handle in lab.jobs()):
            time.sleep(0.05)
        jobs = {handle.id for handle in running + waiting + submitted}
        self.assertEqual({handle.id for handle in lab.jobs()}, jobs)
        self.assertEqual(len(jobs), len(submitted) + 4)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(faults_of(server.data_dir), [])
        self.assertLess(not_ready, 1 * TIME_FACTOR)
        return not_ready, ended, len(jobs)

    def test_a_stop_keeps_the_work_and_ends_in_time(self):
        for worker, where in (("never", "in threads"),
                              ("always", "in worker processes")):
            with self.subTest(worker=worker):
                not_ready, ended, jobs = self.stop_under_load(worker)
                fault_row(39, f"jobs {where}: NOT_SERVING told after "
                              f"{not_ready:.3f} s, exit 0 after {ended:.2f} "
                              "s; 2 running went on from checkpoints, all "
                              f"{jobs} jobs ended")


if __name__ == "__main__":
    unittest.main()
