"""The main job, from the graph file, from Python and from the shell.

MODBOUND_SEEDS sets how many seeds of the default training must reach its target
(default 3; the bar is 9 of 10).
"""

import json
import math
import os
import subprocess
import time
import unittest

import numpy

from service import BIN, SOURCE, TIME_FACTOR, ServiceTest, comparable, digests

EXAMPLES = os.path.join(SOURCE, "client", "examples")
NODES = ("train", "simulate", "partition", "jacobian_similarity", "selectivity",
         "output_lesion", "lesion_similarity", "reduce")


class MainJobTest(ServiceTest):

    def run_example(self, *arguments):
        # As a user would: nothing of ours in the path but the programs.
        environment = {**os.environ, "MODBOUND_SERVER": self.server.address}
        del environment["PYTHONPATH"]
        done = subprocess.run(
            arguments, check=False, capture_output=True, text=True,
            timeout=300 * TIME_FACTOR, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def summary(self, folder, node):
        with open(os.path.join(folder, node, "summary.json"),
                  encoding="utf-8") as file:
            return json.load(file)

    def test_three_ways_to_run_it_find_the_same(self):
        graph = os.path.join(self.out, "graph")
        python = os.path.join(self.out, "python")
        shell = os.path.join(self.out, "shell")
        begin = time.monotonic()
        self.run_example(os.path.join(BIN, "modbound"), "run-graph",
                         os.path.join(EXAMPLES, "main_job.json"), "--out",
                         graph)
        self.assertLess(time.monotonic() - begin, 60 * TIME_FACTOR)
        self.run_example(os.path.join(EXAMPLES, "main_job.py"), python)
        self.run_example(os.path.join(EXAMPLES, "main_job.sh"), shell)
        for node in NODES:
            names = sorted(
                os.path.relpath(os.path.join(base, name), graph)
                for base, _, files in os.walk(os.path.join(graph, node))
                for name in files if name.endswith(".npy"))
            self.assertTrue(names, node)
            for name in names:
                first = numpy.load(os.path.join(graph, name))
                for other in (python, shell):
                    with self.subTest(array=name, other=other):
                        found = numpy.load(os.path.join(other, name))
                        self.assertEqual(first.tobytes(), found.tobytes())
        self.check_findings(graph)
        table = self.run_example(
            os.path.join(EXAMPLES, "main_job_table.py"), graph)
        for words in ("Accuracy (non-zero coherence)", "Silent units",
                      "Modules", "step", "flow", "weights", "Lesion similarity"):
            self.assertIn(words, table)

    def check_findings(self, folder):
        """What the paper says of such networks, at the least."""
        train = self.summary(folder, "train")
        self.assertEqual(train["stop_reason"], "TARGET_REACHED")
        self.assertGreaterEqual(train["accuracy"], 0.95)
        partition = self.summary(folder, "partition")
        self.assertGreaterEqual(int(partition["num_modules"]), 2)
        self.assertGreater(partition["quality"], 0.1)
        jacobian = self.summary(folder, "jacobian_similarity")
        for name in ("step", "flow", "weights"):
            self.assertLess(abs(jacobian[name]["r"]), 1)
            self.assertGreater(jacobian[name]["induced_p"], 0)
        lesion = self.summary(folder, "output_lesion")
        self.assertEqual(len(lesion["modules"]),
                         int(partition["num_modules"]))
        self.assertTrue(math.isfinite(
            self.summary(folder, "lesion_similarity")["r"]))

    def test_the_default_training_reaches_its_target(self):
        seeds = int(os.environ.get("MODBOUND_SEEDS", "3"))
        handles = [self.lab.train(task="PERCEPTUAL_DECISION_MAKING", seed=seed)
                   for seed in range(seeds)]
        # What a network reaches on trials that had no say in when its training
        # stopped.
        trials = [self.lab.simulate(network=handle, trials=2000, seed=1000 + seed)
                  for seed, handle in enumerate(handles)]
        accuracies = [(handle.summary.accuracy, other.summary.accuracy)
                      for handle, other in zip(handles, trials)]
        for which in (0, 1):
            reached = sum(pair[which] >= 0.95 for pair in accuracies)
            self.assertGreaterEqual(reached, math.ceil(0.9 * seeds), accuracies)

    def test_the_same_job_again_is_the_same(self):
        keywords = dict(task="GO_NOGO", model={"hidden_size": 16}, max_steps=50,
                        target_accuracy=1, seed=9)
        first = self.lab.train(**keywords).wait()
        second = self.lab.train(**keywords, no_cache=True).wait()
        self.assertNotEqual(first.id, second.id)
        self.assertEqual(digests(first), digests(second))
        self.assertEqual(comparable(first.summary), comparable(second.summary))


if __name__ == "__main__":
    unittest.main()
