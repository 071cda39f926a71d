"""Broken uploads: refused with the reason; no byte of them stays counted."""

import hashlib
import os
import random
import time
import unittest
import zlib

from fault_row import LONG, fault_row
from raw_calls import RawCalls, methods
from service import Server

SEED = 20260801
ROUNDS = 100 if LONG else 10
# Most bytes that the server stores: broken uploads send many times as much.
STORED = 1 << 20
SIZE = 1 << 19


class BadChunksTest(unittest.TestCase):

    def setUp(self):
        self.server = Server(flags=[f"--max_stored_bytes={STORED}",
                                    "--log_level=error"])
        self.addCleanup(self.server.close)
        self.calls = RawCalls(self.server.address)
        self.addCleanup(self.calls.close)
        by_name = {method.name: method for method in methods()}
        self.upload, self.query = by_name["Upload"], by_name["QueryUpload"]
        self.generator = random.Random(SEED)

    def send(self, messages):
        return self.calls.call(self.upload, [
            message.SerializeToString() for message in messages])

    def header(self, size=SIZE, sha256="", upload_id=""):
        return self.upload.request(header=dict(
            dtype="UINT8", shape=[size], sha256=sha256, upload_id=upload_id))

    def chunk(self, offset, data, crc32=None):
        return self.upload.request(chunk=dict(
            offset=offset, data=data,
            crc32=zlib.crc32(data) if crc32 is None else crc32))

    def faults(self):
        """name -> (messages, reason) of an upload with that fault."""
        data = self.generator.randbytes(SIZE)
        cut = self.generator.randrange(1, SIZE - 1)
        first, rest = data[:cut], data[cut:]
        start = [self.header(), self.chunk(0, first)]
        off = self.generator.randrange(1, cut + 1)
        return {
            "wrong crc": (start + [self.chunk(cut, rest, zlib.crc32(rest) ^ 1)],
                          "BAD_CHUNK"),
            "gap": (start + [self.chunk(cut + off, rest[off:] or b"x")],
                    "BAD_CHUNK"),
            "overlap": (start + [self.chunk(cut - off, data[cut - off:])],
                        "BAD_CHUNK"),
            "negative offset": (start + [self.chunk(-1, rest)], "BAD_CHUNK"),
            "far offset": (start + [self.chunk((1 << 63) - 1, rest)],
                           "BAD_CHUNK"),
            "more than said": (start + [self.chunk(cut, rest + b"x")],
                               "BAD_CHUNK"),
            "less than said": (start, "BAD_CHUNK"),
            "chunk first": (start[1:], "BAD_CHUNK"),
            "header twice": (start + [self.header()], "BAD_CHUNK"),
            "other bytes than announced": (
                [self.header(sha256=hashlib.sha256(b"").hexdigest()),
                 self.chunk(0, first), self.chunk(cut, rest)],
                "DIGEST_MISMATCH"),
        }

    def files(self):
        folder = os.path.join(self.server.data_dir, "uploads")
        return [os.path.join(folder, name) for name in os.listdir(folder)
                if name.endswith((".bytes", ".header"))]

    def await_files(self, count):
        """Files go when the stream has ended, a moment after its answer."""
        end = time.monotonic() + 20
        while len(self.files()) != count and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(len(self.files()), count)

    def test_broken_uploads_leave_nothing(self):
        refused = sent = 0
        for number in range(ROUNDS):
            for fault, (messages, reason) in self.faults().items():
                answer = self.send(messages)
                told = f"{fault}, seed {SEED}, round {number}: {answer}"
                self.assertEqual(answer.reason, reason, told)
                self.assertEqual(
                    answer.code, "DATA_LOSS" if reason == "DIGEST_MISMATCH"
                    else "INVALID_ARGUMENT", told)
                refused += 1
                sent += sum(len(m.chunk.data) for m in messages)
        self.assertGreater(sent, 4 * STORED)
        self.await_files(0)

        # Never finished: kept for a day, and for a restart only by its digest.
        data = self.generator.randbytes(SIZE)
        digest = hashlib.sha256(data).hexdigest()
        for name in ("day", "younger"):
            answer = self.send([self.header(sha256=digest, upload_id=name),
                                self.chunk(0, data[:1000])])
            self.assertEqual(answer.reason, "BAD_CHUNK", answer)
        self.assertEqual(self.committed("day"), 1000)
        self.server.stop()
        for path in self.files():
            with open(path, "rb") as file:
                if b"day" in file.read():  # the header that names it
                    past = time.time() - 25 * 3600
                    os.utime(path, (past, past))
                    os.utime(path.replace(".header", ".bytes"), (past, past))
        self.server.start()
        self.calls.close()
        self.calls = RawCalls(self.server.address)
        self.assertIsNone(self.committed("day"))
        self.assertEqual(self.committed("younger"), 1000)
        self.assertEqual(len(self.files()), 2)
        answer = self.send([
            self.header(sha256=digest, upload_id="younger"),
            self.chunk(1000, data[1000:])])
        self.assertEqual(answer.code, "OK", answer)
        self.await_files(0)

        # All of the room is there, and no more.
        answer = self.send([self.header(),
                            self.chunk(0, self.generator.randbytes(SIZE))])
        self.assertEqual(answer.code, "OK", answer)
        answer = self.send([self.header(1), self.chunk(0, b"x")])
        self.assertEqual(answer.reason, "QUOTA_EXCEEDED", answer)
        fault_row(25, f"{refused} broken uploads of {len(self.faults())} forms "
                  f"({sent >> 20} MiB): all refused; 0 files left, partial "
                  f"ones gone after a day; then exactly the {STORED >> 20} MiB "
                  "of room could be filled")

    def committed(self, upload_id):
        answer = self.calls.call(self.query, [self.query.request(
            upload_id=upload_id).SerializeToString()])
        if answer.code == "NOT_FOUND":
            return None
        self.assertEqual(answer.code, "OK", answer)
        return self.query.reply.FromString(answer.replies[0]).committed_bytes


if __name__ == "__main__":
    unittest.main()
