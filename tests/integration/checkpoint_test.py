"""Long jobs go on from their checkpoints, whatever interrupts them.

MODBOUND_CHECKPOINT_KILLS sets the number of kills (default 4) of each of the
two long jobs; the long form of the fault tests has 20 rounds of these.
"""

import os
import random
import re
import time
import unittest

import numpy
from fault_row import LONG as LONG_FORM, fault_row
from service import TIME_FACTOR, Golden, Server, comparable, digests

ROUNDS = 20 if LONG_FORM else 1
KILLS = int(os.environ.get("MODBOUND_CHECKPOINT_KILLS", "4"))
# Sanitizers compute so much more slowly that jobs are shorter instead.
PARTITION = {"runs": int(25000 / TIME_FACTOR), "seed": 6}


def training(steps):
    """Evaluated once, at the end: nothing stops it before."""
    return {"task": "PERCEPTUAL_DECISION_MAKING", "max_steps": steps,
            "eval_every": steps, "seed": 5}


# Each 20 s of work and more on one core, and one of a few seconds.
LONG = training(int(25000 / TIME_FACTOR))
SHORT = training(int(6000 / TIME_FACTOR))


def noise(units):
    """A matrix without modules: runs differ, and consensus takes rounds."""
    values = numpy.random.default_rng(7).normal(size=(units, units))
    return values + values.T


def kinds():
    """Kind -> keywords of a job of two seconds and more on one core."""
    network = dict(network=Golden("lesion_similarity_pdm").network,
                   task="PERCEPTUAL_DECISION_MAKING")

    def times(count):
        return int(count / TIME_FACTOR)
    return {
        "induced_quality": dict(
            matrix=noise(300), labels=numpy.arange(300) % 7,
            null_count=times(200000), seed=4),
        "compare_matrices": dict(
            a=noise(300), b=noise(301)[:300, :300], permutations=times(80000),
            seed=5),
        "output_lesion": dict(
            **network, trials=100, labels=numpy.arange(64) % 8,
            repeats=times(1500), controls=10, seed=6),
        "lesion_similarity": dict(
            **network, grid=300, null_count=times(200000), seed=7),
    }


class InterruptedTest(unittest.TestCase):
    """Tests that look at the checkpoints of a server of their own."""

    server = None

    @staticmethod
    def results(handle):
        """All that a job found: arrays by digest, and the summary."""
        handle.wait(timeout=600 * TIME_FACTOR)
        # repr, so that NaN equals NaN.
        return digests(handle), repr(comparable(handle.summary))

    def files(self, handle):
        """Checkpoint files of the attempt that goes on, by their numbers."""
        found = {}
        attempts = os.path.join(self.server.data_dir, "attempts")
        for name in os.listdir(attempts):
            if name.startswith(handle.id + "-"):
                folder = os.path.join(attempts, name, "checkpoint")
                for file in os.listdir(folder):
                    if file.isdigit():
                        found[int(file)] = os.path.join(folder, file)
        return found

    def await_files(self, handle, beyond, count=1):
        """Waits for `count` files of numbers above `beyond`."""
        give_up = time.monotonic() + 120 * TIME_FACTOR
        while not handle.ended and time.monotonic() < give_up:
            try:
                numbers = [number for number in self.files(handle)
                           if number > beyond]
            except FileNotFoundError:  # went while we looked
                continue
            if len(numbers) >= count:
                return max(numbers)
            time.sleep(0.01)
        self.fail(f"job {handle.id} ({handle.state}) wrote no checkpoint")

    def await_no_files(self):
        """The last of an attempt goes just after its end was told."""
        for folder in ("attempts", "checkpoints"):
            path = os.path.join(self.server.data_dir, folder)
            give_up = time.monotonic() + 10 * TIME_FACTOR
            while os.listdir(path) and time.monotonic() < give_up:
                time.sleep(0.01)
            self.assertEqual(os.listdir(path), [])

    def resumed(self, handle):
        """What the log says of the job's attempts: (phase, done) of each."""
        return [(phase, int(done)) for phase, done in re.findall(
            rf'event=resumed job={handle.id} .*phase="(.*)" done=(\d+)',
            self.server.log())]


class CheckpointTest(InterruptedTest):

    @classmethod
    def setUpClass(cls):
        cls.matrix = noise(400)
        server = Server(flags=["--checkpoint_seconds=0"])
        try:
            with server.lab() as lab:
                jobs = {**cls.submit(lab), "short": lab.train(**SHORT)}
                cls.expected = {name: cls.results(handle)
                                for name, handle in jobs.items()}
        finally:
            server.close()

    def setUp(self):
        self.moments = random.Random(21)
        self.server = Server(flags=["--checkpoint_seconds=0.2",
                                    "--max_lost_attempts=0"])
        self.addCleanup(self.server.close)
        self.lab = self.server.lab()
        self.addCleanup(self.lab.close)

    @classmethod
    def submit(cls, lab):
        return {"train": lab.train(**LONG, no_cache=True),
                "partition": lab.partition(matrix=cls.matrix, **PARTITION,
                                           no_cache=True)}

    def test_interrupted_jobs_end_with_the_bytes_of_an_undisturbed_run(self):
        attempts = sum(self.interrupt() for _ in range(ROUNDS))
        fault_row(14, f"{ROUNDS} training(s) and partition(s), {KILLS} kills "
                      f"and a stop each: {attempts} attempts went on from a "
                      "checkpoint, all with the bytes of an undisturbed run")

    def interrupt(self):
        """Two jobs through all kills; attempts that went on."""
        handles = self.submit(self.lab)
        train, partition = handles["train"], handles["partition"]
        number = 0
        for kill in range(KILLS + 1):
            number = self.await_files(train, number)
            time.sleep(self.moments.uniform(0, 0.4))
            if kill == KILLS // 2:
                self.assertEqual(self.server.stop(), 0)
            else:
                self.server.kill()
            self.server.start()
        for name, handle in handles.items():
            self.assertEqual(self.results(handle), self.expected[name], name)
        # Each attempt of the training began beyond the one before.
        steps = [done for _, done in self.resumed(train)]
        self.assertEqual(len(steps), KILLS + 1)
        # One that was killed at once goes on where its last one did.
        self.assertEqual(steps, sorted(steps))
        self.assertGreater(steps[-1], steps[0])
        self.assertGreater(train.job.provenance.resumed_seconds, 0)
        self.assertEqual(train.job.attempts, KILLS + 2)
        # Runs are counted; so are those of a consensus round.
        runs = [done for phase, done in self.resumed(partition)
                if phase == "partitioning"]
        self.assertGreater(len(self.resumed(partition)), 0)
        self.assertEqual(runs, sorted(runs))
        self.await_no_files()
        return len(steps) + len(self.resumed(partition))

    def test_a_damaged_checkpoint_gives_way_to_the_one_before(self):
        train = self.lab.train(**SHORT)
        self.await_files(train, 0, count=2)
        self.server.kill()
        files = self.files(train)
        newest = files[max(files)]
        os.truncate(newest, os.path.getsize(newest) // 2)
        before = max(files) - 1
        self.server.start()
        self.await_files(train, max(files))
        (_, done), = self.resumed(train)
        self.assertGreater(done, 0)
        # Without any that is whole it begins at the beginning.
        self.server.kill()
        files = self.files(train)
        self.assertNotIn(before - 1, files)
        for path in files.values():
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 1]))
        self.server.start()
        self.assertEqual(self.results(train), self.expected["short"])
        self.assertEqual(len(self.resumed(train)), 1)
        self.assertEqual(train.job.provenance.resumed_seconds, 0)

    def test_a_cancelled_job_leaves_no_checkpoint(self):
        train = self.lab.train(**LONG)
        self.await_files(train, 0)
        self.server.kill()
        self.server.start()
        train.cancel()
        with self.assertRaises(Exception):
            train.wait(timeout=60 * TIME_FACTOR)
        self.assertEqual(train.state, "CANCELLED")
        self.await_no_files()


class KindsTest(InterruptedTest):

    def test_each_kind_goes_on_with_the_same_bytes(self):
        # One core, so that none of them is over before it is seen at work.
        server = Server(cores=1, flags=["--checkpoint_seconds=0.05",
                                        "--max_lost_attempts=0"])
        self.addCleanup(server.close)
        self.server = server
        lab = server.lab()
        self.addCleanup(lab.close)
        moments = random.Random(22)
        resumed_seconds = []
        for kind, keywords in kinds().items():
            with self.subTest(kind=kind):
                expected = self.results(
                    getattr(lab, kind)(**keywords, no_cache=True))
                for _ in range(ROUNDS):
                    handle = getattr(lab, kind)(**keywords, no_cache=True)
                    self.await_files(handle, 0)
                    time.sleep(moments.uniform(0, 0.2))
                    server.kill()
                    server.start()
                    self.assertEqual(self.results(handle), expected)
                    # Of large jobs only the log tells: a worker's.
                    done, = re.findall(r"goes on from a checkpoint: .*, (\d+) "
                                       "done", "\n".join(handle.logs()))
                    self.assertGreater(int(done), 0)
                    self.assertEqual(handle.job.attempts, 2)
                    resumed = handle.job.provenance.resumed_seconds
                    self.assertGreater(resumed, 0)
                    resumed_seconds.append(resumed)
        self.await_no_files()
        fault_row(14, f"{', '.join(kinds())}: {len(resumed_seconds)} of "
                      f"{len(kinds()) * ROUNDS} killed in the middle went on "
                      f"({min(resumed_seconds):.2f} s of work and more not "
                      "done twice), with the bytes of an undisturbed run")


if __name__ == "__main__":
    unittest.main()
