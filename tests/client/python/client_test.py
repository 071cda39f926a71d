"""The client against a server that fails in every way a server can."""

import asyncio
import datetime
import pickle
import subprocess
import sys
import unittest
import zlib
from unittest import mock

import grpc
import numpy

import modbound
import modbound.aio
from fake_server import FakeServer, refuse
from modbound import arrays, calls, contract

STATES = {word.name: word.number for word in contract.message(
    "JobState").DESCRIPTOR.enum_types_by_name["State"].values}


def kinds(_request, _context):
    reply = contract.message("ListKindsResponse")()
    quality = reply.kinds.add(kind="quality")
    quality.inputs.add(name="matrix")
    quality.inputs.add(name="labels")
    simulate = reply.kinds.add(kind="simulate")
    for name in ("w_in", "w_rec"):
        simulate.inputs.add(name=name, group="network")
    selectivity = reply.kinds.add(kind="selectivity")
    selectivity.inputs.add(name="activity")
    selectivity.inputs.add(name="variables/*")
    return reply


def job(state="QUEUED", **fields):
    return contract.message("Job")(id="j1", kind="quality",
                                   state=STATES[state], **fields)


def event(state, token):
    message = contract.message("JobEvent")(resume_token=token)
    message.state_change.state = STATES[state]
    return message


class ClientTest(unittest.TestCase):

    def serve(self, **methods):
        methods.setdefault("ListKinds", kinds)
        methods.setdefault("SubmitJob", lambda request, _: job())
        server = FakeServer(methods)
        self.addCleanup(server.stop)
        self.server = server
        lab = modbound.connect(server.address)
        self.addCleanup(lab.close)
        return lab

    def sent(self, method):
        return [request for name, request in self.server.calls
                if name == method]

    def submitted(self, method="SubmitJob"):
        return self.sent(method)[-1].job

    def test_small_arrays_go_inline_with_type_and_shape(self):
        lab = self.serve()
        lab.quality(matrix=numpy.eye(3), labels=[0, 1, 1], gamma=2)
        sent = self.submitted()
        self.assertEqual(sent.spec.quality.gamma, 2)
        self.assertEqual(list(sent.inputs["matrix"].shape), [3, 3])
        self.assertEqual(sent.inputs["matrix"].inline, numpy.eye(3).tobytes())
        self.assertEqual(sent.inputs["labels"].inline,
                         numpy.array([0, 1, 1], "<i8").tobytes())

    def test_handles_outputs_groups_and_text_are_references(self):
        lab = self.serve()
        first = lab.simulate()
        lab.simulate(network=first)
        self.assertEqual(self.submitted().inputs["network"].output.job, "j1")
        lab.simulate(network={"w_in": numpy.eye(2), "w_rec": first})
        self.assertEqual(set(self.submitted().inputs), {"w_in", "w_rec"})
        lab.quality(matrix=first["similarity"], labels="j9/run_labels")
        sent = self.submitted().inputs
        self.assertEqual(sent["matrix"].output.output, "similarity")
        self.assertEqual((sent["labels"].output.job,
                          sent["labels"].output.output), ("j9", "run_labels"))
        lab.selectivity(activity=first, variables={"x": numpy.ones(3)})
        self.assertIn("variables/x", self.submitted().inputs)

    def test_labels_of_text_are_the_jobs_and_arrays_are_the_input(self):
        lab = self.serve()
        lab.quality(matrix=numpy.eye(2), labels={"figure": "3"}, priority=5,
                    max_run_time=1.5)
        sent = self.submitted()
        self.assertEqual(dict(sent.labels), {"figure": "3"})
        self.assertNotIn("labels", sent.inputs)
        self.assertEqual(sent.priority, 5)
        self.assertEqual(sent.max_run_time.nanos, 500000000)
        lab.quality(matrix=numpy.eye(2), labels=[0, 1], job_labels={"a": "b"})
        self.assertEqual(dict(self.submitted().labels), {"a": "b"})
        self.assertIn("labels", self.submitted().inputs)

    def test_wrong_keywords_of_the_job_are_refused_by_name(self):
        lab = self.serve()
        matrix = numpy.eye(2)
        for name, values in {
                "job_labels": ({"s": 7}, {7: "s"}, "s", [("a", "b")],
                               {"s": "\udcff"}),
                "labels": ({"s": 7}, {"s": None}),
                "priority": ("high", 1.5, 2**40, True, [1]),
                "max_run_time": ("1h", True, float("nan"), float("inf"), 1e300),
                "deadline": ("tomorrow", 5),
                "request_id": (5, 0, b"a", "\udcff")}.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    with self.assertRaises(modbound.InvalidArgument) as caught:
                        lab.quality(matrix=matrix, **{name: value})
                    self.assertEqual(caught.exception.field, name)
                    self.assertEqual(caught.exception.reason, "OUT_OF_RANGE")
                    self.assertTrue(str(caught.exception).startswith(
                        f"OUT_OF_RANGE: {name} is "), caught.exception)
        with self.assertRaises(modbound.InvalidArgument) as caught:
            lab.quality(matrix=matrix, labels={"s": 7})
        self.assertIn("job_labels=", str(caught.exception))
        with self.assertRaises(modbound.InvalidArgument):
            lab.run_graph({"a": ("quality", {})}, request_id=5)
        self.assertEqual(self.sent("SubmitJob") + self.sent("SubmitGraph"), [])

    def test_numbers_of_the_job_come_in_any_form(self):
        lab = self.serve()
        for priority, seconds in ((7, 2), (numpy.int64(7), numpy.float32(2)),
                                  (7.0, datetime.timedelta(seconds=2))):
            lab.quality(priority=priority, max_run_time=seconds)
            sent = self.submitted()
            self.assertEqual((sent.priority, sent.max_run_time.seconds),
                             (7, 2))

    def test_an_unknown_keyword_is_refused_before_anything_is_submitted(self):
        lab = self.serve()
        with self.assertRaises(modbound.InvalidArgument) as caught:
            lab.quality(matrx=numpy.eye(2))
        self.assertIn("matrix", str(caught.exception))
        self.assertEqual(self.sent("SubmitJob"), [])

    def test_a_call_is_tried_again_under_the_same_request_id(self):
        tries = []

        def submit(request, context):
            tries.append(request.request_id)
            if len(tries) < 3:
                context.abort(grpc.StatusCode.UNAVAILABLE, "starting")
            return job()

        self.serve(SubmitJob=submit).quality()
        self.assertEqual(len(tries), 3)
        self.assertEqual(len(set(tries)), 1)

    def test_no_other_error_is_tried_again_and_it_is_typed(self):
        def submit(_request, context):
            refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "OUT_OF_RANGE",
                   "spec.quality.gamma", "gamma is 0")

        lab = self.serve(SubmitJob=submit)
        with self.assertRaises(modbound.InvalidArgument) as caught:
            lab.quality(gamma=0)
        error = caught.exception
        self.assertEqual((error.code, error.reason, error.field, error.message),
                         ("INVALID_ARGUMENT", "OUT_OF_RANGE",
                          "spec.quality.gamma", "gamma is 0"))
        self.assertEqual(len(self.sent("SubmitJob")), 1)

    def test_watching_goes_on_after_a_break_without_gaps(self):
        def watch(request, context):
            if not request.resume_token:
                snapshot = contract.message("JobEvent")(resume_token="a")
                snapshot.snapshot.CopyFrom(job())
                yield snapshot
                yield event("RUNNING", "b")
                context.abort(grpc.StatusCode.UNAVAILABLE, "killed")
            self.assertEqual(request.resume_token, "b")
            yield event("SUCCEEDED", "c")

        handle = self.serve(WatchJob=watch).quality()
        self.assertEqual([seen.state for seen in handle.watch()],
                         ["QUEUED", "RUNNING", "SUCCEEDED"])

    def test_every_way_a_stream_breaks_is_survived(self):
        codes = [grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL,
                 grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED,
                 grpc.StatusCode.UNAVAILABLE]

        def watch(request, context):
            yield event("RUNNING", request.resume_token + "a")
            if len(request.resume_token) < len(codes):
                context.abort(codes[len(request.resume_token)], "cut")
            yield event("SUCCEEDED", "b")

        def get(_request, _context):
            return job("SUCCEEDED")

        handle = self.serve(WatchJob=watch, GetJob=get).quality()
        seen = [one.state for one in handle.watch()]
        self.assertEqual(seen, 6 * ["RUNNING"] + ["SUCCEEDED"])
        self.assertEqual(handle.wait().id, "j1")
        self.assertEqual(len(self.sent("WatchJob")), 12)

        async def use():
            async with modbound.aio.connect(self.server.address) as lab:
                twin = await lab.quality()
                seen = [one.state async for one in twin.watch()]
                await (await lab.quality()).wait()
                return seen

        self.assertEqual(asyncio.run(use()), seen)
        self.assertEqual(len(self.sent("WatchJob")), 24)

    def test_a_log_goes_on_after_a_break_without_gaps(self):
        piece = contract.message("GetLogsResponse")

        def logs(request, context):
            self.assertTrue(request.follow)
            if request.offset == 0:
                yield piece(text="one\ntwo\n", next_offset=8)
                context.abort(grpc.StatusCode.UNAVAILABLE, "killed")
            self.assertEqual(request.offset, 8)
            yield piece(offset=108, text="three\n", next_offset=114,
                        dropped_bytes=100)

        handle = self.serve(GetLogs=logs).quality()
        lines = list(handle.logs(follow=True))
        self.assertEqual(lines[:2] + lines[3:], ["one", "two", "three"])
        self.assertIn("100 bytes", lines[2])

        async def use():
            async with modbound.aio.connect(self.server.address) as lab:
                twin = await lab.quality()
                return [line async for line in twin.logs(follow=True)]

        self.assertEqual(asyncio.run(use()), lines)

    def test_a_refused_stream_is_not_tried_again(self):
        def watch(_request, context):
            refuse(context, grpc.StatusCode.INTERNAL, "STORE", "", "disk")
            yield

        handle = self.serve(WatchJob=watch).quality()
        for run in (lambda: list(handle.watch()), handle.wait):
            with self.assertRaises(modbound.Internal):
                run()
        self.assertEqual(len(self.sent("WatchJob")), 2)

    def test_a_watch_gives_up_after_its_patience_without_progress(self):
        def watch(_request, context):
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            yield

        handle = self.serve(WatchJob=watch).quality()
        with mock.patch.object(calls, "WATCH_PATIENCE", 0.2):
            for run in (lambda: list(handle.watch()), handle.wait):
                with self.assertRaises(modbound.Unavailable):
                    run()

    def test_waiting_raises_what_the_job_ended_with(self):
        def watch(_request, _context):
            yield event("FAILED", "a")

        def get(_request, _context):
            failed = job("FAILED")
            failed.error.code = 10
            failed.error.message = "loss is NaN"
            return failed

        handle = self.serve(WatchJob=watch, GetJob=get).quality()
        with self.assertRaises(modbound.JobFailed) as caught:
            handle.wait()
        self.assertEqual(caught.exception.code, "ABORTED")
        self.assertIn("loss is NaN", str(caught.exception))

    def test_waiting_ends_with_a_timeout_while_the_job_runs(self):
        def watch(_request, context):
            yield event("RUNNING", "a")
            while context.is_active():
                yield contract.message("JobEvent")()

        handle = self.serve(WatchJob=watch).quality()
        with self.assertRaises(TimeoutError):
            handle.wait(timeout=0.05)

    def test_large_arrays_are_uploaded_once_and_go_on_after_a_break(self):
        array = numpy.arange(200000, dtype="f8")
        kept = bytearray()
        breaks = [True]

        def missing(request, _context):
            have = bytes(kept) == array.tobytes()
            return contract.message("FindMissingResponse")(
                missing=[] if have else request.artifacts)

        def upload(requests, context):
            for request in requests:
                if request.WhichOneof("part") == "header":
                    self.assertEqual(request.header.sha256,
                                     arrays.digest(array))
                    continue
                self.assertEqual(request.chunk.offset, len(kept))
                self.assertEqual(zlib.crc32(request.chunk.data),
                                 request.chunk.crc32)
                kept.extend(request.chunk.data)
                if breaks:
                    breaks.clear()
                    context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            reply = contract.message("UploadResponse")()
            reply.array.CopyFrom(arrays.describe(array))
            reply.array.artifact = arrays.digest(array)
            return reply

        def query(_request, _context):
            return contract.message("QueryUploadResponse")(
                committed_bytes=len(kept))

        lab = self.serve(FindMissing=missing, Upload=upload, QueryUpload=query)
        lab.quality(matrix=array)
        self.assertEqual(bytes(kept), array.tobytes())
        self.assertEqual(self.submitted().inputs["matrix"].artifact,
                         arrays.digest(array))
        lab.quality(matrix=array)
        self.assertEqual(len(self.sent("Upload")), 2)
        lab.quality(matrix=lab.upload(array))
        self.assertEqual(self.submitted().inputs["matrix"].artifact,
                         arrays.digest(array))

    def test_many_small_arrays_stay_below_the_largest_message(self):
        def missing(request, _context):
            return contract.message("FindMissingResponse")()

        lab = self.serve(FindMissing=missing)
        lab.selectivity(variables={f"v{i}": numpy.full(8000, float(i))
                                   for i in range(20)})
        self.assertLess(self.sent("SubmitJob")[-1].ByteSize(), 1 << 20)

    def download_lab(self, array, download):
        done = job("SUCCEEDED")
        done.outputs["quality"].CopyFrom(arrays.describe(array))
        done.outputs["quality"].artifact = arrays.digest(array)
        return self.serve(SubmitJob=lambda request, context: done,
                          Download=download)

    def test_arrays_come_on_use_and_go_on_after_a_break(self):
        array = numpy.arange(1000, dtype="f8").reshape(10, 100)
        data = array.tobytes()

        def download(request, context):
            piece = data[request.offset:request.offset + 5000]
            yield contract.message("DownloadResponse")(
                offset=request.offset, data=piece, crc32=zlib.crc32(piece))
            if request.offset + len(piece) < len(data):
                context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

        handle = self.download_lab(array, download).quality()
        self.assertEqual(list(handle.arrays), ["quality"])
        self.assertEqual(self.sent("Download"), [])
        found = handle.arrays["quality"]
        self.assertTrue(numpy.array_equal(found, array))
        self.assertEqual(len(self.sent("Download")), 2)
        with self.assertRaises(KeyError):
            handle.arrays["labels"]

    def test_each_piece_that_comes_renews_the_patience(self):
        array = numpy.arange(1000, dtype="f8")
        data = array.tobytes()
        kept = bytearray()

        def download(request, context):
            piece = data[request.offset:request.offset + 1000]
            yield contract.message("DownloadResponse")(
                offset=request.offset, data=piece, crc32=zlib.crc32(piece))
            if request.offset + len(piece) < len(data):
                context.abort(grpc.StatusCode.CANCELLED, "stopping")

        def upload(requests, context):
            for request in requests:
                if request.WhichOneof("part") == "chunk":
                    kept.extend(request.chunk.data)
                    break
            if len(kept) < big.nbytes:
                context.abort(grpc.StatusCode.INTERNAL, "cut")
            reply = contract.message("UploadResponse")()
            reply.array.CopyFrom(arrays.describe(big))
            return reply

        lab = self.download_lab(array, download)
        self.server.methods.update(
            Upload=upload,
            FindMissing=lambda request, _: contract.message(
                "FindMissingResponse")(missing=request.artifacts),
            QueryUpload=lambda request, _: contract.message(
                "QueryUploadResponse")(committed_bytes=len(kept)))
        big = numpy.zeros(7 * arrays.CHUNK_BYTES // 8)
        # Enough for one pause, not for the six or seven that follow.
        with mock.patch.multiple(calls, CALL_PATIENCE=0.05,
                                 WATCH_PATIENCE=0.05):
            self.assertTrue(numpy.array_equal(
                lab.quality().arrays["quality"], array))
            lab.upload(big)
        self.assertEqual(len(self.sent("Download")), 8)
        self.assertEqual(len(self.sent("Upload")), 7)

    def test_a_transfer_without_progress_gives_up(self):
        def download(_request, context):
            context.abort(grpc.StatusCode.UNKNOWN, "cut")
            yield

        lab = self.download_lab(numpy.ones(3), download)
        with mock.patch.object(calls, "WATCH_PATIENCE", 0.1):
            with self.assertRaises(modbound.Error) as caught:
                lab.quality().arrays["quality"]
        self.assertEqual(caught.exception.code, "UNKNOWN")
        self.assertEqual(len(self.sent("Download")), 3)

    def test_bytes_of_another_digest_are_refused(self):
        def download(_request, _context):
            yield contract.message("DownloadResponse")(
                data=bytes(8), crc32=zlib.crc32(bytes(8)))

        handle = self.download_lab(numpy.ones(1), download).quality()
        with self.assertRaises(modbound.DataLoss):
            handle.arrays["quality"]

    def test_jobs_come_page_by_page(self):
        def listed(request, _context):
            reply = contract.message("ListJobsResponse")()
            self.assertEqual(list(request.filter.states), [STATES["FAILED"]])
            reply.jobs.add(id="a" + request.page_token)
            if not request.page_token:
                reply.next_page_token = "2"
            return reply

        lab = self.serve(ListJobs=listed)
        self.assertEqual([found.id for found in lab.jobs("FAILED")],
                         ["a", "a2"])
        with self.assertRaises(modbound.InvalidArgument):
            list(lab.jobs("FINISHED"))

    def test_async_jobs_of_a_list_have_their_summaries_or_say_so(self):
        done = job("SUCCEEDED")
        done.spec.quality.gamma = 2
        done.summary.quality.best_quality = 0.5

        def listed(request, _context):
            reply = contract.message("ListJobsResponse")()
            reply.jobs.add().CopyFrom(done)
            if request.view != 2:  # FULL
                for field in ("spec", "inputs", "summary"):
                    reply.jobs[0].ClearField(field)
            return reply

        self.serve(ListJobs=listed, GetJob=lambda *_: done)

        async def use():
            async with modbound.aio.connect(self.server.address) as lab:
                [whole] = [found async for found in lab.jobs()]
                self.assertEqual(whole.summary.best_quality, 0.5)
                self.assertEqual(whole.job.spec.quality.gamma, 2)
                [brief] = [found async for found in lab.jobs(full=False)]
                self.assertEqual(brief.state, "SUCCEEDED")
                for name in ("summary", "job"):
                    with self.assertRaises(modbound.FailedPrecondition) as (
                            caught):
                        getattr(brief, name)
                    self.assertIn("refresh()", str(caught.exception))
                await brief.refresh()
                self.assertEqual(brief.summary.best_quality, 0.5)
                self.assertEqual(brief.job.spec.quality.gamma, 2)

        asyncio.run(use())

    def test_a_job_too_large_for_a_message_still_gives_its_summary(self):
        done = job("SUCCEEDED")  # the server left its spec out
        done.summary.quality.best_quality = 0.5
        self.serve(GetJob=lambda *_: done)

        async def use():
            async with modbound.aio.connect(self.server.address) as lab:
                return (await lab.job("j1")).summary.best_quality

        self.assertEqual(asyncio.run(use()), 0.5)

    def test_a_graph_names_its_nodes_and_keeps_their_order(self):
        def graph(request, _context):
            reply = contract.message("SubmitGraphResponse")()
            for node in request.nodes:
                reply.jobs.add(id="id-" + node.name, node=node.name)
            return reply

        lab = self.serve(SubmitGraph=graph)
        handles = lab.run_graph({
            "net": ("train", {"task": "GO_NOGO"}),
            "run": ("simulate", {"network": "net", "trials": 3}),
            "q": ("quality", {"matrix": "run/activity"})})
        self.assertEqual({name: found.id for name, found in handles.items()},
                         {"net": "id-net", "run": "id-run", "q": "id-q"})
        nodes = self.sent("SubmitGraph")[-1].nodes
        self.assertEqual(nodes[1].job.inputs["network"].output.job, "net")
        self.assertEqual(nodes[2].job.inputs["matrix"].output.output,
                         "activity")
        lab.run_graph({"nodes": [{"name": "a", "job": {"spec": {
            "train": {"task": {"name": "GO_NOGO"}}}}}]})
        self.assertEqual(
            self.sent("SubmitGraph")[-1].nodes[0].job.spec.train.task.name, 2)

    def test_a_handle_survives_pickling(self):
        lab = self.serve(GetJob=lambda request, context: job("RUNNING"))
        handle = pickle.loads(pickle.dumps(lab.quality()))
        self.addCleanup(handle._lab.close)
        self.assertEqual(handle.state, "RUNNING")
        self.assertEqual(repr(handle), "<quality job j1: RUNNING>")

    def test_importing_modbound_is_enough_for_the_async_twin(self):
        done = subprocess.run(
            [sys.executable, "-c", "import modbound, sys\n"
             "assert 'modbound.aio' not in sys.modules\n"
             "print(modbound.aio.connect('127.0.0.1:1'))\n"
             "modbound.nothing"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout,
                         "<modbound server 127.0.0.1:1, async>\n")
        self.assertIn("has no attribute 'nothing'", done.stderr)

    def test_the_async_twin_does_the_same(self):
        def watch(_request, _context):
            yield event("RUNNING", "a")
            yield event("SUCCEEDED", "b")

        def get(_request, _context):
            done = job("SUCCEEDED")
            done.summary.quality.best_quality = 0.5
            done.outputs["quality"].CopyFrom(arrays.describe(numpy.ones(2)))
            done.outputs["quality"].inline = numpy.ones(2).tobytes()
            return done

        self.serve(WatchJob=watch, GetJob=get)

        async def use():
            async with modbound.aio.connect(self.server.address) as lab:
                handle = await lab.quality(matrix=numpy.eye(2))
                seen = [event.state async for event in handle.watch()]
                await handle.wait()
                found = await handle.array("quality")
                return seen, handle.summary.best_quality, found.tolist()

        self.assertEqual(asyncio.run(use()),
                         (["RUNNING", "SUCCEEDED"], 0.5, [1.0, 1.0]))


if __name__ == "__main__":
    unittest.main()
