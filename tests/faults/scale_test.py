"""A long queue and a long history: nothing that users do becomes slow."""

import os
import sqlite3
import time
import unittest

import light_jobs
import measure
from fault_row import LONG, fault_row
from modbound import calls, contract
from service import KEPT_MIB, TIME_FACTOR, Server

QUEUED = 10000 if LONG else 1000
# Submitted one by one on top of these.
SUBMITS = 1000 if LONG else 300
HISTORY = 300000 if LONG else 20000
# One ended job in so many has the label, one in RARE the other kind or failed.
LABELLED = 20
RARE = 5000
# The bars are those of a quiet machine. The short form runs on any, where a
# neighbour's moment on the disk is most of the highest percent: it finds what
# grows with the queue, and tells what it measured.
GENEROSITY = 1 if LONG else 10
SUBMIT_BAR = .025 * GENEROSITY * TIME_FACTOR
LIST_BAR = .050 * GENEROSITY * TIME_FACTOR
DISPATCH_BAR = .010 * GENEROSITY * TIME_FACTOR
RSS_BAR = 1024 + KEPT_MIB

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def older_id(job_id, by):
    """An id of the same form, `by` microseconds older."""
    value = 0
    for digit in job_id[1:12]:
        value = value * 32 + DIGITS.index(digit)
    value -= by
    text = ""
    for _ in range(11):
        text = DIGITS[value % 32] + text
        value //= 32
    return job_id[0] + text + job_id[12:]


def columns(store, table):
    return [row[1] for row in store.execute(f"PRAGMA table_info({table})")]


def copy_rows(store, table, where, changes):
    """Copies the rows `where` once for each dict of `changes`."""
    names = columns(store, table)
    for row in store.execute(
            f"SELECT * FROM {table} WHERE {where}").fetchall():
        kept = dict(zip(names, row))
        store.executemany(
            f"INSERT INTO {table} VALUES({','.join('?' * len(names))})",
            (tuple({**kept, **change}[name] for name in names)
             for change in changes))


def fill_history(data_dir, job_id):
    """HISTORY copies of an ended job, older than it, in the store itself."""
    store = sqlite3.connect(os.path.join(data_dir, "modbound.sqlite3"))
    number, job, submit_us, failed = store.execute(
        "SELECT number, job, submit_us, result FROM job WHERE id = ?",
        (job_id,)).fetchone()
    ids = [older_id(job_id, HISTORY + 1 - i) for i in range(HISTORY)]
    shift = HISTORY + number
    store.execute("UPDATE job SET number = number + ?", (shift,))
    copies = [{"number": i + 1, "id": copy, "submit_us": submit_us - shift + i,
               "kind": "reduce" if i % RARE == 1 else "quality",
               "state": 6 if i % RARE == 2 else 4, "cache_key": f"copy {i}",
               "result": failed,
               "job": job.replace(job_id.encode(), copy.encode())}
              for i, copy in enumerate(ids)]
    copy_rows(store, "job", f"id = '{job_id}'", copies)
    for table in ("event", "artifact_use"):
        copy_rows(store, table, f"job = '{job_id}'",
                  [{"job": copy} for copy in ids])
    for label, every in (("study", LABELLED), ("rare", RARE)):
        store.executemany(
            "INSERT INTO job_label(job, key, value) VALUES(?, ?, 'yes')",
            ((copy, label) for i, copy in enumerate(ids) if i % every == 0))
    store.execute("UPDATE job_label SET number = (SELECT number FROM job "
                  "WHERE id = job_label.job)")
    store.commit()
    store.close()


class ScaleTest(unittest.TestCase):

    def setUp(self):
        self.server = Server(cores=1)
        self.addCleanup(self.server.close)
        self.lab = self.server.lab()
        self.addCleanup(self.lab.close)
        self.jobs = light_jobs.LightJobs(self.lab)

    def timed(self, call, *arguments):
        begin = time.monotonic()
        result = call(*arguments)
        return time.monotonic() - begin, result

    def page(self, token="", **search):
        """One page of the list."""
        return self.lab._run(calls.call(
            "JobService.ListJobs", filter=search, page_token=token))

    def list_times(self, **search):
        """Seconds of the first page, ten times."""
        return [self.timed(lambda: self.page(**search))[0] for _ in range(10)]

    def test_queue_and_history(self):
        first = self.jobs.submit({"study": "this"})
        self.lab.job(first.id).wait()
        self.assertEqual(self.server.stop(), 0)
        fill_history(self.server.data_dir, first.id)
        begin = time.monotonic()
        self.server.start()
        boot = time.monotonic() - begin
        holders = light_jobs.hold_cores(self.lab, 1)

        ids = self.jobs.submit_many(QUEUED, {"queue": "long"})
        submits = []
        for _ in range(SUBMITS):
            request = self.jobs.request({"queue": "long"})
            seconds, job = self.timed(self.jobs.send, request)
            submits.append(seconds)
            ids.append(job.id)

        deep = self.page()
        for _ in range(min(50, (HISTORY + QUEUED) // 200)):
            deep = self.page(token=deep.next_page_token)
        state = contract.message("JobState")
        searches = {
            "first": {}, "queued": {"states": [state.QUEUED]},
            "running": {"states": [state.RUNNING]},
            "cancelled": {"states": [state.CANCELLED]},
            "ended": {"states": [state.SUCCEEDED, state.FAILED,
                                 state.CANCELLED]},
            "kind": {"kinds": ["quality"]}, "rare kind": {"kinds": ["reduce"]},
            "no such kind": {"kinds": ["partition"]},
            "label": {"labels": {"study": "yes"}},
            "rare label": {"labels": {"rare": "yes"}},
            "no such label": {"labels": {"study": "no"}},
            "all": {"labels": {"study": "yes"}, "kinds": ["reduce", "train"],
                    "states": [state.FAILED]}}
        lists = {name: self.list_times(**search)
                 for name, search in searches.items()}
        lists["deep"] = [self.timed(self.page, deep.next_page_token)[0]
                         for _ in range(10)]
        # Right, not only quick.
        self.assertEqual(len(self.page(labels={"rare": "yes"}).jobs),
                         min(100, HISTORY // RARE))
        self.assertEqual(len(self.page(kinds=["reduce"]).jobs),
                         min(100, HISTORY // RARE))
        self.assertEqual([job.id for job in
                          self.page(states=[state.QUEUED]).jobs],
                         ids[:-101:-1])
        gets = [self.timed(self.jobs.get, job)[0] for job in ids[:200]]
        rss = measure.peak_rss_mib(self.server.process.pid)

        for holder in holders:
            holder.cancel()
        # Jobs run in order of their submission; the 200th is enough.
        self.lab.job(ids[200]).wait(timeout=120 * TIME_FACTOR)
        ended = self.lab.job(holders[0].id).job.end_time
        dispatches = []
        for job_id in ids[:200]:
            job = self.lab.job(job_id).job
            dispatches.append((job.start_time - ended).total_seconds())
            ended = job.end_time

        slowest = max(lists, key=lambda name: max(lists[name]))
        everything = [seconds for times in lists.values() for seconds in times]
        print({name: measure.milliseconds(max(times))
               for name, times in lists.items()})
        figure = (
            f"{QUEUED} queued, {HISTORY} ended: submit p50 "
            f"{measure.milliseconds(measure.percentile(submits, 50))}, p99 "
            f"{measure.milliseconds(measure.percentile(submits, 99))}; list "
            "page p99 "
            f"{measure.milliseconds(measure.percentile(everything, 99))}"
            f" (13 sorts; slowest: {slowest}); GetJob p50 "
            f"{measure.milliseconds(measure.percentile(gets, 50))}; end of one "
            "job to start of the next p50 "
            f"{measure.milliseconds(measure.percentile(dispatches, 50))}, p99 "
            f"{measure.milliseconds(measure.percentile(dispatches, 99))}; "
            f"peak RSS {rss:.0f} MiB; back in {boot:.2f} s")
        print(figure)
        self.assertLess(measure.percentile(submits, 99), SUBMIT_BAR)
        self.assertLess(measure.percentile(everything, 99), LIST_BAR)
        self.assertLess(measure.percentile(dispatches, 50), DISPATCH_BAR)
        self.assertLess(rss, RSS_BAR)
        fault_row(18, figure)


if __name__ == "__main__":
    unittest.main()
