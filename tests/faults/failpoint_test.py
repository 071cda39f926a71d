"""Kills a server at each of its failpoints; the next one goes on as if nothing
had happened.

modboundd_chaos (chaos_failpoint.cc) lists the failpoints and dies at the one it
is told. Their names begin with what a server does there, which decides how this
test brings one there.
"""

import concurrent.futures
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
from unittest import mock

import numpy

import modbound
from modbound import calls
from service import (BIN, SOURCE, TIME_FACTOR, Server, comparable, digests,
                     modboundd)

from aftermath import faults_of
from fault_row import LONG, fault_row

CHAOS = "modboundd_chaos"
# Attempts in the server's own process; checkpoints as often as can be. The
# kills are not the jobs' doing.
FLAGS = ("--worker=never", "--checkpoint_seconds=0.01", "--max_lost_attempts=0")
# First word of a point -> times that a load comes there, each of which is
# tried; others come there once. The first file of an artifact is an upload's,
# the second a job's.
HITS = {"artifact": 2}
if LONG:
    HITS |= {"submit": 5, "start": 4, "result": 3, "end": 4, "checkpoint": 2}
# Run side by side: most of the time they wait.
AT_ONCE = 4
# First words of the points that come under a load.
UNDER_LOAD = {"submit", "start", "checkpoint", "result", "end", "artifact",
              "upload", "answer", "cancel", "delete"}


def noise(units):
    values = numpy.random.default_rng(7).normal(size=(units, units))
    return values + values.T


# Larger than what a request carries: it is uploaded.
MATRIX = noise(100)


def training(units, steps, seed):
    """Arrays of more than 128 units are files."""
    return dict(task="GO_NOGO", model={"hidden_size": units}, max_steps=steps,
                eval_every=steps, eval_trials=20, target_accuracy=1, seed=seed)


# Request id -> kind and keywords.
JOBS = {
    "train": ("train", training(140, 40, 1)),
    "equal": ("train", training(140, 40, 1)),
    "deleted": ("train", training(140, 1, 2)),
    "cancelled": ("train", training(64, 100000, 3)),
    "partition": ("partition", dict(matrix=MATRIX, runs=20, seed=4)),
}


def failpoints():
    done = subprocess.run([os.path.join(BIN, CHAOS)], check=True, text=True,
                          capture_output=True,
                          env={**os.environ, "MODBOUND_FAILPOINT": "list"})
    return done.stdout.split()


class Load:
    """Jobs of every fate, one request id each.

    deleted: whether the one that is to be deleted was, before.
    """

    def __init__(self, lab, deleted=False):
        self.lab, self.deleted = lab, deleted
        self.handles = {}

    def submit(self, name):
        kind, keywords = JOBS[name]
        self.handles[name] = getattr(self.lab, kind)(**keywords,
                                                     request_id=name)
        return self.handles[name]

    def run(self):
        """Name -> results of every job that is there in the end."""
        self.submit("partition")
        self.submit("train").wait()
        self.submit("equal")
        if not self.deleted:
            self.delete_one()
        self.cancel_one()
        for handle in self.handles.values():
            if handle is not self.handles["cancelled"]:
                handle.wait()
        return self.results()

    def delete_one(self):
        self.submit("deleted").wait()
        with contextlib.suppress(modbound.NotFound):
            # An answer that was lost is a second try.
            self.handles.pop("deleted").delete()

    def cancel_one(self):
        for event in self.submit("cancelled").watch():
            if event.state == "RUNNING":
                break
        self.handles["cancelled"].cancel()
        with contextlib.suppress(modbound.JobCancelled):
            self.handles["cancelled"].wait()

    def results(self):
        """Name -> state, arrays by digest, summary (as text: NaN is NaN)."""
        found = {}
        for name, handle in self.handles.items():
            found[name] = [handle.state]
            if handle.state == "SUCCEEDED":
                found[name] += [digests(handle),
                                repr(comparable(handle.summary))]
        return found

    def ids(self):
        return {name: handle.id for name, handle in self.handles.items()}


def has_checkpoint(data_dir, job):
    """Whether a running job has written one."""
    with contextlib.suppress(FileNotFoundError):  # it goes while we look
        attempts = os.path.join(data_dir, "attempts")
        for name in os.listdir(attempts):
            if name.startswith(job) and any(
                    file.isdigit() for file in os.listdir(
                        os.path.join(attempts, name, "checkpoint"))):
                return True
    return False


def older_store(data_dir):
    """Makes the database of a stopped server one of schema 1."""
    path = os.path.join(data_dir, "modbound.sqlite3")
    os.rename(path, path + ".new")
    with open(os.path.join(SOURCE, "server", "store", "schema.h"),
              encoding="utf-8") as file:
        first_step = re.search(r'R"sql\((.*?)\)sql"', file.read(), re.S)[1]
    store = sqlite3.connect(path)
    store.executescript(first_step)
    store.execute("ATTACH ? AS new", (path + ".new",))
    tables = [name for name, in store.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND "
        "name NOT LIKE 'sqlite_%'")]
    for table in tables:
        columns = ", ".join(row[1] for row in store.execute(
            f"PRAGMA main.table_info({table})"))
        store.execute(f"INSERT INTO main.{table} ({columns}) "
                      f"SELECT {columns} FROM new.{table}")
    store.execute("PRAGMA user_version = 1")
    store.commit()
    store.close()
    os.remove(path + ".new")
    # Servers of that time did not count their commits.
    os.remove(os.path.join(data_dir, "committed"))


def leave_garbage(data_dir):
    """A row of a day ago that nobody uses, and a file without a row."""
    store = sqlite3.connect(os.path.join(data_dir, "modbound.sqlite3"))
    orphan, unused = "ab" * 32, "cd" * 32
    for digest in (orphan, unused):
        folder = os.path.join(data_dir, "artifacts", digest[:2])
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, digest), "wb") as file:
            file.write(bytes(70000))
    store.execute("INSERT INTO artifact(digest, size_bytes, created_us) "
                  "VALUES(?, 70000, 1)", (unused,))
    store.commit()
    store.close()


class FailpointTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        # A restart on a busy machine may take longer than a person would wait.
        cls.enterClassContext(mock.patch.object(calls, "CALL_PATIENCE", 120))
        cls.folder = cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="modbound_failpoint_"))
        cls.prepare()

    @classmethod
    def prepare(cls):
        """Stores to begin with, and what an undisturbed server finds."""
        server = Server(flags=FLAGS)
        cls.addClassCleanup(server.close)
        with server.lab() as lab:
            load = Load(lab)
            load.submit("partition")
            train = load.submit("train")
            while not has_checkpoint(server.data_dir, train.id):
                time.sleep(0.002)
            server.kill()
            cls.interrupted = cls.kept(server, "interrupted")
            cls.interrupted_ids = load.ids()
            server.start()
            ended = Load(lab)
            cls.expected = ended.run()
            cls.ended_ids = ended.ids()
        assert server.stop() == 0
        cls.ended = cls.kept(server, "ended")
        leave_garbage(cls.interrupted)
        cls.older = os.path.join(cls.folder, "older")
        shutil.copytree(cls.ended, cls.older)
        older_store(cls.older)

    @classmethod
    def kept(cls, server, name):
        path = os.path.join(cls.folder, name)
        shutil.copytree(server.data_dir, path)
        return path

    @contextlib.contextmanager
    def chaos(self, point, hit, store=None, flags=()):
        """A server, not yet started, that will die at the point."""
        with tempfile.TemporaryDirectory(prefix="modbound_socket_") as folder:
            server = Server(address=f"unix:{folder}/socket",
                            flags=(*FLAGS, *flags), program=CHAOS,
                            environment={"MODBOUND_FAILPOINT":
                                         f"{point}:{hit}"}, started=False)
            with contextlib.closing(server):
                if store:
                    shutil.copytree(store, server.data_dir)
                yield server

    def restart(self, server, point):
        """Sees that the server died there; starts an ordinary one."""
        self.assert_died(server.process.returncode, point, server.log())
        server.program, server.environment = "modboundd", {}
        server.flags = list(FLAGS)
        server.start()

    def assert_died(self, code, point, log):
        self.assertEqual(code, -signal.SIGKILL, log)
        self.assertIn(f"failpoint {point} reached", log)

    def await_death(self, server, work):
        """`work`: the future of what brings the server to the point."""
        give_up = None
        while server.process.poll() is None:
            if work.done() and give_up is None:
                # Some points come after the last answer.
                give_up = time.monotonic() + 10 * TIME_FACTOR
            if give_up is not None and time.monotonic() > give_up:
                self.fail("not reached")
            time.sleep(0.005)

    def check(self, server, load):
        """Every job once and as expected, and nothing left behind."""
        self.assertEqual(load.results(), self.expected)
        ids = load.ids()
        for name, found in ids.items():
            self.assertEqual(load.submit(name).id, found, name)
        self.assertEqual({handle.id for handle in load.lab.jobs()},
                         set(ids.values()))
        self.stop_soundly(server)

    def stop_soundly(self, server):
        self.assertEqual(server.stop(), 0)
        self.assertEqual(faults_of(server.data_dir), [])

    # How a server is brought to a point.

    def under_load(self, point, hit):
        """The load waits for the next server by itself."""
        with self.chaos(point, hit) as server, server.lab() as lab, \
                concurrent.futures.ThreadPoolExecutor(1) as threads:
            load = Load(lab)
            server.start()
            running = threads.submit(load.run)
            self.await_death(server, running)
            self.restart(server, point)
            running.result()
            self.check(server, load)

    def at_a_stop(self, point, hit):
        with self.chaos(point, hit) as server, server.lab() as lab:
            load = Load(lab)
            server.start()
            train = load.submit("train")
            while not has_checkpoint(server.data_dir, train.id):
                time.sleep(0.002)
            server.stop()
            self.restart(server, point)
            load.run()
            self.assertEqual(load.ids()["train"], train.id)
            self.check(server, load)

    def at_a_start(self, point, hit):
        """Of a store that a crash left behind."""
        self.start_on(self.interrupted, self.interrupted_ids, point, hit)

    def at_a_migration(self, point, hit):
        self.start_on(self.older, self.ended_ids, point, hit)

    def start_on(self, store, before, point, hit):
        with self.chaos(point, hit, store) as server, server.lab() as lab:
            with contextlib.suppress(AssertionError):  # it may not get far
                server.start()
            server.process.wait(timeout=60 * TIME_FACTOR)
            self.restart(server, point)
            load = Load(lab, deleted=store == self.older)
            load.run()
            self.assertEqual({name: load.ids()[name] for name in before},
                             before)
            self.check(server, load)

    def at_a_removal(self, point, hit):
        """Of all jobs, which are old enough. All are removed, or none."""
        with self.chaos(point, hit, self.ended, ["--retention=1s"]) as server, \
                server.lab() as lab:
            server.start()
            server.process.wait(timeout=60 * TIME_FACTOR)
            self.restart(server, point)
            there = {handle.id for handle in lab.jobs()}
            self.assertIn(there, (set(), set(self.ended_ids.values())))
            self.stop_soundly(server)

    def at_a_backup(self, point, hit):
        """The store is as it was; the backup is whole or not there."""
        with tempfile.TemporaryDirectory(prefix="modbound_backup_") as folder:
            store = os.path.join(folder, "store")
            target = os.path.join(folder, "backup")
            shutil.copytree(self.ended, store)
            done = subprocess.run(
                [os.path.join(BIN, CHAOS), f"--data_dir={store}",
                 f"--backup={target}"], capture_output=True, text=True,
                env={**os.environ, "MODBOUND_FAILPOINT": f"{point}:{hit}"},
                check=False, timeout=60 * TIME_FACTOR)
            self.assert_died(done.returncode, point, done.stderr)
            if not os.path.exists(target):
                again = modboundd(f"--backup={target}", f"--data_dir={store}")
                self.assertEqual(again.returncode, 0, again.stderr)
            for data_dir in (store, target):
                self.assertEqual(faults_of(data_dir), [])

    WAYS = {"stop": at_a_stop, "boot": at_a_start, "migration": at_a_migration,
            "retention": at_a_removal, "backup": at_a_backup}

    def test_a_death_at_any_failpoint_loses_nothing(self):
        points = failpoints()
        self.assertEqual({point.split("_")[0] for point in points}
                         - set(self.WAYS), UNDER_LOAD)
        runs = []
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
            for point in points:
                way = self.WAYS.get(point.split("_")[0],
                                    FailpointTest.under_load)
                for hit in range(1, 1 + HITS.get(point.split("_")[0], 1)):
                    runs.append((point, hit,
                                 threads.submit(way, self, point, hit)))
        for point, hit, run in runs:
            with self.subTest(point=point, hit=hit):
                run.result()
        if all(run.exception() is None for _, _, run in runs):
            fault_row(2, f"{len(points)} points, {len(runs)} deaths: each "
                         "reached; every job there once, with the bytes of an "
                         "undisturbed run; verified, nothing left behind")

    def test_programs_that_are_shipped_have_none(self):
        for program, expected in ((CHAOS, True), ("modboundd", False),
                                  ("modbound-worker", False)):
            with open(os.path.join(BIN, program), "rb") as file:
                self.assertEqual(b"MODBOUND_FAILPOINT" in file.read(), expected,
                                 program)

    def test_a_misspelled_point_is_refused(self):
        for order in ("x", "submit_written:0", "submit_written:soon"):
            done = subprocess.run(
                [os.path.join(BIN, CHAOS), "--version"], capture_output=True,
                check=False, env={**os.environ, "MODBOUND_FAILPOINT": order})
            self.assertEqual(done.returncode, 2, order)


if __name__ == "__main__":
    unittest.main()
