"""Inputs that are no science, for every kind: refused, failed or documented."""

import unittest
import zlib

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
         "grid": 3, "sets": 2, "samples_per_set": 2, "epochs": 1}


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


# Of these also by upload.
UPLOADED = ("NaN", "infinity", "empty", "asymmetric", "another number of axes",
            "fraction", "uint8")
# DType -> NumPy's word.
FLOATS = {1: "f4", 2: "f8"}


def floats(message):
    """(field, values) of each float field in a message and those in it."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in value if contract.is_repeated(field) else [value]:
                yield from floats(one)
        elif field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
            yield field, numpy.atleast_1d(numpy.array(value, float))


def details_of(error):
    """(reason, field) of a google.rpc.Status; field "" = none."""
    details = {detail.type_url.rsplit("/", 1)[1]: detail.value
               for detail in error.details}
    reason = contract.message("google.rpc.ErrorInfo").FromString(
        details["google.rpc.ErrorInfo"]).reason
    fields = contract.message("google.rpc.BadRequest").FromString(
        details.get("google.rpc.BadRequest", b"")).field_violations
    return reason, fields[0].field if fields else ""


class BadScienceTest(RawCallsTest):

    def setUp(self):
        super().setUp()
        self.kinds = kinds(self.calls)

    def call(self, name, **fields):
        method = self.methods[name]
        return self.calls.call(method, [
            method.request(**fields).SerializeToString()],
            timeout=MOST_SECONDS)

    def small(self, kind, job):
        """The job with few steps, so that it is done soon."""
        spec = getattr(job.spec, kind)
        for name, value in SMALL.items():
            # Of statistics they go with one test alone, not the example's.
            if kind == "statistics" and name == "permutations":
                continue
            if name in spec.DESCRIPTOR.fields_by_name:
                setattr(spec, name, value)
        return job

    def jobs(self):
        """(kind, input, fault, Job)."""
        for kind, info in self.kinds.items():
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
        refused = failed = succeeded = numbers = 0
        accepted = []
        seen = set()
        for kind, name, fault, job in self.jobs():
            seen.add(kind)
            with self.subTest(kind=kind, input=name, fault=fault):
                answer = self.call("SubmitJob", job=job)
                self.assertEqual(complaint(answer), "")
                if fault == "none":
                    self.assertEqual(answer.code, "OK", answer)
                # Values of a sample may be missing (NaN).
                if fault in ("NaN", "infinity") and kind != "statistics":
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
                    numbers += self.check_result(job)
        state = contract.message("QueueState").FromString(
            self.call("GetQueueState").replies[0])
        self.assertEqual((state.waiting, state.queued, state.running),
                         (0, 0, 0))
        fault_row(28, f"{refused + len(accepted)} jobs of {len(seen)} kinds "
                  f"with {len(FAULTS) + 1} faults in each input: {refused} "
                  f"refused with their field, {failed} FAILED with a reason of "
                  f"the catalogue, {succeeded} with a result, of whose {numbers} "
                  "numbers those not finite are told of by the contract; 0 "
                  "hang")

    def ended(self, job_id):
        """The job once it has ended."""
        answer = self.call("WatchJob", id=job_id)
        self.assertEqual(answer.code, "OK", answer)
        return contract.message("Job").FromString(
            self.call("GetJob", id=job_id).replies[0])

    def verdict(self, job):
        """(code, reason, field) of a job: of its refusal, or of its end."""
        answer = self.call("SubmitJob", job=job)
        self.assertEqual(complaint(answer), "")
        if answer.code != "OK":
            return answer.code, answer.reason, answer.field
        return self.verdict_of_end(self.ended(
            contract.message("Job").FromString(answer.replies[0]).id))

    def verdict_of_end(self, job):
        if contract.state_name(job.state) == "SUCCEEDED":
            self.check_result(job)
            return "OK", "", ""
        self.check_error(job.error)
        code = next(code.name for code in grpc.StatusCode
                    if code.value[0] == job.error.code)
        reason, field = details_of(job.error)
        return code, reason, field

    def upload(self, values):
        """Sends an array's bytes; the Array that names them."""
        method = self.methods["Upload"]
        array = contract.message("Array")()
        set_array(array, values)
        data = array.inline
        messages = [method.request(header=dict(dtype=array.dtype,
                                               shape=array.shape))]
        if data:
            messages.append(method.request(chunk=dict(
                data=data, crc32=zlib.crc32(data))))
        answer = self.calls.call(method, [message.SerializeToString()
                                          for message in messages])
        self.assertEqual(answer.code, "OK", answer)
        return method.reply.FromString(answer.replies[0]).array

    def test_an_uploaded_array_has_the_verdict_of_an_inline_one(self):
        count = 0
        for kind, name in (("partition", "matrix"), ("reduce", "activity"),
                           ("quality", "labels")):
            good = self.small(kind, seed_job(self.kinds[kind]))
            taken = next(taken for taken in self.kinds[kind].inputs
                         if taken.name == name)
            for fault in UPLOADED:
                values = numpy.asarray(FAULTS[fault](seed_values(taken)))
                job = contract.message("Job")()
                job.CopyFrom(good)
                job.no_cache = True
                set_array(job.inputs[name], values)
                inline = self.verdict(job)
                job.inputs[name].CopyFrom(self.upload(values))
                self.assertEqual(self.verdict(job), inline,
                                 (kind, name, fault))
                if fault in ("NaN", "infinity"):
                    self.assertEqual(inline[0], "INVALID_ARGUMENT")
                count += 1
        fault_row(28, f"{count} arrays by upload: the verdict, reason and "
                  "field of the inline ones")

    def test_an_output_has_the_verdict_of_its_values(self):
        """An array that a job made is not looked at before it is there."""
        def changed(kind, name, fault):
            job = self.small(kind, seed_job(self.kinds[kind]))
            taken = next(taken for taken in self.kinds[kind].inputs
                         if taken.name == name)
            set_array(job.inputs[name],
                      numpy.asarray(FAULTS[fault](seed_values(taken))))
            return job
        told = []
        for producer, output, kind, name, units, reason in (
                # Correlations with what does not vary are NaN.
                (changed("selectivity", "activity", "constant"), "r",
                 "reduce", "activity", 1, "NOT_FINITE"),
                # Readouts of weights of 1e300 are infinite.
                (changed("simulate", "w_out", "huge"), "outputs",
                 "reduce", "activity", 3, "NOT_FINITE"),
                (seed_job(self.kinds["quality"]), "quality",
                 "partition", "matrix", None, "WRONG_SHAPE"),
                (seed_job(self.kinds["reduce"]), "reconstruction_r_time",
                 "quality", "labels", None, "BAD_LABELS")):
            consumer = self.small(kind, seed_job(self.kinds[kind]))
            if units is not None:
                set_array(consumer.inputs["labels"],
                          numpy.zeros(units, numpy.int32))
            consumer.inputs[name].Clear()
            consumer.inputs[name].output.job = "producer"
            consumer.inputs[name].output.output = output
            graph = self.methods["SubmitGraph"].request()
            graph.nodes.add(name="producer").job.CopyFrom(producer)
            graph.nodes.add(name="consumer").job.CopyFrom(consumer)
            answer = self.call("SubmitGraph", **{
                field.name: value for field, value in graph.ListFields()})
            if answer.code == "OK":
                jobs = self.methods["SubmitGraph"].reply.FromString(
                    answer.replies[0]).jobs
                self.assertEqual(
                    contract.state_name(self.ended(jobs[0].id).state),
                    "SUCCEEDED")
                found = self.verdict_of_end(self.ended(jobs[1].id))
                # Named now that it is there, it is refused at once.
                consumer.inputs[name].output.job = jobs[0].id
                self.assertEqual(self.verdict(consumer), found)
            else:
                found = answer.code, answer.reason, answer.field
            told.append(found)
            self.assertEqual(found[1], reason, (kind, name, found))
            self.assertIn(f"inputs.{name}", found[2])
        fault_row(28, f"{len(told)} outputs of other jobs with NaN, infinity, a "
                  "wrong shape or no labels: named as inputs of the next job")

    def numbers(self, job):
        """(name, comment, values) of each float in the job's result."""
        kind = job.spec.WhichOneof("kind")
        for field, values in floats(job.summary):
            yield field.full_name, contract.comment(field.full_name), values
        outputs = {output.name: output.comment
                   for output in self.kinds[kind].outputs}
        for name, array in job.outputs.items():
            if array.dtype in FLOATS:
                answer = self.call("Download", array=array)
                self.assertEqual(answer.code, "OK", answer)
                data = b"".join(
                    contract.message("DownloadResponse").FromString(reply).data
                    for reply in answer.replies)
                base = name.split("/")[0]
                yield (f"{kind} {name}",
                       outputs[name if name in outputs else f"{base}/*"],
                       numpy.frombuffer(data, FLOATS[array.dtype]))

    def check_result(self, job):
        """NaN and infinity only where the contract tells of them; how many
        numbers were read."""
        count = 0
        for name, comment, values in self.numbers(job):
            count += values.size
            if numpy.isnan(values).any():
                self.assertIn("NaN", comment, name)
            if numpy.isinf(values).any():
                self.assertIn("infinit", comment, name)
        return count

    def check_error(self, error):
        """One reason of the catalogue, and not INTERNAL."""
        reason, _ = details_of(error)
        code = next(code.name for code in grpc.StatusCode
                    if code.value[0] == error.code)
        known = contract.comment(f"modbound.v1.ErrorReason.Reason.{reason}")
        self.assertIn(code, known, error)
        self.assertNotEqual(reason, "INTERNAL", error)
        self.assertTrue(error.message)


if __name__ == "__main__":
    unittest.main()
