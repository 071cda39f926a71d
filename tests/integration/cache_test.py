"""Equal jobs share results; jobs that are run again are compared."""

import json
import os
import time
import unittest

from fault_row import fault_row
from service import TIME_FACTOR, ServiceTest, digests

SPEC = dict(task="GO_NOGO", model={"hidden_size": 96}, max_steps=40,
            target_accuracy=1)


class CacheTest(ServiceTest):

    def test_the_same_job_again_is_answered_at_once(self):
        first = self.lab.train(**SPEC, seed=1).wait()
        self.assertEqual(first.job.attempts, 1)
        times = []
        for _ in range(5):
            started = time.monotonic()
            again = self.lab.train(**SPEC, seed=1).wait()
            times.append(time.monotonic() - started)
            self.assertNotEqual(again.id, first.id)
            self.assertTrue(again.job.cache_info.hit)
            self.assertEqual(again.job.cache_info.source_job, first.id)
            self.assertEqual(again.job.attempts, 0)
            self.assertEqual(digests(again), digests(first))
        print(f"an equal job: {1000 * min(times):.1f} ms from submit to result")
        self.assertLess(min(times), 0.05 * TIME_FACTOR)
        fault_row(16, f"an equal job: the same digests {1000 * min(times):.1f} "
                  f"to {1000 * max(times):.1f} ms after submit (5 times)")

    def test_a_written_default_and_an_unset_field_are_the_same_job(self):
        first = self.lab.train(**SPEC, seed=2).wait()
        again = self.lab.train(**SPEC, seed=2, batch_size=16).wait()
        self.assertEqual(again.job.spec.train.batch_size,
                         first.job.spec.train.batch_size)
        self.assertTrue(again.job.cache_info.hit)

    def test_results_chain(self):
        found = []
        for _ in range(2):
            net = self.lab.train(**SPEC, seed=3)
            act = self.lab.simulate(network=net, trials=20, seed=4)
            found.append(self.lab.partition(activity=act["activity"], runs=5,
                                            seed=5).wait())
        self.assertFalse(found[0].job.cache_info.hit)
        self.assertEqual(found[1].job.cache_info.source_job, found[0].id)

    def test_reproduces_with_the_cli_and_python(self):
        first = self.lab.train(**SPEC, seed=6).wait()
        done = self.server.cli("reproduce-job", first.id)
        self.assertIn("same result", done.stdout)
        again = first.reproduce().wait().job
        self.assertEqual(again.attempts, 1)
        self.assertTrue(again.reproduction.same)
        self.assertEqual(again.reproduction.source_job, first.id)
        self.assertEqual(list(again.reproduction.different), [])
        line = self.server.cli("--json", "reproduce-job", first.id)
        self.assertIs(json.loads(line.stdout)["reproduction"]["same"], True)

    def test_damaged_bytes_are_never_served_from_the_cache(self):
        # Large enough for a file of its own.
        spec = {**SPEC, "model": {"hidden_size": 160}, "seed": 7}
        first = self.lab.train(**spec).wait()
        digest = digests(first)["w_rec"]
        path = os.path.join(self.server.data_dir, "artifacts", digest[:2],
                            digest)
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.write(b"\xff" * 8)
        again = self.lab.train(**spec).wait()
        self.assertFalse(again.job.cache_info.hit)
        self.assertEqual(digests(again), digests(first))
        # Running it put the bytes right.
        self.assertEqual(first.arrays["w_rec"].tobytes(),
                         again.arrays["w_rec"].tobytes())


if __name__ == "__main__":
    unittest.main()
