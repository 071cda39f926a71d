"""Looking after a store: verify, backup and restore, retention, limits."""

import glob
import os
import re
import tempfile
import time
import unittest

import modbound
import numpy

from service import TIME_FACTOR, ServersTest, digests, modboundd, verify

SPEC = dict(task="GO_NOGO", model={"hidden_size": 160}, max_steps=10,
            target_accuracy=1)


def audit_lines(verified):
    """The number of lines that a sound store's audit log has."""
    return int(re.search(r"^sound: .* (\d+) lines of audit log",
                         verified.stdout, re.M).group(1))


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

    def test_takes_nothing_new_beyond_its_limit(self):
        server, lab = self.serve("--max_stored_bytes=100K")
        lab.train(**SPEC, seed=6).wait()
        with self.assertRaises(modbound.errors.ResourceExhausted) as refused:
            lab.train(**SPEC, seed=7)
        self.assertEqual(refused.exception.reason, "QUOTA_EXCEEDED")
        self.assertIn("event=store_nearly_full", server.log())
        for job in lab.jobs():
            job.delete()
        lab.train(**SPEC, seed=7).wait()

    def test_takes_nothing_new_of_an_owner_beyond_its_limit(self):
        _, lab = self.serve("--max_stored_bytes_per_owner=100K")
        lab.train(**SPEC, seed=6).wait()
        with self.assertRaises(modbound.errors.ResourceExhausted) as refused:
            lab.train(**SPEC, seed=7)
        self.assertEqual(refused.exception.reason, "QUOTA_EXCEEDED")
        self.assertIn("the limit of 102400", str(refused.exception))
        with self.assertRaises(modbound.errors.ResourceExhausted):
            lab.upload(numpy.zeros(200000))
        for job in lab.jobs():
            job.delete()
        lab.train(**SPEC, seed=7).wait()

    def test_refuses_flags_that_make_no_sense(self):
        for flags in (["--retention=soon"], ["--max_stored_bytes=-1"],
                      ["--verify", "--backup=/tmp/x"]):
            with self.subTest(flags=flags):
                self.assertEqual(modboundd(*flags).returncode, 2)


if __name__ == "__main__":
    unittest.main()
