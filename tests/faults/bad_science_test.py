"""Inputs that are no science, for every kind: refused, failed or documented."""

import unittest

import grpc
import numpy

from fault_row import fault_row
from modbound import contract
from raw_calls import (RawCallsTest, complaint, kinds, seed_job, seed_values,
                       set_array)
from service import TIME_FACTOR

# Seconds in which each job has ended.
MOST_SECONDS = 60 * TIME_FACTOR
SMALL = {"max_steps": 3, "eval_trials": 5, "trials": 5, "runs": 3,
         "null_count": 10, "permutations": 10, "repeats": 2, "controls": 2,
         "grid": 3}


def with_values(values, change):
    """A copy as floats, changed in place where `change` says."""
    values = numpy.array(values, float)
    change(values)
    return values


def set_first(value):
    def change(values):
        values.flat[0] = value
    return change


def disconnect(values):
    values[...] = numpy.where(values == 0.25, 0, values)


def make_asymmetric(values):
    values.flat[min(1, values.size - 1)] = 9


# name -> what becomes of good values.
FAULTS = {
    "NaN": lambda good: with_values(good, set_first(numpy.nan)),
    "infinity": lambda good: with_values(good, set_first(numpy.inf)),
    "negative": lambda good: with_values(good, lambda v: v.__imul__(-1)),
    "huge": lambda good: with_values(good, lambda v: v.fill(1e300)),
    "tiny": lambda good: with_values(good, lambda v: v.fill(5e-324)),
    "empty": lambda good: numpy.zeros([0] * good.ndim, good.dtype),
    "one": lambda good: numpy.ones([1] * good.ndim, good.dtype),
    "no rows": lambda good: good[:0],
    "one row": lambda good: good[:1],
    "another number of axes": lambda good: good[numpy.newaxis],
    "no axes": lambda good: good.flat[0],
    "asymmetric": lambda good: with_values(good, make_asymmetric),
    "disconnected": lambda good: with_values(good, disconnect),
    "constant": lambda good: numpy.ones_like(good),
    "zero": lambda good: numpy.zeros_like(good),
    "fraction": lambda good: with_values(good, lambda v: v.__iadd__(0.5)),
    "bool": lambda good: good > 0.5,
    "uint8": lambda good: (good * 4).astype("u1"),
    "int64": lambda good: (good * 4).astype("i8"),
    "float32": lambda good: good.astype("f4"),
    "numbers beyond int32": lambda good: numpy.full_like(good, 2**31, "i8"),
}


class BadScienceTest(RawCallsTest):

    def call(self, name, **fields):
        method = self.methods[name]
        return self.calls.call(method, [
            method.request(**fields).SerializeToString()],
            timeout=MOST_SECONDS)

    def small(self, kind, job):
        """The job with few steps, so that it is done soon."""
        spec = getattr(job.spec, kind)
        for name, value in SMALL.items():
            if name in spec.DESCRIPTOR.fields_by_name:
                setattr(spec, name, value)
        return job

    def jobs(self):
        """(kind, input, fault, Job)."""
        for kind, info in kinds(self.calls).items():
            good = self.small(kind, seed_job(info))
            yield kind, "", "none", good
            for taken in info.inputs:
                name = taken.name.replace("*", "a")
                for fault, change in FAULTS.items():
                    job = contract.message("Job")()
                    job.CopyFrom(good)
                    set_array(job.inputs[name],
                              numpy.asarray(change(seed_values(taken))))
                    yield kind, name, fault, job
                if not taken.optional and name in good.inputs:
                    job = contract.message("Job")()
                    job.CopyFrom(good)
                    del job.inputs[name]
                    yield kind, name, "missing", job

    def test_each_is_refused_or_ends(self):
        refused = failed = succeeded = 0
        accepted = []
        seen = set()
        for kind, name, fault, job in self.jobs():
            seen.add(kind)
            with self.subTest(kind=kind, input=name, fault=fault):
                answer = self.call("SubmitJob", job=job)
                self.assertEqual(complaint(answer), "")
                if fault == "none":
                    self.assertEqual(answer.code, "OK", answer)
                if fault in ("NaN", "infinity"):
                    self.assertEqual(
                        (answer.code, answer.reason.replace(
                            "BAD_LABELS", "NOT_FINITE")),
                        ("INVALID_ARGUMENT", "NOT_FINITE"), answer)
                if answer.code == "OK":
                    reply = contract.message("Job").FromString(
                        answer.replies[0])
                    accepted.append((kind, name, fault, reply.id))
                else:
                    self.assertTrue(
                        answer.field.startswith(("inputs.", "spec.")), answer)
                    refused += 1
        self.assertEqual(seen, set(contract.kinds()))
        for kind, name, fault, job_id in accepted:
            with self.subTest(kind=kind, input=name, fault=fault):
                job = self.ended(job_id)
                state = contract.state_name(job.state)
                self.assertIn(state, ("SUCCEEDED", "FAILED"))
                if state == "FAILED":
                    self.check_error(job.error)
                    self.assertNotEqual(fault, "none", job.error.message)
                    failed += 1
                else:
                    succeeded += 1
        state = contract.message("QueueState").FromString(
            self.call("GetQueueState").replies[0])
        self.assertEqual((state.waiting, state.queued, state.running),
                         (0, 0, 0))
        fault_row(28, f"{refused + len(accepted)} jobs of {len(seen)} kinds "
                  f"with {len(FAULTS) + 1} faults in each input: {refused} "
                  f"refused with their field, {failed} FAILED with a reason of "
                  f"the catalogue, {succeeded} with a result; 0 hang")

    def ended(self, job_id):
        """The job once it has ended."""
        answer = self.call("WatchJob", id=job_id)
        self.assertEqual(answer.code, "OK", answer)
        return contract.message("Job").FromString(
            self.call("GetJob", id=job_id).replies[0])

    def check_error(self, error):
        """One reason of the catalogue, and not INTERNAL."""
        details = {detail.type_url.rsplit("/", 1)[1]: detail.value
                   for detail in error.details}
        reason = contract.message("google.rpc.ErrorInfo").FromString(
            details["google.rpc.ErrorInfo"]).reason
        code = next(code.name for code in grpc.StatusCode
                    if code.value[0] == error.code)
        known = contract.comment(f"modbound.v1.ErrorReason.Reason.{reason}")
        self.assertIn(code, known, error)
        self.assertNotEqual(reason, "INTERNAL", error)
        self.assertTrue(error.message)


if __name__ == "__main__":
    unittest.main()
