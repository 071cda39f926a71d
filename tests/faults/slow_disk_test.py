"""No-op jobs of 8 clients while every sync of the disk takes 5 ms: those that
wait share one sync.

Their rate is compared with that of raw commits of single rows on the same disk,
in turns, so that both meet the same machine. A client is a thread of
tests/bench/rpc_bench.cc that waits for each of its submits; no two jobs are
alike, so that each one also runs and ends in the store.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import unittest

from disk_shim import Disk, DiskServer, skip_without_shim
from fault_row import LONG, fault_row
from service import BIN

SYNC_SECONDS = 0.005
CLIENTS = 8
ROUNDS = 12 if LONG else 3
ROUND_SECONDS = 5 if LONG else 1.5
# That of a quiet machine; the short form runs on any.
BAR = 4 if LONG else 2

# Prints the rate of commits of one row each.
RAW = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = FULL")
database.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER)")
count, started = 0, time.monotonic()
while time.monotonic() - started < float(sys.argv[2]):
    database.execute("INSERT INTO row VALUES (?)", (count,))
    count += 1
print(count / (time.monotonic() - started))
"""


class SlowDiskTest(unittest.TestCase):

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_slow_")
        self.addCleanup(folder.cleanup)
        return folder.name

    def raw_rate(self):
        folder = self.folder()
        disk = Disk(folder, folder)
        disk.delay_syncs(SYNC_SECONDS)
        done = subprocess.run(
            [sys.executable, "-c", RAW, os.path.join(folder, "raw.sqlite3"),
             str(ROUND_SECONDS)],
            env=disk.environment, capture_output=True, text=True, check=True)
        self.assertGreater(disk.count("sync"), 0)
        return float(done.stdout)

    def submit_rate(self, server):
        """Acknowledged submits a second of all clients together."""
        done = subprocess.run(
            [os.path.join(BIN, "rpc_bench"), server.address, "submit",
             str(CLIENTS), str(ROUND_SECONDS)],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        return told["calls"] / told["seconds"]

    def test_clients_share_a_sync(self):
        server = DiskServer(self.folder())
        self.addCleanup(server.close)
        server.disk.delay_syncs(SYNC_SECONDS)
        raw, submits, each = [], [], []
        for _ in range(ROUNDS):
            raw.append(self.raw_rate())
            syncs = server.disk.count("sync")
            submits.append(self.submit_rate(server))
            each.append(submits[-1] * ROUND_SECONDS /
                        (server.disk.count("sync") - syncs))
        print(f"raw {raw}, submits {submits}, submits a sync {each}")
        self.assertLess(max(raw), 1 / SYNC_SECONDS, "no sync was delayed")
        times = statistics.median(submits) / statistics.median(raw)
        figure = (
            f"with syncs of 5 ms, {CLIENTS} clients that wait for each submit: "
            f"{statistics.median(submits):.0f} jobs/s to "
            f"{statistics.median(raw):.0f} raw commits/s = {times:.1f} x; "
            f"{statistics.median(each):.1f} submits a sync (medians of "
            f"{ROUNDS} turns)")
        print(figure)
        self.assertGreaterEqual(times, BAR)
        fault_row(102, figure)


if __name__ == "__main__":
    skip_without_shim()
    unittest.main()
