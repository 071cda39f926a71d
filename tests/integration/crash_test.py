"""kill -9 at random moments: nothing lost, nothing twice, the same bytes.

MODBOUND_CRASH_KILLS sets the number of kills (default 5).
"""

import os
import random
import threading
import time
import unittest
from unittest import mock

import every_kind
from modbound import calls
from service import TIME_FACTOR, Server, comparable, digests

KILLS = int(os.environ.get("MODBOUND_CRASH_KILLS", "5"))


class CrashTest(unittest.TestCase):

    def setUp(self):
        # Long enough in training that kills find work under way.
        self.graph = every_kind.graph(max_steps=1500)
        self.moments = random.Random(20)

    def serve(self):
        # The kills here are not the jobs' doing, however many there are.
        server = Server(flags=["--max_lost_attempts=0"])
        self.addCleanup(server.close)
        lab = server.lab()
        self.addCleanup(lab.close)
        return server, lab

    def undisturbed(self):
        _, lab = self.serve()
        handles = lab.run_graph(self.graph)
        return {name: self.results(handle) for name, handle in
                handles.items()}

    def results(self, handle):
        """All that a job found: arrays by digest, and the summary."""
        handle.wait(timeout=300 * TIME_FACTOR)
        # repr, so that NaN equals NaN.
        return digests(handle), repr(comparable(handle.summary))

    def test_every_job_ends_once_with_the_results_of_an_undisturbed_run(self):
        expected = self.undisturbed()
        server, lab = self.serve()
        handles = lab.run_graph(self.graph, request_id="once")
        interrupted = 0
        for _ in range(KILLS):
            time.sleep(self.moments.uniform(0.02, 0.6) * TIME_FACTOR)
            interrupted += any(not handle.ended and handle.state == "RUNNING"
                               for handle in handles.values())
            server.kill()
            server.start()
        self.assertGreater(interrupted, 0, "no kill found work under way")
        for name, handle in handles.items():
            self.assertEqual(self.results(handle), expected[name], name)
        listed = {handle.id for handle in lab.jobs()}
        self.assertEqual(listed, {handle.id for handle in handles.values()})
        again = lab.run_graph(self.graph, request_id="once")
        self.assertEqual({handle.id for handle in again.values()}, listed)
        self.assertEqual(server.stop(), 0)

    def test_a_submit_that_a_crash_cuts_off_is_accepted_once(self):
        server, lab = self.serve()
        accepted = []
        # A restart on a busy machine may take longer than a person would wait.
        patience = mock.patch.object(calls, "CALL_PATIENCE", 60)
        patience.start()
        self.addCleanup(patience.stop)

        def submit():
            accepted.append(lab.run_graph(self.graph))

        for _ in range(3):
            thread = threading.Thread(target=submit)
            thread.start()
            time.sleep(self.moments.uniform(0, 0.03))
            server.kill()
            server.start()
            thread.join()
        self.assertEqual(len(accepted), 3)
        ids = {handle.id for graph in accepted for handle in graph.values()}
        self.assertEqual(len(ids), 3 * len(self.graph))
        self.assertEqual({handle.id for handle in lab.jobs()}, ids)

    def test_a_watcher_sees_every_state_across_a_restart(self):
        server, lab = self.serve()
        handle = lab.run_graph(self.graph)["train"]
        states, numbers = [], []
        for event in handle.watch():
            if event.what != "progress":
                states.append(event.state)
                numbers.append(event.sequence)
            if event.state == "RUNNING" and "killed" not in states:
                states.append("killed")
                server.kill()
                server.start()
        self.assertEqual(states[-1], "SUCCEEDED")
        self.assertGreater(len(states) - 1 - states[::-1].index("RUNNING"),
                           states.index("killed"), "it ran again")
        self.assertEqual(numbers,
                         list(range(numbers[0], numbers[-1] + 1)))


if __name__ == "__main__":
    unittest.main()
