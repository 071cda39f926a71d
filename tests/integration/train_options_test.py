"""Masks, given arrays, snapshots and watchers of a training, from Python."""

import unittest

import numpy

import modbound
from service import ServiceTest

TASK = "PERCEPTUAL_DECISION_MAKING"
UNITS = 12
SHORT = dict(task=TASK, model={"hidden_size": UNITS}, max_steps=50,
             eval_every=20, eval_trials=100, target_accuracy=1, seed=4)


class TrainOptionsTest(ServiceTest):

    def test_masks_initial_arrays_and_snapshots(self):
        random = numpy.random.default_rng(7)
        mask = random.random((UNITS, UNITS)) < 0.3
        w_in = random.standard_normal((UNITS, 3)).astype("f4")
        net = self.lab.train(
            **SHORT, mask={"w_rec": mask}, initial={"w_in": w_in},
            frozen=["w_in"], snapshot_every=20,
            optimizer={"name": "ADAMW", "weight_decay": 0.1,
                       "schedule": {"shape": "COSINE", "warmup_steps": 10}},
            regularization={"rate_l2": 0.01, "spatial_cost": 1e-4})
        numpy.testing.assert_array_equal(net.arrays["w_rec"] != 0, mask)
        numpy.testing.assert_array_equal(net.arrays["w_in"], w_in)
        steps = net.arrays["snapshots/step"]
        self.assertEqual(steps.tolist(), [0, 20, 40, 50])
        for name in ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out"):
            taken = net.arrays[f"snapshots/{name}"]
            self.assertEqual(taken.shape, (4, *net.arrays[name].shape))
            numpy.testing.assert_array_equal(taken[0],
                                             net.arrays[f"initial/{name}"])
            numpy.testing.assert_array_equal(taken[-1], net.arrays[name])
        self.assertTrue((net.arrays["snapshots/w_rec"][:, ~mask] == 0).all())
        self.assertEqual(net.arrays["penalty"].shape, (50,))
        self.assertEqual(net.arrays["penalty"][-1], net.summary.final_penalty)

    def test_training_goes_on_from_another_network(self):
        first = self.lab.train(**SHORT)
        second = self.lab.train(**SHORT, initial={
            name: first[name]
            for name in ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")})
        numpy.testing.assert_array_equal(second.arrays["initial/w_rec"],
                                         first.arrays["w_rec"])
        self.assertLess(second.arrays["loss"][0], first.arrays["loss"][0])
        # A handle alone: from where that one started.
        again = self.lab.train(**SHORT, initial=first)
        self.assertEqual(again.arrays["w_rec"].tobytes(),
                         first.arrays["w_rec"].tobytes())

    def test_watchers_see_the_curves_grow(self):
        job = self.lab.train(**{**SHORT, "max_steps": 2000, "eval_every": 100},
                             regularization={"l2": 1e-5}, snapshot_every=100)
        metrics = {}
        for event in job.watch():
            if event.progress is not None:
                metrics.update(event.progress.metrics)
        for name in ("loss", "penalty", "accuracy", "learning_rate",
                     "snapshots", "psychometric/51.2", "psychometric/-6.4"):
            self.assertIn(name, metrics)

    def test_bad_masks_and_names_are_refused_at_submit(self):
        for arguments, field, reason in (
                (dict(mask={"w_rec": numpy.ones((5, 5))}),
                 "inputs.mask/w_rec", "WRONG_SHAPE"),
                (dict(mask={"w_out": numpy.full((3, UNITS), 0.5)}),
                 "inputs.mask/w_out", "NOT_BINARY"),
                (dict(positions=numpy.ones((UNITS, 2)),
                      regularization={"spatial_cost": 1}),
                 "inputs.positions", "WRONG_SHAPE"),
                (dict(frozen=["w_x"]), "spec.train.frozen[0]", "OUT_OF_RANGE"),
                (dict(optimizer={"learning_rate": 0}),
                 "spec.train.optimizer.learning_rate", "OUT_OF_RANGE"),
                (dict(optimizer={"name": "SGD", "beta1": 0.9}),
                 "spec.train.optimizer.beta1", "OUT_OF_RANGE")):
            with self.subTest(field=field):
                with self.assertRaises(modbound.InvalidArgument) as caught:
                    self.lab.train(**SHORT, **arguments)
                self.assertEqual(caught.exception.field, field)
                self.assertEqual(caught.exception.reason, reason)


if __name__ == "__main__":
    unittest.main()
