"""Requests changed at random, over a socket: each RPC answers by its rules."""

import random
import unittest

from fault_row import LONG, fault_row
from raw_calls import RawCallsTest, complaint, kinds, seed_job
from service import TIME_FACTOR, verify

SEED = 20260731
INPUTS = 1000 if LONG else 200
EDGES = (b"\x00", b"\xff" * 9 + b"\x01", b"\x0b" * 90, b"\x80" * 11,
         b"\xe2\x80\xae", b"../../", b"'; DROP TABLE job; --")
# Seconds in which a request is answered.
MOST_SECONDS = TIME_FACTOR


def mutant(generator, messages):
    """The messages with a few changes of their bytes, and of their order."""
    messages = [bytearray(message) for message in messages]
    if len(messages) > 1 and generator.random() < 0.3:
        generator.shuffle(messages)
    for _ in range(generator.randint(1, 4)):
        data = generator.choice(messages)
        at = generator.randint(0, len(data))
        kind = generator.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[at:at] = generator.choice(EDGES)
        elif kind == 2:
            del data[at:at + generator.randint(1, 8)]
        elif kind == 3:
            data[at:at] = data[at // 2:at]
        elif kind == 4:
            del data[at:]
        elif at < len(data):
            data[at] = generator.choice((0, 1, 127, 128, 255))
    return [bytes(message) for message in messages]


class SocketFuzzTest(RawCallsTest):

    def send(self, name, **fields):
        """A call that must be answered; the reply."""
        method = self.methods[name]
        answer = self.calls.call(
            method, [method.request(**fields).SerializeToString()])
        self.assertEqual(answer.code, "OK", answer)
        return method.reply.FromString(answer.replies[-1])

    def seeds(self):
        """Name of RPC -> requests, each a list of messages."""
        jobs = []
        for kind in kinds(self.calls).values():
            jobs.append(seed_job(kind))
            # What is accepted is planned and stored, but does not run for long.
            jobs[-1].max_run_time.nanos = 1000000
        done = self.send("SubmitJob", job=jobs[3])
        upload = self.methods["Upload"].request
        seeds = {
            "SubmitJob": [dict(job=job) for job in jobs],
            "SubmitGraph": [dict(nodes=[dict(name="a", job=jobs[2]),
                                        dict(name="b", job=jobs[3])])],
            "ListJobs": [dict(page_size=2, filter=dict(kinds=["quality"]))],
            "ListKinds": [dict(kind="train")],
            "GetServerInfo": [{}], "GetQueueState": [{}],
            "WatchJob": [dict(id=done.id, resume_token="AAAA")],
            "Download": [dict(array=dict(artifact="0" * 64), offset=1)],
            "StatArtifact": [dict(artifact="0" * 64)],
            "FindMissing": [dict(artifacts=["0" * 64] * 3)],
            "QueryUpload": [dict(upload_id="a")],
        }
        for name in ("GetJob", "CancelJob", "DeleteJob", "ExplainJob",
                     "ReproduceJob", "GetLogs"):
            seeds[name] = [dict(id=done.id), dict(id="j0")]
        found = {name: [[self.methods[name].request(**fields)
                         .SerializeToString()] for fields in requests]
                 for name, requests in seeds.items()}
        data = bytes(16)
        found["Upload"] = [[message.SerializeToString() for message in (
            upload(header=dict(dtype=2, shape=[2], upload_id="a")),
            upload(chunk=dict(data=data, crc32=0xecbb4b55)))]]
        return found

    def test_every_mutant_is_answered(self):
        seeds = self.seeds()
        self.assertEqual(set(seeds), set(self.methods))
        slowest = accepted = 0
        for name, method in self.methods.items():
            generator = random.Random(f"{SEED} {name}")
            for number in range(INPUTS):
                messages = mutant(generator, generator.choice(seeds[name]))
                answer = self.calls.call(method, messages)
                if answer.seconds > MOST_SECONDS:  # by itself, once more
                    answer = self.calls.call(method, messages)
                told = (f"{name}, seed {SEED}, input {number}: " +
                        " ".join(m.hex()[:4000] for m in messages))
                self.assertEqual(complaint(answer), "", told)
                self.assertLess(answer.seconds, MOST_SECONDS, told)
                slowest = max(slowest, answer.seconds)
                accepted += answer.code == "OK"
        self.assertIsNone(self.server.process.poll(), self.server.log())
        self.assertEqual(self.send("GetQueueState").cores, 2)
        self.assertEqual(self.server.stop(), 0)
        verified = self.server_verify()
        fault_row(26, f"over a socket {INPUTS} inputs for each of "
                  f"{len(self.methods)} RPCs ({accepted} accepted): 0 crashes, "
                  "0 INTERNAL or UNKNOWN, every INVALID_ARGUMENT of a message "
                  f"with its field; slowest {slowest:.3f} s; store {verified}")

    def server_verify(self):
        """What modboundd --verify says at the end."""
        done = verify(self.server.data_dir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.split(":")[0].strip()


if __name__ == "__main__":
    unittest.main()
