"""Watchers that are cut again and again see every event once.

The connection of all of them is cut at random moments, and the server is
killed now and then; each goes on by its token. What they saw together is the
log of events in the store.
"""

import os
import random
import sqlite3
import threading
import time
import unittest

import modbound
import proxy
from fault_row import LONG, fault_row
from service import TIME_FACTOR, Server

CUTS = 1000 if LONG else 50
KILL_EVERY = 17
WATCHERS = 6
SEED = 20
TASK = "PERCEPTUAL_DECISION_MAKING"
STATES = ("UNSPECIFIED", "WAITING", "QUEUED", "RUNNING", "SUCCEEDED", "FAILED",
          "CANCELLED", "SKIPPED")


class Watcher(threading.Thread):
    """Submits a job, watches it to its end through the proxy, the next."""

    def __init__(self, number, direct, through, over):
        super().__init__()
        self.direct, self.through, self.over = direct, through, over
        self.moments = random.Random(f"{SEED} {number}")
        # Job id -> its events but for progress.
        self.seen = {}
        self.error = None

    def run(self):
        try:
            while not self.over.is_set():
                self.watch_one()
        except Exception as error:
            self.error = error

    def watch_one(self):
        nodes = self.direct.run_graph({
            "train": ("train", dict(
                task=TASK, model={"hidden_size": 16}, target_accuracy=1,
                max_steps=self.moments.randrange(20, 800), no_cache=True)),
            "simulate": ("simulate", dict(network="train", trials=2))})
        for handle in nodes.values():
            events = self.seen[handle.id] = []
            for event in self.through.job(handle.id).watch():
                if event.what != "progress":
                    events.append((event.sequence, event.state))


class ResumeTest(unittest.TestCase):

    def setUp(self):
        self.server = Server(flags=["--max_lost_attempts=0"])
        self.addCleanup(self.server.close)
        self.proxy = proxy.Proxy(self.server.address)
        self.addCleanup(self.proxy.close)
        self.moments = random.Random(SEED)

    def lab(self, address):
        lab = modbound.connect(address)
        self.addCleanup(lab.close)
        return lab

    def log(self):
        """Job id -> (sequence, state) of the events in the store."""
        store = sqlite3.connect(
            os.path.join(self.server.data_dir, "modbound.sqlite3"))
        log = {}
        for job, sequence, state in store.execute(
                "SELECT job, sequence, state FROM event "
                "ORDER BY job, sequence"):
            log.setdefault(job, []).append((sequence, STATES[state]))
        store.close()
        return log

    def test_what_watchers_saw_is_the_log(self):
        over = threading.Event()
        watchers = [Watcher(i, self.lab(self.server.address),
                            self.lab(self.proxy.address), over)
                    for i in range(WATCHERS)]
        for watcher in watchers:
            watcher.start()
        kills = 0
        while self.proxy.cuts < CUTS and not any(w.error for w in watchers):
            time.sleep(self.moments.uniform(.02, .25))
            self.proxy.cut()
            if self.proxy.cuts // KILL_EVERY > kills:
                kills += 1
                self.server.kill()
                self.server.start()
        over.set()
        for watcher in watchers:
            watcher.join(timeout=120 * TIME_FACTOR)
            self.assertFalse(watcher.is_alive(), f"hangs, seed {SEED}")
            if watcher.error is not None:
                raise watcher.error
        self.assertEqual(self.server.stop(), 0)
        log = self.log()
        self.compare(log, watchers)
        events = sum(len(seen) for watcher in watchers
                     for seen in watcher.seen.values())
        figure = (f"{self.proxy.cuts} cuts of {WATCHERS} watchers, {kills} "
                  f"kills: {events} events of {len(log)} jobs, each once and "
                  "in order, union = log")
        print(figure)
        fault_row(20, figure)

    def compare(self, log, watchers):
        seen_jobs = set()
        for watcher in watchers:
            for job, seen in watcher.seen.items():
                # The first is the snapshot: what was before is in it.
                first = seen[0][0]
                self.assertEqual(seen, log[job][first - 1:],
                                 f"job {job}, seed {SEED}")
                numbers = [sequence for sequence, _ in log[job]]
                self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
                seen_jobs.add(job)
        # A submit that a kill cut off was sent again under its request id.
        self.assertEqual(seen_jobs, set(log), f"seed {SEED}")


if __name__ == "__main__":
    unittest.main()
