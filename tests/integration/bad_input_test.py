"""Bad input is refused at submit with its reason and field; nothing stays."""

import json
import os
import re
import unittest

import numpy

import modbound
from service import Golden, ServiceTest

SYMMETRIC = numpy.array([[0, 0.5, -0.2], [0.5, 0, 0.1], [-0.2, 0.1, 0]])
LABELS = numpy.array([0, 0, 1])
PDM = {"name": "PERCEPTUAL_DECISION_MAKING"}


def changed(row, column, value):
    matrix = SYMMETRIC.copy()
    matrix[row, column] = matrix[column, row] = value
    return matrix


def asymmetric():
    matrix = SYMMETRIC.copy()
    matrix[0, 1] = 0.9
    return matrix


TRAIN = {"spec": {"train": {"task": {"name": "GO_NOGO"}}}}


def taking(kind, name, job, output=""):
    """A job whose input `name` is of another one."""
    return {"spec": {kind: {}},
            "inputs": {name: {"output": {"job": job, "output": output}}}}


# (nodes, reason, field, what the message says was given, and what is allowed)
REFUSED_GRAPHS = [
    ([("a", taking("simulate", "network", "b")),
      ("b", taking("simulate", "network", "a"))], "CYCLE",
     "nodes[0].job.inputs", "in a circle: a needs b needs a"),
    ([("a", taking("simulate", "network", "a"))], "CYCLE",
     "nodes[0].job.inputs", "in a circle: a needs a"),
    ([("a", TRAIN), ("b", taking("reduce", "activity", "c"))], "JOB_NOT_FOUND",
     "nodes[1].job.inputs.activity", 'no job "c"', "the id of a job of yours, "
     "or the name of another node"),
    ([("a", TRAIN), ("b", taking("quality", "matrix", "a", "nothing"))],
     "OUTPUT_NOT_FOUND", "nodes[1].job.inputs.matrix",
     'node "a" makes no output "nothing"', "it makes ", "w_rec"),
    ([("a b", TRAIN)], "BAD_NAME", "nodes[0].name", "a b", "allowed"),
    ([("a", TRAIN), ("a", TRAIN)], "BAD_NAME", "nodes[1].name", '"a"',
     "which an earlier node has already"),
]

# (kind, keywords, reason, field, what the message says was given, and what is
# allowed)
REFUSED = [
    ("quality", dict(matrix=SYMMETRIC[:2], labels=LABELS), "WRONG_SHAPE",
     "inputs.matrix", "shape (2, 3)", "expected (N, N)"),
    ("quality", dict(matrix=SYMMETRIC.reshape(-1), labels=LABELS),
     "WRONG_SHAPE", "inputs.matrix", "shape (9)", "allowed: (N, N)"),
    ("quality", dict(matrix=SYMMETRIC, labels=[0, 1]), "WRONG_SHAPE",
     "inputs.labels", "shape (2)", "N = 3 as in inputs.matrix"),
    ("quality", dict(matrix=SYMMETRIC, labels=[0, 1, -2]), "BAD_LABELS",
     "inputs.labels", "found -2 to 1", "from -1 (excluded) to 999999"),
    ("quality", dict(matrix=SYMMETRIC, labels=[0, 0.5, 1]), "BAD_LABELS",
     "inputs.labels", "not all whole", "must be whole numbers"),
    ("quality", dict(labels=LABELS), "MISSING_FIELD", "inputs.matrix",
     "is missing", "needs it as an array (N, N)"),
    ("quality", dict(matrix=SYMMETRIC, labels=LABELS, gamma=0), "OUT_OF_RANGE",
     "spec.quality.gamma", "is 0", "> 0, <= 1e+06"),
    ("quality", dict(matrix=SYMMETRIC, labels=LABELS, gamma=float("nan")),
     "OUT_OF_RANGE", "spec.quality.gamma", "is nan", "> 0, <= 1e+06"),
    ("quality", dict(matrix=changed(0, 1, numpy.nan), labels=LABELS),
     "NOT_FINITE", "inputs.matrix",
     "NaN or infinity, first at row-major index 1", "must be finite"),
    ("quality", dict(matrix=changed(1, 2, numpy.inf), labels=LABELS),
     "NOT_FINITE", "inputs.matrix",
     "NaN or infinity, first at row-major index 5", "must be finite"),
    ("quality", dict(matrix=asymmetric(), labels=LABELS), "NOT_SYMMETRIC",
     "inputs.matrix", "(0, 1) and its mirror differ by 0.4",
     "allowed 1.27898e-14"),
    ("quality", dict(matrix=SYMMETRIC, labels=LABELS, quality="MODULARITY"),
     "NEGATIVE_WEIGHT", "inputs.matrix", "a weight of -0.2",
     "MODULARITY takes none below 0"),
    ("quality", dict(matrix=abs(SYMMETRIC), labels=LABELS, quality="POTTS"),
     "NOT_BINARY", "inputs.matrix", "from 0 to 0.5", "POTTS takes 0 and 1"),
    ("partition", dict(matrix=asymmetric()), "NOT_SYMMETRIC", "inputs.matrix",
     "(0, 1) and its mirror differ by 0.4", "allowed 1.27898e-14"),
    ("partition", dict(matrix=SYMMETRIC, runs=0), "OUT_OF_RANGE",
     "spec.partition.runs", "is 0", ">= 1, <= 100000"),
    ("partition", dict(matrix=SYMMETRIC, runs=10**6), "OUT_OF_RANGE",
     "spec.partition.runs", "is 1e+06", ">= 1, <= 100000"),
    ("partition", dict(), "MISSING_FIELD", "inputs.matrix",
     "neither matrix nor activity is given", "one of them must be"),
    ("train", dict(), "MISSING_FIELD", "spec.train.task", "is missing",
     "give task, or one or more tasks"),
    ("train", dict(task=PDM, tasks=[PDM]), "CONTRADICTION",
     "spec.train.tasks", "both set", "allowed: one of them"),
    ("train", dict(tasks=[PDM, {"name": "GO_NOGO", "delay_ms": -1}]),
     "OUT_OF_RANGE", "spec.train.tasks[1].delay_ms", "is -1", ">= 0"),
    ("train", dict(task={"name": "READY_SET_GO"}), "OUT_OF_RANGE",
     "spec.train.task.ready_ms", "is 83", "at least one step of dt = 100 ms"),
    ("train", dict(task={"name": "GO_NOGO", "random": [
        {"period": "DELAY", "uniform": {"min_ms": 9, "max_ms": 5}}]}),
     "OUT_OF_RANGE", "spec.train.task.random", "min 9 above max 5",
     "min <= max"),
    ("train", dict(task={"name": "GO_NOGO", "random": [
        {"period": "DELAY", "choice": {}}]}), "OUT_OF_RANGE",
     "spec.train.task.random", "no choices", "at least one"),
    ("train", dict(task=PDM, batch_size=0), "OUT_OF_RANGE",
     "spec.train.batch_size", "is 0", ">= 1, <= 4096"),
    ("train", dict(task=PDM, model={"hidden_size": 0}), "OUT_OF_RANGE",
     "spec.train.model.hidden_size", "is 0", ">= 1, <= 8192"),
    ("train", dict(task=PDM, model={"dt": 200, "tau": 100}), "CONTRADICTION",
     "spec.train.model.dt", "is 200 ms", "allowed: dt <= tau"),
    ("train", dict(task={"name": "GO_NOGO", "sigma": 1.5}), "OUT_OF_RANGE",
     "spec.train.task.sigma", "is 1.5", "GO_NOGO has no such field"),
    ("train", dict(task={"name": "GO_NOGO", "coherences": [7, 8]}),
     "OUT_OF_RANGE", "spec.train.task.coherences", "has 2 elements",
     "GO_NOGO has no such field"),
    ("train", dict(task={**PDM, "coherences": [50, 150]}), "OUT_OF_RANGE",
     "spec.train.task.coherences[1]", "is 150", ">= 0, <= 100"),
    ("train", dict(task={**PDM, "stimulus_ms": 0}), "OUT_OF_RANGE",
     "spec.train.task.stimulus_ms", "is 0", "at least one step of dt = 100 ms"),
    ("compare_partitions", dict(labels=numpy.zeros((0, 5), "i4")),
     "WRONG_SHAPE", "inputs.labels", "shape (0, 5)", "must not be empty"),
    ("simulate", dict(network="no-such-job"), "JOB_NOT_FOUND",
     "inputs.network", '"no-such-job"', "no job"),
]


class BadInputTest(ServiceTest):

    def refuse(self, run, reason, field, *words):
        """The error that run() raises, whose message has these words."""
        with self.assertRaises(modbound.Error) as caught:
            run()
        error = caught.exception
        if reason is not None:
            self.assertEqual(error.reason, reason, error)
        if field is not None:
            self.assertEqual(error.field, field, error)
        self.assertIn(error.code, ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED",
                                   "NOT_FOUND"))
        self.assertTrue(error.message)
        self.assertNotIn("\n", error.message)
        for word in words:
            self.assertIn(word, error.message)
        return error

    def refuse_everywhere(self, kind, keywords, reason, field, *words):
        """The error of Python, which the CLI prints."""
        error = self.refuse(lambda: getattr(self.lab, kind)(**keywords),
                            reason, field, *words)
        options, spec = [], {}
        for name, value in keywords.items():
            if name == "network":
                options += ["--from", f"network={value}"]
            elif name in ("matrix", "labels"):
                path = os.path.join(self.out, f"{name}.npy")
                numpy.save(path, value)
                options += ["--input", f"{name}={path}"]
            else:  # JSON has no number NaN
                spec[name] = "NaN" if str(value) == "nan" else value
        self.cli_refuses("run", kind, "--spec", "-", *options, spec=spec,
                         words=[f"error: {error.message} [{reason} {field}]"])
        return error

    def test_each_fault_is_refused_by_reason_field_value_and_range(self):
        before = {handle.id for handle in self.lab.jobs()}
        for kind, keywords, *expected in REFUSED:
            with self.subTest(kind=kind, expected=expected):
                self.refuse_everywhere(kind, keywords, *expected)
        self.assertEqual({handle.id for handle in self.lab.jobs()}, before)

    def test_a_job_beyond_the_memory_limit_is_told_both_sizes(self):
        units, batch_size, seq_len = 8192, 4096, 100000
        error = self.refuse_everywhere(
            "train", dict(task=PDM, model={"hidden_size": units},
                          batch_size=batch_size, seq_len=seq_len),
            "MEMORY_LIMIT", "spec", "bytes; allowed: ")
        self.assertEqual(error.code, "RESOURCE_EXHAUSTED")
        needed, allowed = map(int, re.findall(r"\d+", error.message))
        # The states of all steps alone, in float32.
        self.assertGreater(needed, 4 * units * batch_size * seq_len)
        self.assertEqual(allowed, int(self.lab.info().memory_limit_bytes))

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

    def test_graphs_are_refused_by_field_value_and_what_is_allowed(self):
        before = {handle.id for handle in self.lab.jobs()}
        path = os.path.join(self.out, "graph.json")
        out = os.path.join(self.out, "deep", "results")
        for nodes, reason, field, *words in REFUSED_GRAPHS:
            with self.subTest(reason=reason, field=field):
                with open(path, "w", encoding="utf-8") as file:
                    json.dump({"nodes": [
                        {"name": name, "job": job} for name, job in nodes]},
                        file)
                self.cli_refuses("run-graph", path, "--out", out, spec=None,
                                 words=[f"[{reason} {field}]", *words])
                self.assertFalse(os.path.exists(os.path.dirname(out)))
        self.refuse(lambda: self.lab.run_graph(
            {"a": ("simulate", {"network": "b"}),
             "b": ("simulate", {"network": "a"})}),
            "CYCLE", "nodes[0].job.inputs")
        self.assertEqual({handle.id for handle in self.lab.jobs()}, before)

    def test_a_refused_job_leaves_no_folder(self):
        out = os.path.join(self.out, "deep", "results")
        spec = {"task": PDM, "batch_size": 0}
        self.cli_refuses("run", "train", "--spec", "-", "--out", out, spec=spec,
                         words=["spec.train.batch_size is 0"])
        self.assertFalse(os.path.exists(os.path.dirname(out)))
        os.makedirs(out)
        self.cli_refuses("run", "train", "--spec", "-", "--out", out, spec=spec,
                         words=["spec.train.batch_size is 0"])
        self.assertTrue(os.path.exists(out))

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

    def cli_refuses(self, *arguments, spec, words):
        done = self.server.cli(*arguments, spec=spec, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        line, = done.stderr.splitlines()
        for word in words:
            self.assertIn(word, line)

    def test_the_cli_says_it_in_one_line_and_exits_two(self):
        matrix = os.path.join(self.out, "matrix.npy")
        labels = os.path.join(self.out, "labels.npy")
        numpy.save(matrix, SYMMETRIC)
        numpy.save(labels, LABELS)
        inputs = ["--input", f"matrix={matrix}", "--input", f"labels={labels}"]
        run = ["run", "quality", "--spec", "-", *inputs]
        self.cli_refuses(*run, spec={"gama": 1},
                         words=['no field "gama"', "nearest: gamma"])
        self.cli_refuses(*run, spec={"gamma": "big"},
                         words=['spec.quality.gamma is "big"', "a number"])
        self.cli_refuses(*run, spec={"quality": "MODULARTY"}, words=[
            'spec.quality.quality is "MODULARTY"',
            "one of NEGATIVE_ASYM, NEGATIVE_SYM, MODULARITY, POTTS, UNIFORM, "
            "CUSTOM"])
        self.cli_refuses("run", "partition", "--spec", "-", *inputs[:2],
                         spec={"runs": 1.5}, words=[
                             "spec.partition.runs is 1.5", "a whole number"])
        self.cli_refuses("run", "qualty", "--spec", "-", spec={},
                         words=['no kind "qualty"', "nearest: quality"])
        self.cli_refuses(*run, "--input", f"extra={labels}", spec={}, words=[
            'no input "extra"', "allowed: matrix, labels, null_matrix"])
        self.cli_refuses("run", "quality", "--spec", "-", *inputs[:2], spec={},
                         words=["inputs.labels is missing", "array (P, N)"])
        self.cli_refuses("run", "quality", "--spec", "-", *inputs[:2], "--from",
                         "labels=nojob", spec={},
                         words=['inputs.labels: no job "nojob"'])
        self.cli_refuses("run", "quality", "--spec", "-", *inputs[:2],
                         "--input", "labels=/nowhere.npy", spec={},
                         words=["/nowhere.npy: No such file", "inputs.labels"])


if __name__ == "__main__":
    unittest.main()
