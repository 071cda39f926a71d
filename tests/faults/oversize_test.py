"""Requests far too large are refused before memory is taken for them."""

import os
import unittest

from fault_row import fault_row
from modbound import contract
from raw_calls import RawCalls, complaint, kinds, methods, seed_job
from service import KEPT_MIB, Server, TIME_FACTOR

MIB = 1 << 20
MOST_GROWTH = (16 + KEPT_MIB) * MIB
HUGE = 10**9
# What may be as large as it likes: it is only a number.
FREE = {"seed"}


def status_kib(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise AssertionError(name)


def integer_fields(descriptor, path=()):
    """Paths of all single integers of a spec."""
    for field in descriptor.fields:
        if contract.is_repeated(field):
            continue
        if field.message_type is not None:
            yield from integer_fields(field.message_type,
                                      path + (field.name,))
        elif field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_INT64,
                                field.CPPTYPE_UINT32, field.CPPTYPE_UINT64):
            yield path + (field.name,)


class OversizeTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = Server(flags=["--log_level=error"])
        cls.addClassCleanup(cls.server.close)
        cls.calls = RawCalls(cls.server.address)
        cls.addClassCleanup(cls.calls.close)
        cls.methods = {method.name: method for method in methods()}
        cls.kinds = kinds(cls.calls)

    def request(self, name, **fields):
        return self.methods[name].request(**fields)

    def refused(self, name, messages, *reasons):
        """Sends messages that must be refused soon."""
        if not isinstance(messages, list):
            messages = [messages]
        answer = self.calls.call(
            self.methods[name],
            [message if isinstance(message, bytes) else
             message.SerializeToString() for message in messages])
        told = f"{name}: {answer._replace(message=answer.message[:200])}"
        if answer.reason:
            self.assertEqual(complaint(answer), "", told)
        else:  # gRPC's own refusal
            self.assertEqual(answer.code, "RESOURCE_EXHAUSTED", told)
        self.assertIn(answer.reason, reasons, told)
        self.assertLess(answer.seconds, 2 * TIME_FACTOR, told)
        self.refusals += 1

    def messages_of_many_bytes(self):
        for size, reason in ((MIB + 1, "TOO_LARGE"), (4 * MIB + 1, "")):
            for name in self.methods:
                # Field 1 of any type is a string or message in no other form.
                length = size - 5
                prefix = bytes([0x0a]) + bytes(
                    [length & 127 | 128, length >> 7 & 127 | 128,
                     length >> 14 & 127 | 128, length >> 21])
                self.refused(name, prefix + bytes(length), reason)
        self.refused("GetJob", b"\x0b" * 10000, "BAD_TEXT")
        self.refused("SubmitJob", b"\x0b" * 10000, "BAD_TEXT")

    def lists_of_many_items(self):
        job = seed_job(self.kinds["quality"])
        # Refused by its bytes.
        large = self.request("SubmitJob", job=job)
        for i in range(10**6):
            large.job.labels[str(i)] = ""
        self.refused("SubmitJob", large, "")
        # As many as fit a message.
        job.labels.update({f"{i:x}": "" for i in range(80000)})
        self.refused("SubmitJob", self.request("SubmitJob", job=job),
                     "TOO_LARGE")
        job = seed_job(self.kinds["quality"])
        job.inputs["matrix"].shape[:] = [1] * 10**6
        self.refused("SubmitJob", self.request("SubmitJob", job=job),
                     "TOO_LARGE")
        job = seed_job(self.kinds["quality"])
        job.inputs["matrix"].axes[:] = ["a"] * 300000
        self.refused("SubmitJob", self.request("SubmitJob", job=job),
                     "TOO_LARGE")
        job = seed_job(self.kinds["train"])
        job.spec.train.task.coherences[:] = [1] * 100000
        self.refused("SubmitJob", self.request("SubmitJob", job=job),
                     "TOO_LARGE")
        self.refused("SubmitGraph", b"\x12\x00" * 500000, "TOO_LARGE")
        self.refused("FindMissing", self.request(
            "FindMissing", artifacts=["0" * 64] * 10001), "TOO_LARGE")
        self.refused("FindMissing", b"\x0a\x00" * 500000, "TOO_LARGE")
        self.refused("ListJobs", self.request("ListJobs", page_size=HUGE),
                     "OUT_OF_RANGE")
        self.refused("ListJobs", self.request("ListJobs", filter=dict(
            kinds=[""] * 500000)), "TOO_LARGE")

    def shapes_of_many_elements(self):
        for shape in ([HUGE], [1 << 32, 1 << 32], [1 << 62, 4],
                      [(1 << 63) - 1, 2], [3037000500, 3037000500],
                      [(1 << 63) - 1] * 8):
            for data in (b"", bytes(8)):
                job = seed_job(self.kinds["quality"])
                job.inputs["matrix"].shape[:] = shape
                job.inputs["matrix"].inline = data
                self.refused("SubmitJob", self.request("SubmitJob", job=job),
                             "WRONG_SHAPE")
            self.refused("Download", self.request("Download", format="NPY",
                                                  array=dict(
                dtype=2, shape=shape, artifact="0" * 64)), "ARTIFACT_NOT_FOUND")
            if shape != [HUGE]:
                self.refused("Upload", self.request("Upload", header=dict(
                    dtype=2, shape=shape)), "TOO_LARGE")
        # 1 GiB is announced and does not come.
        self.refused("Upload", [
            self.request("Upload", header=dict(dtype=2, shape=[1 << 27],
                                               upload_id="claim")),
            self.request("Upload", chunk=dict(data=bytes(16),
                                              crc32=0xecbb4b55))],
            "BAD_CHUNK")
        folder = os.path.join(self.server.data_dir, "uploads")
        for name in os.listdir(folder):
            self.assertLess(os.stat(os.path.join(folder, name)).st_blocks * 512,
                            MIB, name)

    def numbers_without_bound(self):
        for name, kind in self.kinds.items():
            spec = contract.kinds()[name]
            for path in integer_fields(spec):
                if path[-1] in FREE:
                    continue
                request = self.request("SubmitJob", job=seed_job(kind))
                at = getattr(request.job.spec, name)
                for step in path[:-1]:
                    at = getattr(at, step)
                setattr(at, path[-1], HUGE)
                with self.subTest(kind=name, field=path):
                    answer = self.calls.call(
                        self.methods["SubmitJob"],
                        [request.SerializeToString()])
                    self.assertIn(
                        (answer.code, answer.reason),
                        (("INVALID_ARGUMENT", "OUT_OF_RANGE"),
                         ("INVALID_ARGUMENT", "CONTRADICTION"),
                         ("RESOURCE_EXHAUSTED", "MEMORY_LIMIT")), answer)
                    if answer.reason != "MEMORY_LIMIT":
                        self.assertIn(path[-1], answer.field)
                    self.refusals += 1

    def test_memory_does_not_grow(self):
        self.refusals = 0
        # Requests of the largest size that gRPC takes, so that its buffers are
        # there.
        for _ in range(2):
            for method in self.methods.values():
                self.calls.call(method, [bytes(4 * MIB)])
        job = seed_job(self.kinds["quality"])
        self.calls.call(self.methods["SubmitJob"], [self.request(
            "SubmitJob", job=job).SerializeToString()])
        pid = self.server.process.pid
        with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
            refs.write("5")  # the peak begins anew
        before = status_kib(pid, "VmRSS")
        for refuse in (self.messages_of_many_bytes, self.lists_of_many_items,
                       self.shapes_of_many_elements,
                       self.numbers_without_bound):
            refuse()
        growth = 1024 * (status_kib(pid, "VmHWM") - before)
        self.assertIsNone(self.server.process.poll())
        self.assertLess(growth, MOST_GROWTH)
        fault_row(27, f"{self.refusals} requests of 4 MiB + 1, 10^6 labels, "
                  "depth 10,000, 10^9 elements, products beyond int64, 10^9 "
                  "in each number of every kind: all refused; peak RSS "
                  f"+{growth / MIB:.1f} MiB")


if __name__ == "__main__":
    unittest.main()
