"""Ensembles of networks: trained as one job, analysed by every kind."""

import json
import os
import re
import time
import unittest

import numpy

import modbound
from service import TIME_FACTOR, Server, ServersTest, comparable, digests

PDM = "PERCEPTUAL_DECISION_MAKING"
COUNT = 4
TRAIN = dict(task=PDM, model={"hidden_size": 24}, max_steps=200, eval_every=50,
             eval_trials=200, target_accuracy=.6, seed=7)


def graph():
    """Nodes for Lab.run_graph: an ensemble, and what is asked of it."""
    return {
        "train": ("train", dict(**TRAIN, count=COUNT)),
        "simulate": ("simulate", dict(network="train", trials=30, seed=2)),
        "partition": ("partition", dict(activity="simulate", runs=10, seed=3)),
        "reduce": ("reduce", dict(activity="simulate", labels="partition")),
        "selectivity": ("selectivity", dict(
            activity="simulate", labels="partition", outputs="simulate",
            variables="simulate")),
        "output_lesion": ("output_lesion", dict(
            network="train", labels="partition", trials=50, repeats=3,
            controls=5, ranked_modules="selectivity", seed=4)),
        "lesion_similarity": ("lesion_similarity", dict(
            network="train", activity="simulate", grid=8, null_count=50,
            seed=5)),
        "jacobian_similarity": ("jacobian_similarity", dict(
            network="train", activity="simulate", null_count=50, seed=6)),
        # Partitions of the networks' units, one a network.
        "compare": ("compare_partitions", dict(labels="partition")),
    }


def network_of(arrays, i):
    return {name: arrays[name][i] for name in
            ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")}


class EnsembleTest(ServersTest):

    def same(self, found, expected, what):
        """Bit for bit, NaN equal to itself; beyond `expected` nothing."""
        self.assertEqual(found.dtype, expected.dtype, what)
        corner = found[tuple(slice(extent) for extent in expected.shape)]
        numpy.testing.assert_array_equal(corner, expected, err_msg=what)
        if found.dtype.kind == "f":
            self.assertEqual(numpy.isnan(found).sum(),
                             numpy.isnan(expected).sum() + found.size -
                             expected.size, what)

    def test_a_graph_of_an_ensemble_is_that_of_each_network(self):
        _, lab = self.serve()
        jobs = lab.run_graph(graph())
        for name, job in jobs.items():
            with self.subTest(job=name):
                job.wait(timeout=120 * TIME_FACTOR)
        train = jobs["train"]
        seeds = train.arrays["per_network/seed"]
        self.assertEqual(len(set(seeds)), COUNT)
        self.assertEqual(train.arrays["w_rec"].shape, (COUNT, 24, 24))
        # Network 2, alone from its seed.
        alone = lab.train(**{**TRAIN, "seed": int(seeds[2])}).wait()
        for name in alone.arrays:
            self.same(train.arrays[name][2], alone.arrays[name], name)
        self.assertEqual(train.arrays["per_network/accuracy"][2],
                         alone.summary.accuracy)
        network = network_of(train.arrays, 2)
        chain = {}

        def expect(kind, **keywords):
            ensemble = jobs[kind]
            if "per_network/seed" in ensemble.arrays:
                keywords["seed"] = int(ensemble.arrays["per_network/seed"][2])
            chain[kind] = getattr(lab, kind)(**keywords).wait()
            for name in chain[kind].arrays:
                self.same(ensemble.arrays[name][2], chain[kind].arrays[name],
                          f"{kind} {name}")

        expect("simulate", network=network, task=PDM, trials=30)
        activity = chain["simulate"]["activity"]
        expect("partition", activity=activity, runs=10)
        labels = chain["partition"]["labels"]
        expect("reduce", activity=activity, labels=labels)
        expect("output_lesion", network=network, labels=labels, task=PDM,
               trials=50, repeats=3, controls=5,
               ranked_modules=jobs["selectivity"].arrays["ranked_modules"][2])
        expect("lesion_similarity", network=network, activity=activity,
               task=PDM, grid=8, null_count=50)
        expect("jacobian_similarity", network=network, activity=activity,
               task=PDM, null_count=50)
        self.summaries(jobs)
        self.across_networks(lab, jobs)

    def across_networks(self, lab, jobs):
        """Across networks: of roles, and of any number of two ensembles."""
        lesion = {test.name: test for test in
                  jobs["output_lesion"].summary.ensemble.tests}
        self.assertEqual(set(lesion), {
            f"role_{role}.{what}" for role in (0, 1)
            for what in ("types", "change.0", "change.1")})
        accuracy = numpy.nanmean(jobs["output_lesion"].arrays["accuracy"], -1)
        self.assertEqual(accuracy.shape, (COUNT, 2, 2))
        types = lesion["role_0.types"]
        self.assertAlmostEqual(
            types.estimate, numpy.nanmean(accuracy[:, 0, 0]) -
            numpy.nanmean(accuracy[:, 0, 1]), 12)
        roles = {test.name: test for test in
                 jobs["selectivity"].summary.ensemble.tests}
        self.assertIn("role_0.cumulative_inputs", roles)
        self.assertEqual(jobs["selectivity"].arrays["role_r"].shape,
                         (COUNT, 2, 3))
        # What the summary tests, and one ensemble's number against another's.
        similarity = jobs["jacobian_similarity"]
        told = {scalar.name: scalar for scalar in
                similarity.summary.ensemble.scalars}["step.r"]
        one = lab.statistics(samples=similarity["per_network/step.r"]).wait()
        self.assertEqual(one.summary.t, told.test.t)
        self.assertEqual(one.summary.p, told.test.p)
        both = lab.statistics(samples=similarity["per_network/step.r"],
                              other=similarity["per_network/flow.r"]).wait()
        self.assertEqual(both.summary.test, "STUDENT")
        self.assertEqual(both.summary.df, 2 * COUNT - 2)
        self.assertAlmostEqual(
            both.summary.estimate,
            similarity.summary.step.r - similarity.summary.flow.r, 12)

    def summaries(self, jobs):
        similarity = jobs["jacobian_similarity"]
        summary = similarity.summary
        r = similarity.arrays["per_network/step.r"]
        self.assertAlmostEqual(summary.step.r, r.mean(), 12)
        told = {scalar.name: scalar for scalar in summary.ensemble.scalars}
        self.assertEqual(told["step.r"].n, COUNT)
        self.assertAlmostEqual(told["step.r"].sd, r.std(ddof=1), 12)
        self.assertAlmostEqual(
            told["step.r"].test.t, r.mean() / (r.std(ddof=1) / COUNT ** .5), 9)
        self.assertEqual(told["step.r"].test.df, COUNT - 1)
        self.assertIsNone(told["step.p"].test)
        self.assertEqual(jobs["compare"].arrays["ari"].shape, (COUNT, COUNT))
        self.assertIsNone(jobs["compare"].job.summary.ensemble)

    def test_one_and_two_cores_give_the_same_bytes(self):
        found = []
        for cores in (1, 2):
            server = Server(cores=cores)
            self.addCleanup(server.close)
            lab = server.lab()
            self.addCleanup(lab.close)
            jobs = [lab.train(**TRAIN, count=COUNT).wait()]
            jobs.append(lab.simulate(network=jobs[0], trials=20).wait())
            jobs.append(lab.partition(activity=jobs[1], runs=5).wait())
            found.append([(digests(job), repr(comparable(job.summary)))
                          for job in jobs])
            self.assertEqual(jobs[0].job.provenance.threads, cores)
        self.assertEqual(found[0], found[1])

    def test_the_cli_shows_means_and_the_ensemble(self):
        server, lab = self.serve()
        handle = lab.train(**TRAIN, count=2).wait()
        text = server.cli("get", handle.id).stdout
        self.assertIn("ensemble.networks", text)
        told = json.loads(server.cli("get", handle.id, "--json").stdout)
        self.assertEqual(told["summary"]["ensemble"]["networks"], "2")
        kinds = server.cli("kinds", "train").stdout
        for word in ("count", "share_initial", "per_network/*"):
            self.assertIn(word, kinds)
        again = handle.reproduce().wait()
        self.assertTrue(again.job.reproduction.same)

    def test_a_broken_network_is_named_and_the_rest_analysed(self):
        _, lab = self.serve()
        arrays = dict(lab.train(**TRAIN, count=3).wait().arrays)
        network = {name: arrays[name].copy() for name in
                   network_of(arrays, 0)}
        network["w_rec"][1, 3, 4] = numpy.nan
        job = lab.jacobian_similarity(network=network, task=PDM, trials=10,
                                      null_count=20).wait()
        ensemble = job.summary.ensemble
        self.assertEqual((ensemble.networks, ensemble.failed_networks), (3, 1))
        failure, = ensemble.failures
        self.assertEqual((failure.network, failure.reason, failure.field),
                         (1, "NOT_FINITE", "inputs.w_rec"))
        r = job.arrays["per_network/step.r"]
        numpy.testing.assert_array_equal(numpy.isnan(r), [False, True, False])
        network["w_rec"][:] = numpy.inf
        with self.assertRaises(modbound.JobFailed) as caught:
            lab.jacobian_similarity(network=network, task=PDM).wait()
        self.assertEqual((caught.exception.reason, caught.exception.field),
                         ("NOT_FINITE", "inputs.w_rec"))

    def test_bad_ensembles_are_refused_by_field(self):
        _, lab = self.serve()
        arrays = dict(lab.train(**TRAIN, count=3).wait().arrays)
        network = network_of({name: array[None] for name, array in
                              arrays.items()}, 0)

        def refused(call, **keywords):
            with self.assertRaises(modbound.InvalidArgument) as caught:
                call(**keywords)
            return caught.exception.reason, caught.exception.field

        self.assertEqual(
            refused(lab.simulate, task=PDM,
                    network={**network, "b_in": network["b_in"][:2]}),
            ("WRONG_SHAPE", "inputs.b_in"))
        self.assertEqual(
            refused(lab.simulate, task=PDM,
                    network={**network, "b_in": network["b_in"][0]}),
            ("WRONG_SHAPE", "inputs.b_in"))
        self.assertEqual(
            refused(lab.simulate, task=PDM, network={
                name: array[:0] for name, array in network.items()})[0],
            "WRONG_SHAPE")
        for keywords, field in (({"count": 0}, "count"),
                                ({"count": 10001}, "count"),
                                ({"count": 2, "share_initial": ["w"]},
                                 "share_initial[0]")):
            self.assertEqual(refused(lab.train, **TRAIN, **keywords),
                             ("OUT_OF_RANGE", "spec.train." + field))
        # Sequences run by time are no networks.
        run = lab.simulate(network=network_of(arrays, 0),
                           input_sequence=numpy.ones((7, 5, 3)))
        self.assertEqual(refused(lab.partition, activity=run),
                         ("WRONG_SHAPE", "inputs.activity"))


class InterruptedEnsembleTest(ServersTest):

    # Some 0.2 s a network.
    LONG = dict(task=PDM, model={"hidden_size": 64}, target_accuracy=1,
                max_steps=int(600 / TIME_FACTOR), eval_every=100,
                eval_trials=100, seed=9, count=40, no_cache=True)

    def await_networks(self, handle, least):
        for event in handle.watch():
            progress = event.progress
            if progress is not None and progress.done >= least:
                self.assertEqual(progress.unit, "networks")
                self.assertEqual(progress.total, 40)
                self.assertIn("loss", progress.metrics)
                return progress.done
        self.fail("it ended first")

    def test_a_killed_one_goes_on_and_finished_networks_are_kept(self):
        server, lab = self.serve("--checkpoint_seconds=0.2",
                                 "--max_lost_attempts=0")
        expected = lab.train(**self.LONG).wait(timeout=300 * TIME_FACTOR)
        handle = lab.train(**self.LONG)
        for least in (5, 20):
            self.await_networks(handle, least)
            # A checkpoint of what is done by now.
            time.sleep(0.5)
            server.kill()
            server.start()
        handle.wait(timeout=300 * TIME_FACTOR)
        self.assertEqual(digests(handle), digests(expected))
        self.assertEqual(repr(comparable(handle.summary)),
                         repr(comparable(expected.summary)))
        self.assertEqual(handle.job.attempts, 3)
        resumed = handle.job.provenance.resumed_seconds
        taken = handle.job.provenance.compute_seconds
        # Two kills, the second after half of the networks.
        self.assertGreater(resumed, .3 * (resumed + taken))
        self.assertEqual(len(re.findall(
            rf"event=resumed job={handle.id} ", server.log())), 2)

    def test_cancel_reaches_all_networks(self):
        server, lab = self.serve()
        handle = lab.train(**{**self.LONG, "max_steps": 1000000, "count": 5,
                              "eval_every": 1000000})
        for event in handle.watch():
            if event.progress is not None:
                break
        begin = time.monotonic()
        handle.cancel()
        with self.assertRaises(modbound.JobCancelled):
            handle.wait()
        self.assertLess(time.monotonic() - begin, 2 * TIME_FACTOR)
        attempts = os.path.join(server.data_dir, "attempts")
        give_up = time.monotonic() + 10 * TIME_FACTOR
        while os.listdir(attempts) and time.monotonic() < give_up:
            time.sleep(.01)
        self.assertEqual(os.listdir(attempts), [])


if __name__ == "__main__":
    unittest.main()
