"""Many watchers, and some that hardly read: nobody waits, nothing grows."""

import json
import os
import subprocess
import sys
import threading
import time
import unittest

import grpc

import light_jobs
import measure
import proxy
from fault_row import LONG, fault_row
from modbound import contract
from service import KEPT_MIB, TIME_FACTOR, Server

WATCHERS = 500 if LONG else 50
SLOW = 50 if LONG else 5
# Bytes a second; every other one reads nothing at all.
SLOW_RATE = 512
SECONDS = float(os.environ.get("MODBOUND_WATCH_SECONDS",
                               "600" if LONG else "8"))
PROCESSES = 5 if LONG else 2
LISTS = 10 if LONG else 5
# That of a quiet machine; the short form runs on any.
DELAY_BAR = (1 if LONG else 5) * TIME_FACTOR
# MiB.
RSS_BAR = (256 if LONG else 64) + KEPT_MIB
TASK = "PERCEPTUAL_DECISION_MAKING"


class SlowReader:
    """A watcher whose connection passes on next to nothing."""

    def __init__(self, address, job, rate):
        self.proxy = proxy.Proxy(address, rate)
        self.channel = grpc.insecure_channel(
            self.proxy.address, options=[("grpc.use_local_subchannel_pool", 1)])
        method = contract.method("JobService.WatchJob")
        self.stream = self.channel.unary_stream(
            method.path, method.request.SerializeToString,
            method.reply.FromString)(method.request(id=job))
        # So many events are read; then none, or as they come.
        self.events = 0
        self.reads_on = rate is not None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for _ in self.stream:
                self.events += 1
                if not self.reads_on:
                    return
        except grpc.RpcError:
            pass

    def close(self):
        self.stream.cancel()
        self.channel.close()
        self.proxy.close()


class WatchersTest(unittest.TestCase):

    def setUp(self):
        self.server = Server(cores=3)
        self.addCleanup(self.server.close)
        self.lab = self.server.lab()
        self.addCleanup(self.lab.close)

    def holdings(self):
        pid = self.server.process.pid
        return measure.thread_count(pid), measure.descriptors(pid)

    def settle(self, before):
        """Waits until nothing is left of the watchers."""
        end = time.monotonic() + 20 * TIME_FACTOR
        while time.monotonic() < end:
            threads, descriptors = self.holdings()
            # gRPC and the pools of attempts keep a few idle threads: far fewer
            # than there were watchers.
            if threads <= before[0] + 8 and descriptors <= before[1] + 2:
                return threads, descriptors
            time.sleep(.1)
        self.fail(f"(threads, descriptors) {before} before, "
                  f"{self.holdings()} after")

    def quick_jobs(self, seconds):
        """Ids of jobs that take about so long on two cores."""
        begin = time.monotonic()
        self.train(0, 400).wait()
        steps = int(400 * .6 / (time.monotonic() - begin))
        return [self.train(i + 1, steps).id
                for i in range(max(LISTS, int(seconds * 2 / .6)))]

    def train(self, seed, steps):
        return self.lab.train(task=TASK, model={"hidden_size": 16}, seed=seed,
                              max_steps=max(20, steps), target_accuracy=1)

    def start_watchers(self, lists):
        clients = []
        for _ in range(PROCESSES):
            client = subprocess.Popen(
                [sys.executable,
                 os.path.join(os.path.dirname(__file__), "watch_many.py"),
                 self.server.address, str(WATCHERS // PROCESSES)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.addCleanup(client.stdout.close)
            self.addCleanup(client.kill)
            client.stdin.write(json.dumps(lists))
            client.stdin.close()
            clients.append(client)
        for client in clients:
            self.assertEqual(client.stdout.readline(), "ready\n")
        return clients

    def finish(self, clients):
        told = {}
        for client in clients:
            for name, value in json.loads(client.stdout.readline()).items():
                told[name] = told[name] + value if name in told else value
            self.assertEqual(client.wait(), 0)
        return told

    def test_watchers_and_slow_readers(self):
        endless = light_jobs.hold_cores(self.lab, 1)[0]
        jobs = self.quick_jobs(SECONDS)
        before = self.holdings()
        with measure.PeakRss(self.server.process.pid, .1) as memory:
            slow = [SlowReader(self.server.address, endless.id,
                               SLOW_RATE if i % 2 else None)
                    for i in range(SLOW)]
            for reader in slow:
                self.addCleanup(reader.close)
            begin = time.monotonic()
            told = self.finish(self.start_watchers(
                [jobs[i::LISTS] for i in range(LISTS)]))
            seconds = time.monotonic() - begin
        for reader in slow:
            self.assertGreater(reader.events, 0)
            reader.close()
        left = self.settle(before)
        p99 = measure.percentile(told["delays"], 99)
        figure = (
            f"{WATCHERS} watchers and {SLOW} slow readers for {seconds:.0f} s: "
            f"{told['events']} events, {told['gaps']} gaps, {told['doubles']} "
            f"twice; delivery p99 {measure.milliseconds(p99)}; server RSS + "
            f"{memory.growth:.0f} MiB; threads {before[0]} -> {left[0]}, "
            f"descriptors {before[1]} -> {left[1]}")
        print(figure)
        self.assertEqual((told["gaps"], told["doubles"], told["unfinished"]),
                         (0, 0, 0))
        # Most were there before their job began.
        self.assertGreater(told["events"], 2 * told["snapshots"])
        self.assertLess(p99, DELAY_BAR)
        self.assertLess(memory.growth, RSS_BAR)
        endless.cancel()
        self.assertEqual(self.server.stop(), 0)
        fault_row(19, figure)


if __name__ == "__main__":
    unittest.main()
