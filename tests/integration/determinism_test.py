"""Same spec and seed: same bytes, whatever the number of cores."""

import unittest

import every_kind
from fault_row import fault_row
from service import Server, comparable, digests

# Most threads that the small jobs of every_kind can use; no entry = any number.
MOST_THREADS = {"train": 1, "simulate": 2, "quality": 2}


def with_handles(keywords, handles):
    """Keywords of a node with handles in place of the names of nodes."""
    made = {}
    for key, value in keywords.items():
        name, _, output = value.partition("/") if isinstance(
            value, str) else ("", "", "")
        if name in handles:
            made[key] = handles[name][output] if output else handles[name]
        else:
            made[key] = value
    return made


def results(cores):
    """Node -> (digests, summary) on a fresh server of so many cores.

    One job after the other, so that each is given all the cores it can use:
    beside each other they would have one each.
    """
    server = Server(cores=cores)
    try:
        with server.lab() as lab:
            handles, found, threads = {}, {}, {}
            for name, (kind, keywords) in every_kind.graph().items():
                handle = getattr(lab, kind)(**with_handles(keywords, handles))
                handles[name] = handle.wait()
                found[name] = (digests(handle), comparable(handle.summary))
                threads[name] = handle.job.provenance.threads
            return set(lab.kinds()), found, threads
    finally:
        server.close()


class DeterminismTest(unittest.TestCase):

    def test_one_two_and_four_cores_give_the_same_bytes(self):
        known, alone, threads = results(1)
        kinds = {name: kind for name, (kind, _) in every_kind.graph().items()}
        self.assertEqual(set(kinds.values()), known,
                         "every kind has its row in every_kind")
        self.assertEqual(set(threads.values()), {1})
        for cores in (2, 4):
            _, shared, threads = results(cores)
            for name, (arrays, summary) in alone.items():
                with self.subTest(cores=cores, job=name):
                    most = MOST_THREADS.get(kinds[name], cores)
                    self.assertEqual(threads[name], min(cores, most))
                    self.assertEqual(shared[name][0], arrays)
                    # repr, so that NaN equals NaN.
                    self.assertEqual(repr(shared[name][1]), repr(summary))
        self.assertTrue(any(arrays for arrays, _ in alone.values()))
        fault_row(16, f"{len(alone)} jobs of every kind with --cores 1, 2, 4: "
                  "the same bytes")


if __name__ == "__main__":
    unittest.main()
