"""One request id from a hundred clients at once is one job, also when the
server dies and comes back among them; with another body it is refused."""

import random
import threading
import time
import unittest
from unittest import mock

import numpy

import modbound
from modbound import calls
from service import TIME_FACTOR, Server

from fault_row import LONG, fault_row

CLIENTS = 100
ROUNDS = 20 if LONG else 2
SEED = 15


class RequestIdTest(unittest.TestCase):

    def setUp(self):
        # A restart on a busy machine may take longer than a person would wait.
        patience = mock.patch.object(calls, "CALL_PATIENCE", 300)
        patience.start()
        self.addCleanup(patience.stop)
        self.server = Server()
        self.addCleanup(self.server.close)
        self.labs = [self.server.lab() for _ in range(CLIENTS)]
        for lab in self.labs:
            self.addCleanup(lab.close)
            lab.kinds()  # connected

    def all_at_once(self, request_id, gammas, meanwhile=lambda: None):
        """What became of a submit of each client: a job's id or an error."""
        matrix = numpy.eye(12)[::-1] + 1
        ready = threading.Barrier(CLIENTS + 1)
        found = [None] * CLIENTS

        def submit(number):
            ready.wait()
            try:
                found[number] = self.labs[number].quality(
                    matrix=matrix, labels=[0, 1] * 6, gamma=gammas[number],
                    request_id=request_id).id
            except modbound.Error as error:
                found[number] = error

        threads = [threading.Thread(target=submit, args=(number,), daemon=True)
                   for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        ready.wait()
        meanwhile()
        for thread in threads:
            thread.join()
        return found

    def test_a_hundred_submits_are_one_job(self):
        print(f"seed {SEED}")
        moments = random.Random(SEED)

        def restart():
            time.sleep(moments.uniform(0, 0.1) * TIME_FACTOR)
            self.server.kill()
            self.server.start()

        other = [1 + (number + 1) / CLIENTS for number in range(CLIENTS)]
        jobs = set()
        for number in range(ROUNDS):
            request_id = f"round {number}"
            # Every second time the server dies among them.
            ids = set(self.all_at_once(request_id, [1] * CLIENTS,
                                       restart if number % 2 else time.time))
            self.assertEqual(len(ids), 1, ids)
            jobs |= ids
            refused = self.all_at_once(request_id, other)
            self.assertEqual({getattr(error, "reason", error)
                              for error in refused}, {"REQUEST_ID_REUSED"})
            restart()
            self.assertEqual(
                set(self.all_at_once(request_id, [1] * CLIENTS)), ids)
        self.assertEqual(len(jobs), ROUNDS)
        self.assertEqual({handle.id for handle in self.labs[0].jobs()}, jobs)
        fault_row(15, f"{ROUNDS} request ids x {CLIENTS} clients at once, "
                      f"{ROUNDS // 2} with a kill among them, and again after "
                      f"a kill: {len(jobs)} jobs; {ROUNDS * CLIENTS} changed "
                      f"bodies, all refused")

    def test_of_different_bodies_at_once_one_is_taken(self):
        gammas = [1 + number / CLIENTS for number in range(CLIENTS)]
        found = self.all_at_once("race", gammas)
        taken = [job for job in found if isinstance(job, str)]
        self.assertEqual(len(taken), 1)
        self.assertEqual([handle.id for handle in self.labs[0].jobs()], taken)
        self.assertEqual({error.reason for error in found
                          if not isinstance(error, str)},
                         {"REQUEST_ID_REUSED"})


if __name__ == "__main__":
    unittest.main()
