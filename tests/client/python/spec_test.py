"""Keyword arguments to specs, messages to plain values, arrays to bytes."""

import pickle
import unittest

import numpy

import modbound
from modbound import arrays, contract, methods, spec, values


def train(**keywords):
    message = contract.message("TrainSpec")()
    spec.fill(message, keywords, "spec.train")
    return message


class SpecTest(unittest.TestCase):

    def refused(self, reason, field, **keywords):
        with self.assertRaises(modbound.InvalidArgument) as caught:
            train(**keywords)
        self.assertEqual(caught.exception.reason, reason)
        self.assertEqual(caught.exception.field, field)
        return str(caught.exception)

    def test_a_string_for_a_message_with_a_name_sets_the_name(self):
        by_word = train(task="GO_NOGO")
        self.assertEqual(by_word, train(task={"name": "GO_NOGO"}))
        self.assertEqual(by_word.task.name, 2)

    def test_none_leaves_a_field_unset_and_a_written_zero_is_set(self):
        message = train(seed=0, batch_size=None)
        self.assertTrue(message.HasField("seed"))
        self.assertFalse(message.HasField("batch_size"))

    def test_numpy_scalars_and_whole_floats_are_whole_numbers(self):
        message = train(seed=numpy.int64(7), batch_size=8.0)
        self.assertEqual((message.seed, message.batch_size), (7, 8))

    def test_an_array_fills_a_list_field(self):
        message = train(task={"name": 1, "coherences": numpy.array([0, 12.8])})
        self.assertEqual(list(message.task.coherences), [0, 12.8])

    def test_an_unknown_field_is_refused_with_the_nearest_known_one(self):
        text = self.refused("UNKNOWN_FIELD", "spec.train.batchsize",
                            batchsize=3)
        self.assertIn("batch_size", text)

    def test_an_unknown_word_is_refused_with_the_words_there_are(self):
        text = self.refused("OUT_OF_RANGE", "spec.train.task.name", task="GO")
        self.assertIn("GO_NOGO", text)

    def test_values_of_another_type_are_refused(self):
        for value in (-1, 2.5, "x", True, 2**64, [1]):
            self.refused("OUT_OF_RANGE", "spec.train.seed", seed=value)
        self.refused("OUT_OF_RANGE", "spec.train.target_accuracy",
                     target_accuracy=True)
        self.refused("OUT_OF_RANGE", "spec.train.model", model=3)
        self.refused("OUT_OF_RANGE", "spec.train.task.coherences",
                     task={"coherences": "5"})


class ContractTest(unittest.TestCase):

    def test_every_kind_is_a_method_with_its_fields(self):
        for kind, descriptor in contract.kinds().items():
            method = getattr(modbound.Lab, kind)
            for field in descriptor.fields:
                self.assertIn(f"  {field.name}: ", method.__doc__)
        self.assertIn("[default 16; >= 1, <= 4096]",
                      " ".join(modbound.Lab.train.__doc__.split()))

    def test_every_field_of_the_contract_has_a_comment(self):
        def walk(descriptor):
            for field in descriptor.fields:
                # One of several messages has its comment at the message. Paired
                # fields share the comment above the first.
                if not (field.containing_oneof and field.message_type or
                        field.name == "asymmetry_column"):
                    yield field.full_name
            for nested in descriptor.nested_types:
                if not nested.GetOptions().map_entry:
                    yield from walk(nested)

        def files(file):
            yield file
            for other in file.dependencies:
                yield from files(other)

        seen = set()
        for name in ("Job", "UploadRequest", "ServerInfo"):
            for file in files(contract.message(name).DESCRIPTOR.file):
                if file.package == contract.PACKAGE:
                    for message in file.message_types_by_name.values():
                        seen.update(walk(message))
        self.assertGreater(len(seen), 300)
        for full_name in sorted(seen):
            self.assertTrue(contract.comment(full_name), full_name)

    def test_summary_and_spec_have_the_same_kinds(self):
        summaries = contract.message(
            "Summary").DESCRIPTOR.oneofs_by_name["kind"].fields
        self.assertEqual([(f.name, f.number) for f in summaries],
                         [(f.name, f.number)
                          for f in contract.message("Spec").DESCRIPTOR.fields])

    def test_methods_come_from_descriptors_alone(self):
        cls = methods.add_methods(type("Other", (), {}),
                                  lambda kind: lambda self, **_: kind)
        self.assertEqual(cls().partition(), "partition")


class ValuesTest(unittest.TestCase):

    def test_a_record_has_every_field_and_none_where_unset(self):
        summary = contract.message("TrainSummary")(accuracy=0.5, stop_reason=2)
        record = values.plain(summary)
        self.assertEqual(record.accuracy, 0.5)
        self.assertIsNone(record.accuracy_zero)
        self.assertEqual(record["stop_reason"], "MAX_STEPS")
        self.assertEqual(set(record),
                         {f.name for f in summary.DESCRIPTOR.fields})
        with self.assertRaises(AttributeError):
            record.acuracy

    def test_times_are_datetimes_and_durations_seconds(self):
        job = contract.message("Job")()
        job.submit_time.seconds = 86400
        job.max_run_time.seconds = 2
        job.max_run_time.nanos = 500000000
        record = values.plain(job)
        self.assertEqual(record.submit_time.isoformat(),
                         "1970-01-02T00:00:00+00:00")
        self.assertEqual(record.max_run_time, 2.5)

    def test_errors_survive_pickling(self):
        error = modbound.JobFailed("m", "R", "f", "ABORTED", "j1")
        other = pickle.loads(pickle.dumps(error))
        self.assertEqual((other.message, other.reason, other.field, other.code,
                          other.job), ("m", "R", "f", "ABORTED", "j1"))


class ArraysTest(unittest.TestCase):

    def test_any_order_and_endianness_becomes_little_endian_rows(self):
        rows = numpy.arange(12, dtype="<f8").reshape(3, 4)
        for array in (rows, numpy.asfortranarray(rows), rows.astype(">f8"),
                      rows[::-1][::-1], rows.tolist()):
            self.assertEqual(
                arrays.little_endian(array, "x").tobytes(), rows.tobytes())

    def test_shape_and_type_survive_the_wire(self):
        for array in (numpy.array(3.5), numpy.zeros((0, 4), "f4"),
                      numpy.ones((2, 3), bool), numpy.arange(3, dtype="i4")):
            sent = arrays.little_endian(array, "x")
            message = arrays.describe(sent)
            back = arrays.from_bytes(message, sent.tobytes())
            self.assertEqual(back.dtype, array.dtype)
            self.assertEqual(back.shape, array.shape)
            self.assertTrue(numpy.array_equal(back, array))

    def test_types_that_no_input_takes_are_refused(self):
        for array in (numpy.ones(2, "f2"), numpy.ones(2, complex),
                      numpy.array(["a"]), [{}], [[1], [1, 2]]):
            with self.assertRaises(modbound.InvalidArgument):
                arrays.little_endian(array, "inputs.x")

    def test_an_upload_goes_on_where_it_broke_off(self):
        array = numpy.arange(200000, dtype="f8")
        pieces = list(arrays.upload_requests(array, "d", "id",
                                             arrays.CHUNK_BYTES))
        self.assertEqual(pieces[0].header.upload_id, "id")
        self.assertEqual(pieces[1].chunk.offset, arrays.CHUNK_BYTES)
        self.assertEqual(b"".join(p.chunk.data for p in pieces[1:]),
                         array.tobytes()[arrays.CHUNK_BYTES:])

    def test_a_damaged_chunk_is_refused(self):
        reply = contract.message("DownloadResponse")(data=b"abcd", crc32=1)
        with self.assertRaises(modbound.DataLoss):
            arrays.Receiver("").take(reply)


if __name__ == "__main__":
    unittest.main()
