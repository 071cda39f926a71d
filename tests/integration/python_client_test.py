"""The Python client, blocking and async, on a real server."""

import asyncio
import pickle
import unittest

import numpy

import every_kind
import modbound
import modbound.aio
from service import ServiceTest

TASK = "PERCEPTUAL_DECISION_MAKING"


class PythonClientTest(ServiceTest):

    def test_the_readme_example_works(self):
        net = self.lab.train(task=TASK, model={"hidden_size": 20}, seed=1,
                             max_steps=100)
        act = self.lab.simulate(network=net, trials=10, seed=2)
        mod = self.lab.partition(activity=act["activity"], runs=10, seed=3)
        mod.wait()
        self.assertEqual(mod.state, "SUCCEEDED")
        labels = mod.arrays["labels"]
        self.assertEqual(labels.dtype, numpy.int32)
        self.assertEqual(labels.shape, (20,))
        self.assertEqual(mod.summary.num_modules, labels.max() + 1)
        self.assertEqual(act.arrays["activity"].shape, (220, 20))
        numpy.testing.assert_array_equal(mod.inputs["activity"],
                                         act.arrays["activity"])
        by_hand = self.lab.simulate(
            network={name: net.arrays[name] for name in (
                "w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")},
            task=TASK, trials=10, seed=2)
        self.assertEqual(by_hand.arrays["activity"].tobytes(),
                         act.arrays["activity"].tobytes())

    def test_a_job_gives_variables_of_any_number(self):
        net = self.lab.train(task=TASK, model={"hidden_size": 12}, max_steps=20)
        act = self.lab.simulate(network=net, trials=5)
        mod = self.lab.partition(activity=act, runs=5)
        found = self.lab.selectivity(activity=act, labels=mod, variables=act)
        self.assertIn("cumulative_inputs", found.summary.variables)

    def test_several_tasks_with_trials_of_random_lengths(self):
        # All submitted at once: the steps of a run are not known before it.
        net = self.lab.train(
            tasks=["GO_NOGO", {"name": "CONTEXT_DECISION_MAKING"}],
            model={"hidden_size": 12}, max_steps=20, eval_trials=50)
        act = self.lab.simulate(network=net, trials=30)
        mod = self.lab.partition(activity=act, runs=5)
        found = self.lab.selectivity(activity=act, labels=mod, variables=act)
        self.assertIn("cumulative_means_1", found.summary.variables)
        self.assertIn("cue", found.summary.variables)
        context = act.arrays["context"]
        self.assertEqual(set(context), {0, 1})
        steps = numpy.bincount(act.arrays["trial"])
        # GO_NOGO has 15 steps; the delays of the other differ.
        self.assertEqual(set(steps[context == 0]), {15})
        self.assertGreater(len(set(steps[context == 1])), 2)
        self.assertEqual(act.arrays["activity"].shape, (steps.sum(), 12))

    def test_large_arrays_go_up_and_come_back_unchanged(self):
        random = numpy.random.default_rng(3)
        matrix = random.standard_normal((700, 700)).astype("f4")
        matrix = matrix + matrix.T
        sent = self.lab.upload(matrix)
        self.assertEqual(self.lab.upload(matrix).digest, sent.digest)
        job = self.lab.quality(matrix=sent, labels=numpy.arange(700) % 3)
        self.assertEqual(job.inputs["matrix"].tobytes(), matrix.tobytes())
        self.assertEqual(job.arrays["quality"].shape, (1,))

    def test_progress_comes_and_events_are_in_order(self):
        job = self.lab.train(task=TASK, max_steps=400, target_accuracy=1)
        events = list(job.watch())
        self.assertEqual(events[-1].state, "SUCCEEDED")
        numbers = [event.sequence for event in events]
        self.assertEqual(numbers, sorted(numbers))
        fractions = [event.progress.fraction for event in events
                     if event.progress is not None]
        self.assertTrue(fractions)
        self.assertEqual(fractions, sorted(fractions))

    def test_jobs_are_found_by_label_kind_and_state(self):
        first = self.lab.quality(matrix=numpy.eye(3), labels=[0, 0, 1],
                                 keep_diagonal=True,
                                 job_labels={"figure": "3b"}).wait()
        for _ in range(3):
            self.lab.quality(matrix=numpy.eye(3), labels=[0, 0, 1],
                             keep_diagonal=True).wait()
        found = list(self.lab.jobs("SUCCEEDED", "quality", {"figure": "3b"}))
        self.assertEqual(found, [first])
        self.assertEqual(found[0].job.labels.figure, "3b")
        copy = pickle.loads(pickle.dumps(first))
        self.addCleanup(copy._lab.close)
        self.assertEqual(copy.summary, first.summary)
        first.delete()
        with self.assertRaises(modbound.NotFound):
            self.lab.job(first.id)

    def test_every_kind_runs_and_has_the_outputs_it_announces(self):
        kinds = self.lab.kinds()
        handles = self.lab.run_graph(every_kind.graph(max_steps=60))
        for name, handle in handles.items():
            with self.subTest(job=name):
                handle.wait()
                self.assertEqual(handle.node, name)
                announced = {out.name for out in kinds[handle.kind].outputs}
                for output in handle.job.outputs:
                    prefix = output.rpartition("/")[0]
                    self.assertTrue({output, f"{prefix}/*"} & announced, output)
                for output, array in handle.arrays.items():
                    described = handle.job.outputs[output]
                    self.assertEqual(list(array.shape), described.shape)
                    self.assertEqual(len(described.axes), array.ndim, output)

    def test_info_tells_of_the_server(self):
        info = self.lab.info()
        self.assertEqual(info.cores, self.server.cores)
        self.assertEqual(info.owner, "local")

    def test_the_async_twin_runs_a_chain(self):
        async def use():
            async with modbound.aio.connect(self.server.address) as lab:
                net = await lab.train(task=TASK, model={"hidden_size": 12},
                                      max_steps=20)
                act = await lab.simulate(network=net, trials=5)
                seen = [event.state async for event in act.watch()]
                await act.wait()
                activity = await act.array("activity")
                listed = [job async for job in lab.jobs(kinds="simulate")]
                self.assertEqual([job.summary for job in listed
                                  if job.id == act.id], [act.summary])
                self.assertIsNotNone(act.summary.accuracy_all)
                with self.assertRaises(modbound.InvalidArgument):
                    await lab.simulate(network=net, trials=0)
                return seen, activity.shape

        seen, shape = asyncio.run(use())
        self.assertEqual(seen[-1], "SUCCEEDED")
        self.assertEqual(shape, (110, 12))


if __name__ == "__main__":
    unittest.main()
