"""Same spec and seed: same bytes, whatever the number of cores."""

import unittest

import every_kind
from service import Server, comparable, digests


def results(cores):
    """Node -> (digests, summary) on a fresh server of so many cores."""
    server = Server(cores=cores)
    try:
        with server.lab() as lab:
            known = set(lab.kinds())
            handles = lab.run_graph(every_kind.graph())
            found = {name: (digests(handle.wait()), comparable(handle.summary))
                     for name, handle in handles.items()}
            return known, found
    finally:
        server.close()


class DeterminismTest(unittest.TestCase):

    def test_one_two_and_four_cores_give_the_same_bytes(self):
        known, alone = results(1)
        kinds = {kind for kind, _ in every_kind.graph().values()}
        self.assertEqual(kinds, known, "every kind has its row in every_kind")
        for cores in (2, 4):
            _, shared = results(cores)
            for name, (arrays, summary) in alone.items():
                with self.subTest(cores=cores, job=name):
                    self.assertEqual(shared[name][0], arrays)
                    # repr, so that NaN equals NaN.
                    self.assertEqual(repr(shared[name][1]), repr(summary))
        self.assertTrue(any(arrays for arrays, _ in alone.values()))


if __name__ == "__main__":
    unittest.main()
