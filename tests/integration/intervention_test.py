"""Interventions of simulate from the Python client, against numpy."""

import unittest

import numpy

import modbound
from service import ServiceTest

TASK = "PERCEPTUAL_DECISION_MAKING"
NAMES = ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")


def random_network(units):
    random = numpy.random.default_rng(4)
    shapes = ((units, 3), (units,), (units, units), (units,), (3, units), (3,))
    return {name: random.normal(0, .4, shape)
            for name, shape in zip(NAMES, shapes)}


def run_by_hand(network, inputs, hold):
    """States of one trial of a relu network; hold(t, state) changes them."""
    state = numpy.zeros(len(network["b_rec"]))
    states = []
    for t, given in enumerate(inputs):
        state = numpy.maximum(
            network["w_in"] @ given + network["b_in"] +
            network["w_rec"] @ state + network["b_rec"], 0)
        hold(t, state)
        states.append(state.copy())
    return numpy.array(states)


class InterventionTest(ServiceTest):

    def test_all_of_them_together_are_those_of_numpy(self):
        network = random_network(10)
        plain = self.lab.simulate(network=network, task=TASK, trials=40, seed=2)
        job = self.lab.simulate(
            network=network, task=TASK, trials=40, seed=2,
            clamp=[{"channel": 1, "value": 4, "from": 2, "to": 12},
                   {"channel": 0, "value": 0, "from": 20}],
            weight_edits=[{"array": "W_REC", "row": 1, "column": 2,
                           "operation": "ADD", "value": .5}],
            lesion={"units": [3, 4], "scope": "SILENCE"},
            silence=[{"units": [5, 6], "level": "MEAN", "from": 3, "to": 15}])
        clamped = plain.arrays["inputs"].reshape(40, 22, 3).copy()
        clamped[:, 2:12, 1] = 4
        clamped[:, 20:, 0] = 0
        numpy.testing.assert_array_equal(job.arrays["inputs"],
                                         clamped.reshape(-1, 3))
        edited = {name: array.copy() for name, array in network.items()}
        edited["w_rec"][1, 2] += .5
        for unit in (3, 4):
            edited["w_rec"][unit] = edited["w_rec"][:, unit] = 0
            edited["w_in"][unit] = 0
            edited["b_in"][unit] = edited["b_rec"][unit] = 0
        levels = plain.arrays["activity"].mean(axis=0)

        def hold(t, state):
            if 3 <= t < 15:
                state[5:7] = levels[5:7]

        activity = job.arrays["activity"].reshape(40, 22, 10)
        for trial in (0, 1, 39):
            numpy.testing.assert_allclose(
                activity[trial], run_by_hand(edited, clamped[trial], hold),
                rtol=1e-10, atol=1e-12)

    def test_what_does_not_fit_is_refused_by_name(self):
        network = random_network(10)
        with self.assertRaises(modbound.InvalidArgument) as refused:
            self.lab.simulate(network=network, task=TASK,
                              clamp=[{"channel": 0, "value": 1},
                                     {"channel": 7, "value": 1}])
        self.assertEqual(refused.exception.field,
                         "spec.simulate.clamp[1].channel")
        self.assertIn("clamp[1].channel is 7; allowed: 0 ... 2",
                      str(refused.exception))
        with self.assertRaises(modbound.InvalidArgument) as refused:
            self.lab.simulate(network=network, task=TASK, lesion={})
        self.assertEqual(refused.exception.field, "spec.simulate.lesion.units")


if __name__ == "__main__":
    unittest.main()
