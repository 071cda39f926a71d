"""Bad input is refused at submit with its reason and field; nothing stays."""

import os
import unittest

import numpy

import modbound
from service import Golden, ServiceTest

SYMMETRIC = numpy.array([[0, 0.5, -0.2], [0.5, 0, 0.1], [-0.2, 0.1, 0]])
LABELS = numpy.array([0, 0, 1])
PDM = "PERCEPTUAL_DECISION_MAKING"


def changed(row, column, value):
    matrix = SYMMETRIC.copy()
    matrix[row, column] = matrix[column, row] = value
    return matrix


def asymmetric():
    matrix = SYMMETRIC.copy()
    matrix[0, 1] = 0.9
    return matrix


# (kind, keywords, reason, field)
REFUSED = [
    ("quality", dict(matrix=SYMMETRIC[:2], labels=LABELS), "WRONG_SHAPE",
     "inputs.matrix"),
    ("quality", dict(matrix=SYMMETRIC.reshape(-1), labels=LABELS),
     "WRONG_SHAPE", "inputs.matrix"),
    ("quality", dict(matrix=SYMMETRIC, labels=[0, 1]), "WRONG_SHAPE",
     "inputs.labels"),
    ("quality", dict(matrix=SYMMETRIC, labels=[0, 1, -2]), "BAD_LABELS",
     "inputs.labels"),
    ("quality", dict(matrix=SYMMETRIC, labels=[0, 0.5, 1]), "BAD_LABELS",
     "inputs.labels"),
    ("quality", dict(labels=LABELS), "MISSING_FIELD", "inputs.matrix"),
    ("quality", dict(matrix=SYMMETRIC, labels=LABELS, gamma=0), "OUT_OF_RANGE",
     "spec.quality.gamma"),
    ("quality", dict(matrix=SYMMETRIC, labels=LABELS, gamma=float("nan")),
     "OUT_OF_RANGE", "spec.quality.gamma"),
    ("quality", dict(matrix=changed(0, 1, numpy.nan), labels=LABELS),
     "NOT_FINITE", "inputs.matrix"),
    ("quality", dict(matrix=changed(0, 1, numpy.inf), labels=LABELS),
     "NOT_FINITE", "inputs.matrix"),
    ("quality", dict(matrix=asymmetric(), labels=LABELS), "NOT_SYMMETRIC",
     "inputs.matrix"),
    ("quality", dict(matrix=SYMMETRIC, labels=LABELS, quality="MODULARITY"),
     "NEGATIVE_WEIGHT", "inputs.matrix"),
    ("quality", dict(matrix=abs(SYMMETRIC), labels=LABELS, quality="POTTS"),
     "NOT_BINARY", "inputs.matrix"),
    ("partition", dict(matrix=asymmetric()), "NOT_SYMMETRIC", "inputs.matrix"),
    ("partition", dict(matrix=SYMMETRIC, runs=0), "OUT_OF_RANGE",
     "spec.partition.runs"),
    ("partition", dict(matrix=SYMMETRIC, runs=10**6), "OUT_OF_RANGE",
     "spec.partition.runs"),
    ("partition", dict(), "MISSING_FIELD", "inputs.matrix"),
    ("train", dict(), "MISSING_FIELD", "spec.train.task"),
    ("train", dict(task=PDM, batch_size=0), "OUT_OF_RANGE",
     "spec.train.batch_size"),
    ("train", dict(task=PDM, model={"hidden_size": 0}), "OUT_OF_RANGE",
     "spec.train.model.hidden_size"),
    ("train", dict(task=PDM, model={"dt": 200, "tau": 100}), "CONTRADICTION",
     "spec.train.model.dt"),
    ("train", dict(task={"name": "GO_NOGO", "sigma": 1}), None,
     "spec.train.task.sigma"),
    ("train", dict(task={"name": PDM, "coherences": [150]}), "OUT_OF_RANGE",
     "spec.train.task.coherences"),
    ("train", dict(task={"name": PDM, "stimulus_ms": 0}), "OUT_OF_RANGE",
     "spec.train.task.stimulus_ms"),
    ("train", dict(task=PDM, model={"hidden_size": 8192}, batch_size=4096,
                   seq_len=100000), "MEMORY_LIMIT", None),
    ("compare_partitions", dict(labels=numpy.zeros((0, 5), "i4")),
     "WRONG_SHAPE", "inputs.labels"),
    ("simulate", dict(network="no-such-job"), "JOB_NOT_FOUND", None),
]


class BadInputTest(ServiceTest):

    def refuse(self, run, reason, field):
        with self.assertRaises(modbound.Error) as caught:
            run()
        error = caught.exception
        if reason is not None:
            self.assertEqual(error.reason, reason, error)
        if field is not None:
            self.assertTrue(error.field.startswith(field),
                            f"{error.field}: {error}")
        self.assertIn(error.code, ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED",
                                   "NOT_FOUND"))
        self.assertTrue(error.message)
        self.assertNotIn("\n", error.message)

    def test_each_fault_is_refused_with_its_reason_and_field(self):
        before = {handle.id for handle in self.lab.jobs()}
        for kind, keywords, reason, field in REFUSED:
            with self.subTest(kind=kind, reason=reason, field=field):
                self.refuse(lambda: getattr(self.lab, kind)(**keywords),
                            reason, field)
        self.assertEqual({handle.id for handle in self.lab.jobs()}, before)

    def test_a_network_of_clashing_sizes_is_refused(self):
        network = Golden("ctrnn_forward_n5").network
        network["b_rec"] = network["b_rec"][:4]
        self.refuse(lambda: self.lab.simulate(network=network, task=PDM),
                    "WRONG_SHAPE", "inputs.b_rec")
        network = Golden("ctrnn_forward_n5").network
        del network["w_rec"]
        self.refuse(lambda: self.lab.simulate(network=network, task=PDM),
                    "MISSING_FIELD", "inputs.w_rec")

    def test_a_network_keeps_the_model_it_was_trained_with(self):
        train = self.lab.train(task="GO_NOGO", model={"hidden_size": 8},
                               max_steps=5)
        self.refuse(lambda: self.lab.simulate(network=train,
                                              activation="TANH"),
                    "CONTRADICTION", "spec.simulate.activation")

    def test_graphs_with_cycles_strangers_or_double_names_are_refused(self):
        before = {handle.id for handle in self.lab.jobs()}
        run = self.lab.run_graph
        self.refuse(lambda: run({
            "a": ("simulate", {"network": "b"}),
            "b": ("simulate", {"network": "a"})}), "CYCLE", None)
        self.refuse(lambda: run({"a": ("simulate", {"network": "a"})}),
                    "CYCLE", None)
        self.refuse(lambda: run({
            "a": ("train", {"task": "GO_NOGO"}),
            "b": ("reduce", {"activity": "c", "labels": [0]})}), None, None)
        self.refuse(lambda: run({
            "a": ("train", {"task": "GO_NOGO"}),
            "b": ("quality", {"matrix": "a/nothing", "labels": [0]})}),
            "OUTPUT_NOT_FOUND", None)
        self.refuse(lambda: run({"a b": ("train", {"task": "GO_NOGO"})}),
                    "BAD_NAME", None)
        self.assertEqual({handle.id for handle in self.lab.jobs()}, before)

    def test_a_request_id_takes_one_body_only(self):
        self.lab.quality(matrix=SYMMETRIC, labels=LABELS, request_id="r1")
        self.refuse(lambda: self.lab.quality(
            matrix=SYMMETRIC, labels=LABELS, gamma=2, request_id="r1"),
            "REQUEST_ID_REUSED", None)

    def test_another_jobs_bad_values_fail_with_the_same_reason(self):
        random = numpy.random.default_rng(2)
        made = self.lab.partition(activity=random.standard_normal((50, 6)),
                                  runs=2)
        needs = self.lab.quality(matrix=made["similarity"], labels=made,
                                 quality="MODULARITY")
        with self.assertRaises(modbound.JobFailed) as caught:
            needs.wait()
        self.assertEqual(caught.exception.reason, "NEGATIVE_WEIGHT")
        self.assertEqual(caught.exception.field, "inputs.matrix")

    def cli_refuses(self, *arguments, spec, word):
        done = self.server.cli(*arguments, spec=spec, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        lines = done.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn(word, lines[0])

    def test_the_cli_says_it_in_one_line_and_exits_two(self):
        matrix = os.path.join(self.out, "matrix.npy")
        labels = os.path.join(self.out, "labels.npy")
        numpy.save(matrix, SYMMETRIC)
        numpy.save(labels, LABELS)
        inputs = ["--input", f"matrix={matrix}", "--input", f"labels={labels}"]
        run = ["run", "quality", "--spec", "-", *inputs]
        self.cli_refuses(*run, spec={"gama": 1}, word="gamma")
        self.cli_refuses(*run, spec={"gamma": 0}, word="gamma")
        self.cli_refuses(*run, spec={"quality": "MODULARTY"}, word="MODULARTY")
        self.cli_refuses(*run, spec={"quality": "MODULARITY"}, word="below 0")
        self.cli_refuses("run", "qualty", "--spec", "-", spec={},
                         word="quality")
        self.cli_refuses(*run, "--input", f"extra={labels}", spec={},
                         word="extra")
        self.cli_refuses("run", "quality", "--spec", "-", *inputs[:2], spec={},
                         word="labels")
        self.cli_refuses("run", "quality", "--spec", "-", *inputs[:2], "--from",
                         "labels=nojob", spec={}, word="nojob")
        self.cli_refuses("run", "quality", "--spec", "-", *inputs[:2],
                         "--input", "labels=/nowhere.npy", spec={},
                         word="/nowhere.npy")


if __name__ == "__main__":
    unittest.main()
