"""Arrays of results that were damaged or lost on the disk: never served, and
an equal job is run again instead of being answered from the cache."""

import os
import random
import unittest

import numpy

import modbound
from fault_row import LONG, fault_row
from service import ServiceTest, digests

SEED = 9
JOBS = 200 if LONG else 12
# Jobs that lose an array.
SHARE = 0.05 if LONG else 0.5


def flip(path, choice):
    at = choice.randrange(os.path.getsize(path))
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << choice.randrange(8)]))


def cut(path, choice):
    os.truncate(path, choice.randrange(os.path.getsize(path)))


def remove(path, _):
    os.remove(path)


class DamagedBlobTest(ServiceTest):

    def job(self, number):
        noise = numpy.random.default_rng(number).standard_normal((130, 200))
        return self.lab.partition(matrix=numpy.corrcoef(noise), runs=2,
                                  seed=number)

    def test_no_wrong_bytes_come_from_the_cache(self):
        choice = random.Random(SEED)
        jobs = [self.job(number).wait() for number in range(JOBS)]
        kept = [job.arrays["agreement"].tobytes() for job in jobs]
        ways = [flip, cut, remove]
        damaged = {}
        for number in choice.sample(range(JOBS), round(JOBS * SHARE)):
            digest = digests(jobs[number])["agreement"]
            path = os.path.join(self.server.data_dir, "artifacts", digest[:2],
                                digest)
            os.chmod(path, 0o600)
            damaged[number] = ways[len(damaged) % len(ways)]
            damaged[number](path, choice)
        told = 0
        for number in damaged:
            with self.assertRaises(modbound.errors.DataLoss,
                                   msg=(SEED, number)):
                _ = jobs[number].arrays["agreement"]
            told += 1
        hits, again = 0, 0
        for number, job in enumerate(jobs):
            repeated = self.job(number).wait()
            where = (SEED, number, damaged.get(number))
            self.assertEqual(digests(repeated), digests(job), where)
            self.assertEqual(repeated.job.cache_info.hit,
                             number not in damaged, where)
            hits += number not in damaged
            again += number in damaged
            for each in (repeated, job):
                self.assertEqual(each.arrays["agreement"].tobytes(),
                                 kept[number], where)
        fault_row(9, (
            f"{len(damaged)} arrays of {JOBS} jobs damaged, cut or removed: "
            f"{told} told at a download, {again} run again, {hits} of {hits} "
            "others answered from the cache, 0 wrong bytes"))


if __name__ == "__main__":
    unittest.main()
