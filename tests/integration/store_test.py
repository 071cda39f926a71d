"""Looking after a store: verify, backup and restore, retention, limits."""

import concurrent.futures
import contextlib
import glob
import os
import re
import sqlite3
import tempfile
import time
import unittest

import modbound
import numpy

from fault_row import fault_row
from service import TIME_FACTOR, ServersTest, digests, modboundd, verify

SPEC = dict(task="GO_NOGO", model={"hidden_size": 160}, max_steps=10,
            target_accuracy=1)


def audit_lines(verified):
    """The number of lines that a sound store's audit log has."""
    return int(re.search(r"^sound: .* (\d+) lines of audit log",
                         verified.stdout, re.M).group(1))


def stored(server):
    """Bytes of all arrays, by the rows of a server's store."""
    path = os.path.join(server.data_dir, "modbound.sqlite3")
    with contextlib.closing(sqlite3.connect(path)) as store:
        return store.execute(
            "SELECT COALESCE(SUM(size_bytes), 0) FROM artifact").fetchone()[0]


class StoreTest(ServersTest):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_store_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_verify_finds_nothing_then_what_was_damaged(self):
        server, lab = self.serve()
        job = lab.train(**SPEC, seed=1).wait()
        busy = verify(server.data_dir)
        self.assertEqual(busy.returncode, 2, "a server runs on it")
        server.stop()
        sound = verify(server.data_dir)
        self.assertEqual(sound.returncode, 0, sound.stdout + sound.stderr)
        self.assertIn("sound: 1 jobs", sound.stdout)
        digest = digests(job)["w_rec"]
        path = os.path.join(server.data_dir, "artifacts", digest[:2], digest)
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.write(b"\xff" * 8)
        damaged = verify(server.data_dir)
        self.assertEqual(damaged.returncode, 1)
        self.assertIn(digest, damaged.stdout)
        self.assertEqual(verify(self.folder).returncode, 2)

    def test_a_backup_is_a_store_that_a_server_goes_on_with(self):
        server, lab = self.serve()
        ended = lab.train(**SPEC, seed=2).wait()
        running = lab.train(task="GO_NOGO", model={"hidden_size": 64},
                            max_steps=400, target_accuracy=1, seed=3)
        while running.state != "RUNNING":
            time.sleep(0.01)
        target = os.path.join(self.folder, "backup")
        made = modboundd(f"--backup={target}", f"--data_dir={server.data_dir}")
        self.assertEqual(made.returncode, 0, made.stderr)
        again = modboundd(f"--backup={target}",
                          f"--data_dir={server.data_dir}")
        self.assertEqual(again.returncode, 2, "the place is taken")
        expected = digests(running.wait())
        log = server.cli("logs", ended.id).stdout
        self.assertIn("attempt 1", log)
        # The disk is lost; the backup takes its place.
        server.kill()
        sound = verify(target)
        self.assertEqual(sound.returncode, 0)
        lines = audit_lines(sound)
        self.assertGreaterEqual(lines, 2)
        server.data_dir = target
        server.start()
        restored = modbound.connect(server.address)
        self.addCleanup(restored.close)
        self.assertEqual(digests(restored.job(ended.id)), digests(ended))
        self.assertEqual(
            restored.job(ended.id).arrays["w_rec"].shape, (160, 160))
        self.assertEqual(digests(restored.job(running.id).wait()), expected)
        self.assertEqual(server.cli("logs", ended.id).stdout, log)
        restored.job(ended.id).delete()
        server.stop()
        # The chain went on from where the backup had it.
        self.assertGreater(audit_lines(verify(target)), lines)

    def test_retention_deletes_all_but_pinned_jobs(self):
        server, lab = self.serve("--retention=1s")
        old = lab.train(**SPEC, seed=4).wait()
        kept = lab.train(**SPEC, seed=5, pinned=True).wait()
        started = time.monotonic()
        while time.monotonic() - started < 60 * TIME_FACTOR:
            try:
                lab.job(old.id)
            except modbound.errors.NotFound:
                break
            time.sleep(0.2)
        else:
            self.fail("still there")
        self.assertEqual(lab.job(kept.id).arrays["w_rec"].shape, (160, 160))
        self.assertIn("event=jobs_removed_by_retention", server.log())
        digest = digests(old)["w_rec"]
        self.assertEqual(glob.glob(os.path.join(
            server.data_dir, "artifacts", "*", digest)), [])

    def bytes_of_one(self):
        """What SPEC is planned to make; equal arrays of it are stored once."""
        _, lab = self.serve()
        return sum(array.nbytes for array in
                   lab.train(**SPEC, seed=6).wait().arrays.values())

    def test_takes_nothing_new_beyond_its_limit(self):
        size = self.bytes_of_one()
        server, lab = self.serve(f"--max_stored_bytes={size - 1}")
        with self.assertRaises(modbound.errors.ResourceExhausted):
            lab.train(**SPEC, seed=6)
        self.assertEqual(stored(server), 0)
        server, lab = self.serve(f"--max_stored_bytes={size}")
        lab.train(**SPEC, seed=6).wait()
        self.assertLessEqual(stored(server), size)
        with self.assertRaises(modbound.errors.ResourceExhausted) as refused:
            lab.train(**SPEC, seed=7)
        self.assertEqual(refused.exception.reason, "QUOTA_EXCEEDED")
        self.assertIn("event=store_nearly_full", server.log())
        for job in lab.jobs():
            job.delete()
        lab.train(**SPEC, seed=7).wait()

    def test_takes_nothing_new_of_an_owner_beyond_its_limit(self):
        size = self.bytes_of_one()
        _, lab = self.serve(f"--max_stored_bytes_per_owner={size}")
        lab.train(**SPEC, seed=6).wait()
        with self.assertRaises(modbound.errors.ResourceExhausted) as refused:
            lab.train(**SPEC, seed=7)
        self.assertEqual(refused.exception.reason, "QUOTA_EXCEEDED")
        self.assertIn(f"the limit of {size}", str(refused.exception))
        with self.assertRaises(modbound.errors.ResourceExhausted):
            lab.upload(numpy.zeros(200000))
        for job in lab.jobs():
            job.delete()
        lab.train(**SPEC, seed=7).wait()

    def test_never_stores_more_than_its_limit(self):
        limit = 1 << 20
        server, lab = self.serve(f"--max_stored_bytes={limit}")
        graph = {f"n{i}": ("train", {**SPEC, "seed": i}) for i in range(10)}
        with self.assertRaises(modbound.errors.ResourceExhausted) as refused:
            lab.run_graph(graph)
        self.assertEqual(refused.exception.reason, "QUOTA_EXCEEDED")
        self.assertIn(f"the limit of {limit} (max_stored_bytes)",
                      str(refused.exception))
        jobs, refusals, most = [], [], 0

        def submit(worker):
            for i in range(5):
                try:
                    if worker == 0:
                        lab.upload(numpy.full(5000, i, dtype="float64"))
                    else:
                        jobs.append(lab.train(**SPEC, seed=10 * worker + i))
                except modbound.errors.ResourceExhausted as error:
                    refusals.append(error.reason)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ends = [pool.submit(submit, worker) for worker in range(8)]
            while not all(end.done() for end in ends):
                most = max(most, stored(server))
            for end in ends:
                end.result()
        for job in jobs:
            job.wait()
            most = max(most, stored(server))
        self.assertEqual({job.state for job in jobs}, {"SUCCEEDED"})
        self.assertEqual(set(refusals), {"QUOTA_EXCEEDED"})
        self.assertLessEqual(most, limit)
        self.assertGreater(most, limit // 2)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(verify(server.data_dir).returncode, 0)
        fault_row(35, f"--max_stored_bytes={limit}: of 35 trainings and 5 "
                  f"uploads of 8 clients {len(refusals)} refused by name; all "
                  f"{len(jobs)} jobs that were taken SUCCEEDED, never more "
                  f"than {most} bytes stored")

    def test_refuses_flags_that_make_no_sense(self):
        for flags in (["--retention=soon"], ["--max_stored_bytes=-1"],
                      ["--verify", "--backup=/tmp/x"]):
            with self.subTest(flags=flags):
                self.assertEqual(modboundd(*flags).returncode, 2)


if __name__ == "__main__":
    unittest.main()
