"""Training that diverges fails, says where, and keeps what it had."""

import asyncio
import json
import os
import re
import tempfile
import unittest

import modbound
import numpy

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
        # What is kept is of the steps before: the losses, and the weights that
        # the last of them was measured with.
        kept = train.kept_arrays
        self.assertEqual(set(kept), set(sound.arrays))
        numpy.testing.assert_array_equal(kept["loss"], losses)
        before = lab.train(**SPEC, max_steps=int(step) - 1).wait()
        for name in ("w_in", "w_rec", "w_out", "b_rec", "initial/w_rec"):
            numpy.testing.assert_array_equal(kept[name], before.arrays[name])
            self.assertTrue(numpy.isfinite(kept[name]).all())
        summary = train.job.summary.train
        self.assertEqual((summary.stop_reason, summary.steps),
                         ("DIVERGED", int(step)))
        self.assertEqual(summary.final_loss, losses[-1])
        with self.assertRaises(modbound.JobFailed):
            _ = train.arrays
        # It is no result: no job takes its outputs, nor is it an answer.
        with self.assertRaisesRegex(modbound.FailedPrecondition,
                                    "is FAILED: it has no result"):
            lab.simulate(network=train)
        again = lab.train(**SPEC)
        with self.assertRaises(modbound.JobFailed):
            again.wait()
        self.assertEqual(again.job.outputs["w_rec"].artifact,
                         train.job.outputs["w_rec"].artifact)
        # Weights from there are where another training may begin.
        better = lab.train(
            **{**SPEC, "optimizer": {"learning_rate": 0.001}}, max_steps=2,
            **{"initial/" + name: kept[name] for name in (
                "w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")}).wait()
        numpy.testing.assert_array_equal(better.arrays["initial/w_rec"],
                                         kept["w_rec"])

    def test_the_asynchronous_client_has_what_is_kept(self):
        server, lab = self.serve()
        known = lab.train(**SPEC).kept_arrays["w_rec"]

        async def run():
            async with modbound.aio.connect(server.address) as alab:
                train = await alab.train(**SPEC)
                with self.assertRaises(modbound.JobFailed):
                    await train.wait()
                for refused in (train.arrays, lambda: train.array("w_rec")):
                    with self.assertRaises(modbound.JobFailed):
                        await refused()
                with self.assertRaises(modbound.JobFailed):
                    _ = train.summary
                return await train.kept_arrays()
        kept = asyncio.run(run())
        numpy.testing.assert_array_equal(kept["w_rec"], known)

    def test_the_cli_says_it_in_one_line_and_writes_what_is_kept(self):
        server, lab = self.serve("--worker=always")
        with tempfile.TemporaryDirectory(prefix="modbound_out_") as out:
            done = server.cli("run", "train", "--spec", "-", "--out", out,
                              spec=SPEC, check=False)
            with open(os.path.join(out, "summary.json")) as file:
                summary = json.load(file)
            self.assertEqual(summary["stop_reason"], "DIVERGED")
            loss = numpy.load(os.path.join(out, "loss.npy"))
            self.assertEqual(summary["steps"], str(len(loss)))
            self.assertEqual(
                numpy.load(os.path.join(out, "w_rec.npy")).shape, (16, 16))
        self.assertEqual(done.returncode, 3)
        train, = lab.jobs()
        line, = done.stderr.splitlines()
        self.assertEqual(line, f"error: job {train.id} FAILED: "
                               f"{train.job.error.message} [DIVERGED]")
        self.assertIn("last finite loss: ", line)
        self.assertEqual(server.stop(), 0)
        for folder in ("attempts", "checkpoints"):
            self.assertEqual(
                os.listdir(os.path.join(server.data_dir, folder)), [])
        sound = verify(server.data_dir)
        self.assertEqual(sound.returncode, 0, sound.stderr)
        self.assertIn("sound: 1 jobs, ", sound.stdout)
        self.assertIn(" 0 problems, 0 files to be removed", sound.stdout)
        # Deleting the job takes them with it.
        server.start()
        train.delete()
        self.assertEqual(server.stop(), 0)
        sound = verify(server.data_dir)
        self.assertIn("sound: 0 jobs, 0 artifacts of 0 bytes, ", sound.stdout)


if __name__ == "__main__":
    unittest.main()
