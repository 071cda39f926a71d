"""What a call costs, beside what the disk makes it cost, in the same run.

A no-op job is `quality` of a 3 x 3 matrix, each with a gamma of its own: the
cheapest kind, and never answered from an earlier one. The clients are threads
of tests/bench/rpc_bench.cc with a connection each.
"""

import json
import os
import sqlite3
import statistics
import subprocess
import time
import unittest

import measure
from fault_row import LONG, fault_row
from service import BIN, TIME_FACTOR, Server

CLIENTS = 8
ROUNDS = 8 if LONG else 3
SECONDS = 5 if LONG else 1
# The bars are those of a quiet machine; the short form runs on any.
GENEROSITY = 1 if LONG else 10
GET_BAR = .0005 * GENEROSITY * TIME_FACTOR
RESULT_BAR = .010 * GENEROSITY * TIME_FACTOR
# To raw commits.
RATE_BAR = 1 / GENEROSITY
# Commits that a client waits for: submit, start, end.
COMMITS = 3


class RateTest(unittest.TestCase):

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.folder = os.path.dirname(self.server.data_dir)

    def bench(self, mode, clients=1, seconds=SECONDS):
        done = subprocess.run(
            [os.path.join(BIN, "rpc_bench"), self.server.address, mode,
             str(clients), str(seconds)],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def raw_commits(self):
        """Single-row commits a second of SQLite by itself, on that disk."""
        store = sqlite3.connect(os.path.join(self.folder, "raw.sqlite3"),
                                isolation_level=None)
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = FULL")
        store.execute("CREATE TABLE IF NOT EXISTS row(word TEXT)")
        begin = time.monotonic()
        count = 0
        while time.monotonic() - begin < SECONDS:
            store.execute("INSERT INTO row VALUES('a row')")
            count += 1
        rate = count / (time.monotonic() - begin)
        store.close()
        return rate

    def sync_seconds(self):
        """What one fsync of a few KiB costs on that disk."""
        path = os.path.join(self.folder, "synced")
        taken = []
        with open(path, "ab", buffering=0) as file:
            for _ in range(100):
                begin = time.monotonic()
                file.write(bytes(8192))
                os.fsync(file.fileno())
                taken.append(time.monotonic() - begin)
        return statistics.median(taken)

    def test_eight_clients_keep_up_with_raw_commits(self):
        raw, ours = [], []
        for _ in range(ROUNDS):
            raw.append(self.raw_commits())
            told = self.bench("submit", CLIENTS)
            ours.append(told["calls"] / told["seconds"])
        figure = (f"{CLIENTS} clients: {statistics.median(ours):.0f} no-op "
                  f"jobs/s; raw single-row commits "
                  f"{statistics.median(raw):.0f}/s; ratio "
                  f"{statistics.median(ours) / statistics.median(raw):.2f} "
                  f"(medians of {ROUNDS} turns each)")
        print(figure)
        self.assertGreaterEqual(statistics.median(ours),
                                RATE_BAR * statistics.median(raw))
        fault_row(101, figure)

    def test_calls_are_quick(self):
        gets = [self.bench("get")["p50"] for _ in range(ROUNDS)]
        results, syncs = [], []
        for _ in range(ROUNDS):
            syncs.append(self.sync_seconds())
            results.append(self.bench("result")["p50"])
        get, result = statistics.median(gets), statistics.median(results)
        sync = statistics.median(syncs)
        figure = (f"GetJob p50 {1000 * get:.3f} ms; no-op job submit to "
                  f"result p50 {measure.milliseconds(result)}, of which "
                  f"{COMMITS} syncs are {measure.milliseconds(COMMITS * sync)}")
        print(figure)
        self.assertLess(get, GET_BAR)
        self.assertLess(result - COMMITS * sync, RESULT_BAR)
        fault_row(103, figure)


if __name__ == "__main__":
    unittest.main()
