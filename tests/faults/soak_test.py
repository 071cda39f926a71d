"""A long time of mixed work leaves nothing behind in the server.

Submits of all light kinds, watches, cancels, deletes, uploads, downloads,
lists, backups. One server runs jobs as it likes, a second one each in a worker
process, with a client whose connections go by a proxy. Both are killed now and
then in the first part, which also warms them up; in the second they stay, and
their memory, threads and descriptors are sampled while connections are cut,
workers killed and requests sent that are none. All jobs are deleted as they get
old, so that what is kept does not grow either.
"""

import collections
import os
import random
import shutil
import signal
import threading
import time
import unittest

import numpy

import every_kind
import light_jobs
import measure
import modbound
import proxy
import raw_calls
from fault_row import LONG, fault_row
from service import (KEPT_MIB, TIME_FACTOR, Server, children, modboundd,
                     verify)

SECONDS = float(os.environ.get("MODBOUND_SOAK_SECONDS",
                               "2700" if LONG else "20"))
# The part in which it is killed and gets warm.
WARM = SECONDS * 10 / 45 if LONG else SECONDS / 3
KILL_EVERY = WARM / 4
WORKERS = 4
# Between a cut, a killed worker and a few bad requests, of each.
MISCHIEF_EVERY = 3 if LONG else 1
# Jobs that one worker keeps.
KEPT = 20
SEED = 42
# The slope is that of a line through the samples, MiB an hour. The short form
# is over before the server is warm: there the growth is all that says anything.
SLOPE_BAR = 6
# Growth between the first and the last third of the samples, MiB.
GROWTH_BAR = (16 if LONG else 48) + 2 * KEPT_MIB


class Worker(threading.Thread):
    """Does one thing after another, in random order."""

    def __init__(self, number, address, over):
        super().__init__()
        self.over = over
        self.random = random.Random(f"{SEED} {number}")
        self.noise = numpy.random.default_rng(SEED + number)
        self.lab = modbound.connect(address)
        self.light = light_jobs.LightJobs(self.lab, first=number * 1000000)
        self.kept = collections.deque()
        self.done = collections.Counter()
        self.broken = 0
        self.error = None
        self.things = {
            self.submit: 8, self.graph: 1, self.watch: 3, self.cancel: 2,
            self.transfer: 2, self.read: 4, self.explain: 2}

    def run(self):
        try:
            while not self.over.is_set():
                thing = self.random.choices(
                    list(self.things), list(self.things.values()))[0]
                try:
                    thing()
                    self.done[thing.__name__] += 1
                except modbound.Unavailable:
                    self.broken += 1  # the server was down for too long
                self.forget()
        except Exception as error:
            self.error = error
        finally:
            self.lab.close()

    def keep(self, *jobs):
        self.kept.extend(jobs)

    def forget(self):
        """Deletes the oldest jobs."""
        while len(self.kept) > KEPT:
            job = self.kept.popleft()
            try:
                if not job.ended and not job.job.end_time:
                    job.cancel()
                    self.kept.append(self.end_of(job))
                    continue
                job.delete()
                self.done["delete"] += 1
            except modbound.NotFound:
                pass  # deleted, and the answer was lost
            except modbound.FailedPrecondition:
                self.kept.append(job)  # others still need it
                return
            except modbound.Unavailable:
                self.kept.append(job)
                return

    def end_of(self, job):
        try:
            return job.wait(timeout=60 * TIME_FACTOR)
        except modbound.JobError:
            return job

    def submit(self):
        self.keep(self.lab.job(self.light.submit_surely().id))

    def graph(self):
        nodes = every_kind.graph(max_steps=20)
        handles = self.lab.run_graph(nodes)
        for handle in list(handles.values())[::-1]:
            self.end_of(handle)
        self.keep(*list(handles.values())[::-1])

    def train(self, **keywords):
        job = self.lab.train(
            task="PERCEPTUAL_DECISION_MAKING", model={"hidden_size": 8},
            target_accuracy=1, seed=self.random.randrange(2**31), **keywords)
        self.keep(job)
        return job

    def watch(self):
        events = list(self.train(max_steps=100).watch())
        numbers = [event.sequence for event in events]
        if numbers != sorted(numbers):
            raise AssertionError(f"events {numbers}, seed {SEED}")

    def cancel(self):
        job = self.train(max_steps=10000000)
        time.sleep(self.random.uniform(0, .1))
        job.cancel()
        self.end_of(job)

    def transfer(self):
        """Up, through a job, and down again."""
        size = self.random.choice((20, 100, 400))
        matrix = self.noise.standard_normal((size, size))
        matrix += matrix.T
        job = self.lab.quality(matrix=matrix, keep_diagonal=True,
                               labels=numpy.arange(size) % 3)
        self.keep(job)
        if not numpy.array_equal(job.inputs["matrix"], matrix):
            raise AssertionError(f"a matrix came back changed, seed {SEED}")
        self.end_of(job)
        assert job.arrays["quality"].shape == (1,)

    def read(self):
        for number, _ in enumerate(self.lab.jobs(kinds="quality")):
            if number > 150:
                break
        self.lab.info()

    def explain(self):
        if self.kept:
            job = self.random.choice(list(self.kept))
            try:
                job.explain()
                list(job.logs())
            except modbound.NotFound:
                pass


class Mischief(threading.Thread):
    """Cuts connections, kills workers, sends bytes that are no requests."""

    def __init__(self, servers, proxy, over):
        super().__init__()
        self.servers, self.proxy, self.over = servers, proxy, over
        self.random = random.Random(SEED)
        self.methods = raw_calls.methods()
        self.killed = self.refused = 0
        self.error = None

    def run(self):
        calls = [raw_calls.RawCalls(server.address) for server in self.servers]
        try:
            while not self.over.wait(MISCHIEF_EVERY * TIME_FACTOR):
                self.proxy.cut()
                self.kill_a_worker()
                for one in calls:
                    self.send_nonsense(one)
        except Exception as error:
            self.error = error
        finally:
            for one in calls:
                one.close()

    def kill_a_worker(self):
        for pid in children(self.servers[-1].process.pid)[:1]:
            try:
                os.kill(pid, signal.SIGKILL)
                self.killed += 1
            except ProcessLookupError:
                pass  # it has just ended

    def send_nonsense(self, calls):
        method = self.random.choice(self.methods)
        answer = calls.call(method, [
            b"\xff" + self.random.randbytes(self.random.randrange(64))])
        found = raw_calls.complaint(answer)
        if found or answer.code == "OK":
            raise AssertionError(f"{method.name}: {found}, {answer}")
        self.refused += 1


class SoakTest(unittest.TestCase):

    def setUp(self):
        self.servers = [
            Server(flags=["--max_lost_attempts=0"]),
            Server(flags=["--max_lost_attempts=0", "--worker=always",
                          "--max_worker_attempts=0"])]
        for server in self.servers:
            self.addCleanup(server.close)
        self.proxy = proxy.Proxy(self.servers[1].address)
        self.addCleanup(self.proxy.close)
        self.over = threading.Event()
        self.backups = 0

    def backup(self):
        server = self.servers[self.backups % 2]
        folder = os.path.join(os.path.dirname(server.data_dir), "backup")
        done = modboundd(f"--backup={folder}", f"--data_dir={server.data_dir}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.backups += 1
        shutil.rmtree(folder)

    def until(self, end, every, do):
        """Calls do() again and again."""
        while (left := end - time.monotonic()) > 0:
            self.over.wait(min(every, left))
            self.assertEqual([thread.error for thread in self.threads()
                              if thread.error], [])
            if time.monotonic() < end:
                do()

    def threads(self):
        return [*self.workers, self.mischief]

    def test_soak(self):
        addresses = [self.servers[0].address] * WORKERS + [self.proxy.address]
        self.workers = [Worker(number, address, self.over)
                        for number, address in enumerate(addresses)]
        self.mischief = Mischief(self.servers, self.proxy, self.over)
        begin = time.monotonic()
        for worker in self.workers:
            worker.start()
        self.addCleanup(self.over.set)
        kills = []
        def kill():
            server = self.servers[len(kills) % 2]
            server.kill()
            server.start()
            kills.append(time.monotonic())
        self.until(begin + WARM, KILL_EVERY, kill)
        # What the last start allocates is no growth.
        self.until(begin + WARM * 1.5, WARM, lambda: None)
        self.mischief.start()
        samples = []
        last_backup = [time.monotonic()]
        def sample():
            pids = [server.process.pid for server in self.servers]
            samples.append((time.monotonic(), *(
                sum(map(held, pids)) for held in (
                    measure.rss_mib, measure.thread_count,
                    measure.descriptors))))
            if time.monotonic() - last_backup[0] > SECONDS / 8:
                self.backup()
                last_backup[0] = time.monotonic()
        self.until(begin + SECONDS, SECONDS / 300, sample)
        self.over.set()
        for thread in self.threads():
            thread.join(timeout=120 * TIME_FACTOR)
            self.assertFalse(thread.is_alive(), "a thread hangs")
            self.assertIsNone(thread.error)
        for server in self.servers:
            self.assertEqual(server.stop(), 0)
            verified = verify(server.data_dir)
            self.assertEqual(verified.returncode, 0,
                             verified.stdout + verified.stderr)
        self.conclude(samples, len(kills), begin)

    def conclude(self, samples, kills, begin):
        times, rss, threads, descriptors = numpy.array(samples).T
        hours = (times - times[0]) / 3600
        (slope, _), covariance = numpy.polyfit(hours, rss, 1, cov=True)
        error = numpy.sqrt(covariance[0, 0])
        third = len(rss) // 3
        growth = numpy.median(rss[-third:]) - numpy.median(rss[:third])
        counted = sum((w.done for w in self.workers), collections.Counter())
        figure = (
            f"{time.monotonic() - begin:.0f} s, {sum(counted.values())} things"
            f" ({counted['submit'] + counted['watch']} submits, "
            f"{counted['delete']} deletes, {counted['cancel']} cancels, "
            f"{counted['transfer']} transfers), {kills} kills, "
            f"{self.backups} backups; while measured {self.proxy.cuts} cuts, "
            f"{self.mischief.killed} workers killed, {self.mischief.refused} "
            f"bad requests refused: RSS of two servers {numpy.median(rss):.0f} MiB, slope "
            f"{slope:.1f} +- {error:.1f} MiB/h over "
            f"{60 * hours[-1]:.1f} min, last third {growth:+.1f} MiB; threads "
            f"{threads.min():.0f} to {threads.max():.0f}, descriptors "
            f"{descriptors.min():.0f} to {descriptors.max():.0f}; verified")
        print(figure)
        if LONG:
            self.assertLess(slope, SLOPE_BAR)
            self.assertLess(error, SLOPE_BAR / 2, "too short to tell")
        self.assertLess(growth, GROWTH_BAR)
        for name, held in (("threads", threads), ("descriptors", descriptors)):
            # Within the samples it comes and goes with the work.
            self.assertLessEqual(numpy.median(held[-third:]),
                                 numpy.median(held[:third]) +
                                 (2 if LONG else 8),
                                 name)
        fault_row(42, figure)


if __name__ == "__main__":
    unittest.main()
