"""Training that diverges fails, says where, and leaves nothing behind."""

import os
import re
import tempfile
import unittest

import modbound

from service import ServersTest, verify

# Ten times the recipe's learning rate without clipping, and sequences so long
# that growing states leave the range of float32; evaluations are too short for
# that.
SPEC = {"task": {"name": "PERCEPTUAL_DECISION_MAKING"}, "seed": 1,
        "recipe": "REFERENCE", "optimizer": {"learning_rate": 0.1},
        "model": {"hidden_size": 16}, "seq_len": 3000, "batch_size": 4}


class DivergedTest(ServersTest):

    def test_the_error_names_the_step_and_the_last_finite_loss(self):
        _, lab = self.serve()
        train = lab.train(**SPEC)
        with self.assertRaises(modbound.JobFailed) as caught:
            train.wait()
        error = caught.exception
        self.assertEqual(train.state, "FAILED")
        self.assertEqual((error.code, error.reason, error.field),
                         ("ABORTED", "DIVERGED", ""))
        step, loss = re.search(r"the loss is no longer finite at step (\d+); "
                               r"last finite loss: (\S+)$",
                               error.message).groups()
        # The same training up to there is sound, and that was its last loss.
        self.assertGreater(int(step), 1)
        sound = lab.train(**SPEC, max_steps=int(step)).wait()
        self.assertEqual(sound.summary.stop_reason, "MAX_STEPS")
        losses = sound.arrays["loss"]
        self.assertEqual(losses.shape, (int(step),))
        self.assertEqual(loss, f"{losses[-1]:g}")
        self.assertNotEqual(loss, f"{losses[-2]:g}")

    def test_the_cli_says_it_in_one_line_and_nothing_is_left(self):
        server, lab = self.serve()
        with tempfile.TemporaryDirectory(prefix="modbound_out_") as out:
            done = server.cli("run", "train", "--spec", "-", "--out", out,
                              spec=SPEC, check=False)
            self.assertEqual(os.listdir(out), ["summary.json"])
        self.assertEqual(done.returncode, 3)
        train, = lab.jobs()
        line, = done.stderr.splitlines()
        self.assertEqual(line, f"error: job {train.id} FAILED: "
                               f"{train.job.error.message} [DIVERGED]")
        self.assertIn("last finite loss: ", line)
        self.assertEqual(dict(train.job.outputs), {})
        self.assertFalse(train.job.summary)
        self.assertEqual(server.stop(), 0)
        for folder in ("attempts", "checkpoints"):
            self.assertEqual(
                os.listdir(os.path.join(server.data_dir, folder)), [])
        sound = verify(server.data_dir)
        self.assertEqual(sound.returncode, 0, sound.stderr)
        self.assertIn("sound: 1 jobs, 0 artifacts of 0 bytes, ", sound.stdout)
        self.assertIn(" 0 problems, 0 files to be removed", sound.stdout)


if __name__ == "__main__":
    unittest.main()
