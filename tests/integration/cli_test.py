"""Every command of modbound against a real server."""

import hashlib
import json
import os
import pty
import signal
import socket
import subprocess
import time
import unittest

import numpy

from service import BIN, SOURCE, TIME_FACTOR, Server, ServiceTest

CLI = os.path.join(BIN, "modbound")
SQUARE = numpy.array([[0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0.]])
# Trains for hours: accuracy 1 of noisy trials is out of reach.
# Never evaluated before its end, which is hours away: nothing stops it.
LONG = {"task": {"name": "PERCEPTUAL_DECISION_MAKING"},
        "model": {"hidden_size": 64}, "max_steps": 10000000,
        "eval_every": 10000000}
WAIT = 30 * TIME_FACTOR
# Passes while a LONG job runs, and leaves a busy machine time to submit it.
SOON = f"+{5 * TIME_FACTOR:.0f}s"


def until(condition, what):
    """Waits for `condition()` to be true."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > WAIT:
            raise AssertionError(f"{what} did not come")
        time.sleep(0.02)


class CliTest(ServiceTest):

    def cli(self, *arguments, code=0, **keywords):
        done = self.server.cli(*arguments, check=False, **keywords)
        self.assertEqual(done.returncode, code, (arguments, done.stdout,
                                                 done.stderr))
        return done

    def job(self, *arguments, **keywords):
        """The Job in the last line of stdout."""
        lines = self.cli(*arguments, "--json", **keywords).stdout.splitlines()
        for line in lines:
            json.loads(line)
        return json.loads(lines[-1])

    def file(self, name, array):
        path = os.path.join(self.out, name)
        numpy.save(path, array)
        return path

    def quality(self, *arguments, labels=(0, 0, 1, 1)):
        return ("quality", "--input", "matrix=" + self.file("m.npy", SQUARE),
                "--input", "labels=" + self.file("l.npy", numpy.array(labels)),
                *arguments)

    def start_long(self, command="submit", **keywords):
        job = self.job(command, "train", "--spec", "-", spec=LONG, **keywords)
        self.addCleanup(self.server.cli, "cancel", job["id"], check=False)
        return job["id"]

    def state(self, job_id):
        return self.job("get", job_id)["state"]

    def open(self, *arguments, stderr=subprocess.PIPE, **keywords):
        """Starts modbound in the background."""
        process = subprocess.Popen(
            [CLI, "--server", self.server.address, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
            text=True, **keywords)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def refusal(self, *arguments, code=2, **keywords):
        """The one line of a refusal."""
        done = self.cli(*arguments, code=code, **keywords)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("error: "), lines)
        return lines[0]

    # Submitting, waiting, downloading.

    def test_run_leaves_arrays_and_summary(self):
        out = os.path.join(self.out, "new", "folder")
        job = self.job("run", *self.quality(), "--out", out)
        self.assertEqual((job["kind"], job["state"]), ("quality", "SUCCEEDED"))
        quality = numpy.load(os.path.join(out, "quality.npy"))
        self.assertEqual(quality.shape, (1,))
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
        self.assertEqual(summary["job_id"], job["id"])
        self.assertEqual(summary["kind"], "quality")
        self.assertEqual(summary["state"], "SUCCEEDED")
        self.assertEqual(summary["num_partitions"], "1")
        self.assertEqual(summary["best_quality"], quality[0])
        self.assertEqual(summary["best_partition"], "0")
        self.assertIn("wall_seconds", summary["provenance"])
        self.assertIn("hit", summary["cache_info"])
        self.assertEqual(sorted(os.listdir(out)),
                         ["quality.npy", "summary.json"])

    def files(self, folder):
        return sorted(os.path.relpath(os.path.join(base, name), folder)
                      for base, folders, names in os.walk(folder)
                      for name in (names or folders or ["."]))

    def test_a_result_replaces_a_former_one_whole(self):
        out = os.path.join(self.out, "r")
        spec = {**LONG, "max_steps": 2, "eval_every": 1, "eval_trials": 10}
        train = self.job("run", "train", "--spec", "-", "--out", out, spec=spec)
        self.assertIn("initial/w_rec.npy", self.files(out))
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            outputs = json.load(file)["outputs"]
        self.assertEqual({name + ".npy" for name in outputs},
                         set(self.files(out)) - {"summary.json"})
        self.assertEqual(outputs["w_rec"]["shape"], ["64", "64"])
        self.job("run", *self.quality(), "--out", out)
        self.assertEqual(self.files(out), ["quality.npy", "summary.json"])
        # A job without a result leaves none of another's either.
        self.refusal("run", "train", "--spec", "-", "--deadline", SOON,
                     "--out", out, code=3, spec=LONG)
        self.assertEqual(self.files(out), ["summary.json"])
        self.cli("result", train["id"], "--out", out)
        self.assertIn("w_rec.npy", self.files(out))

    def test_a_result_leaves_other_people_s_files_alone(self):
        out = os.path.join(self.out, "r")
        spec = {**LONG, "max_steps": 2, "eval_every": 1, "eval_trials": 10}
        self.job("run", "train", "--spec", "-", "--out", out, spec=spec)
        numpy.save(os.path.join(out, "w_rec.npy"), numpy.eye(3))  # changed
        numpy.save(os.path.join(out, "mine.npy"), numpy.eye(3))
        os.mkdir(os.path.join(out, "inputs"))
        numpy.save(os.path.join(out, "inputs", "mine.npy"), numpy.eye(3))
        with open(os.path.join(out, "initial", "notes"), "w",
                  encoding="utf-8"):
            pass
        self.job("run", *self.quality(), "--out", out)
        self.assertEqual(self.files(out), [
            "initial/notes", "inputs/mine.npy", "mine.npy", "quality.npy",
            "summary.json", "w_rec.npy"])

    def test_a_summary_of_others_removes_nothing_outside_the_folder(self):
        out = os.path.join(self.out, "r")
        outside = self.file("outside.npy", SQUARE)
        for text in ("", "[]", "{}", '{"outputs": 3}', '{"outputs": [1]}',
                     json.dumps({"outputs": {"../outside": {
                         "artifact": self.digest(SQUARE)}}})):
            os.makedirs(out, exist_ok=True)
            with open(os.path.join(out, "summary.json"), "w",
                      encoding="utf-8") as file:
                file.write(text)
            self.job("run", *self.quality(), "--out", out)
            self.assertTrue(os.path.exists(outside))
            self.assertEqual(self.files(out), ["quality.npy", "summary.json"])

    def test_a_result_that_breaks_off_leaves_no_summary(self):
        out = os.path.join(self.out, "r")
        job = self.job("run", *self.quality(), "--out", out)
        os.remove(os.path.join(out, "quality.npy"))
        os.mkdir(os.path.join(out, "quality.npy"))
        self.refusal("result", job["id"], "--out", out)
        self.assertFalse(os.path.exists(os.path.join(out, "summary.json")))

    def test_run_without_json_prints_text_and_nothing_on_stderr(self):
        done = self.cli("run", *self.quality())
        self.assertRegex(done.stdout, r"(?m)^state +SUCCEEDED$")
        self.assertRegex(done.stdout, r"(?m)^best_quality +[-0-9.]+$")
        self.assertEqual(done.stderr, "")

    def test_outputs_of_one_job_are_inputs_of_another(self):
        out = os.path.join(self.out, "r")
        partition = self.job(
            "submit", "partition", "--spec", "-", "--input",
            "matrix=" + self.file("m.npy", SQUARE), spec={"runs": 5})
        for source in (partition["id"], partition["id"] + "/labels"):
            job = self.job(
                "run", "quality", "--from", "labels=" + source, "--input",
                "matrix=" + self.file("m.npy", SQUARE), "--out", out)
            self.assertEqual(job["state"], "SUCCEEDED")
        summary = self.job("get", partition["id"])["summary"]["partition"]
        self.assertAlmostEqual(
            float(numpy.load(os.path.join(out, "quality.npy"))[0]),
            summary["quality"], places=12)

    def test_network_of_a_job_names_all_its_arrays(self):
        spec = {**LONG, "max_steps": 2, "eval_every": 1, "eval_trials": 10}
        train = self.job("run", "train", "--spec", "-", "--out",
                         os.path.join(self.out, "t"), spec=spec)
        job = self.job("run", "simulate", "--spec", "-", "--from",
                       "network=" + train["id"], spec={"trials": 2})
        self.assertEqual(job["state"], "SUCCEEDED")
        # A '/' in an output's name is a folder.
        self.assertEqual(numpy.load(os.path.join(
            self.out, "t", "initial", "w_rec.npy")).shape, (64, 64))
        out = os.path.join(self.out, "s")
        self.cli("result", job["id"], "--out", out, "--inputs")
        numpy.testing.assert_array_equal(
            numpy.load(os.path.join(out, "inputs", "w_rec.npy")),
            numpy.load(os.path.join(self.out, "t", "w_rec.npy")))

    def test_every_dtype_and_order_arrives_as_it_is(self):
        base = numpy.arange(6).reshape(3, 2) % 2
        for dtype in ("<i4", ">i4", "<i8", ">i8"):
            for order in "CF":
                labels = numpy.asarray(base, dtype=dtype, order=order)
                job = self.job("submit", *self.quality(
                    labels=numpy.zeros((3, 4), dtype)), "--request-id",
                    f"{dtype}{order}".replace("<", "l").replace(">", "b"))
                self.cli("watch", job["id"])
                path = self.file("u.npy", labels)
                array = self.job("upload", path)
                numpy.testing.assert_array_equal(
                    numpy.array(array["shape"], int), labels.shape)
                self.assertEqual(array["artifact"], self.digest(labels))
        for dtype, word in (("<f4", "FLOAT32"), (">f8", "FLOAT64"),
                            ("u1", "UINT8"), ("?", "BOOL")):
            array = numpy.asfortranarray(base.astype(dtype))
            found = self.job("upload", self.file("u.npy", array))
            self.assertEqual(found["dtype"], word)
            self.assertEqual(found["artifact"], self.digest(array))

    @staticmethod
    def digest(array):
        little = array.astype(array.dtype.newbyteorder("<"))
        return hashlib.sha256(little.tobytes(order="C")).hexdigest()

    def test_large_and_empty_arrays_travel_both_ways(self):
        random = numpy.random.default_rng(1)
        matrix = random.standard_normal((600, 600))  # 2.9 MB: uploaded
        matrix = numpy.asfortranarray(matrix + matrix.T)
        out = os.path.join(self.out, "r")
        job = self.job("run", "compare_matrices", "--spec", "-", "--input",
                       "a=" + self.file("a.npy", matrix), "--input",
                       "b=" + self.file("b.npy", -matrix), "--out", out,
                       spec={"permutations": 0})
        self.assertAlmostEqual(
            job["summary"]["compare_matrices"]["pearson_r"], -1, places=12)
        self.cli("result", job["id"], "--out", out, "--inputs")
        found = numpy.load(os.path.join(out, "inputs", "a.npy"))
        numpy.testing.assert_array_equal(found, matrix)
        empty = self.job("upload", self.file("e.npy", numpy.zeros((0, 3))))
        self.assertEqual(empty["shape"], ["0", "3"])

    def test_same_request_id_is_the_same_job(self):
        first = self.job("submit", *self.quality("--request-id", "twice"))
        again = self.job("submit", *self.quality("--request-id", "twice"))
        self.assertEqual(first["id"], again["id"])
        line = self.refusal("submit", *self.quality(
            "--request-id", "twice", labels=(0, 1, 1, 1)))
        self.assertIn("REQUEST_ID_REUSED", line)

    def test_labels_priority_and_deadline_arrive(self):
        job = self.job("submit", *self.quality(
            "--label", "subject=7", "--label", "note=a=b", "--priority", "-5",
            "--deadline", "+2h"))
        self.assertEqual(job["labels"], {"subject": "7", "note": "a=b"})
        self.assertEqual(job["priority"], -5)
        self.assertRegex(job["deadline"], r"^20\d\d-.*Z$")

    # What goes wrong.

    def test_bad_specs_are_refused_in_one_line_before_anything_is_sent(self):
        path = os.path.join(self.out, "spec.json")
        cases = {
            "": "empty", "{": "line 1", "[]": "spec.quality", "7": "an object",
            '{"gama": 1}': "nearest: gamma", '{"gamma": "x"}': '"x"',
            '{"gamma": 1, "gamma": 2}': "twice",
            '{"quality": "negative_asim"}': "nearest: NEGATIVE_ASYM",
            "{'gamma': 1}": "no JSON", '{"gamma": 1} x': "line 1",
            '{"gamma": [1]}': "[1]", '{"keep_diagonal": 1}': "true or false",
        }
        for text, words in cases.items():
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run(
                [CLI, "--server", "127.0.0.1:1", "run", "quality", "--spec",
                 path], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn(words, done.stderr, text)
            self.assertEqual(done.stderr.count("\n"), 1, text)
        self.refusal("run", "quality", "--spec", path + ".none")

    def test_bytes_that_are_not_utf_8_are_refused_in_one_line_of_it(self):
        path = os.path.join(self.out, "spec.json")
        with open(path, "wb") as file:
            file.write(b'{"gamma": "\xff"}')
        self.refusal("run", "quality", "--spec", path)
        with open(path, "wb") as file:
            file.write(b'{"\xc2\x85": 1}')  # U+0085 breaks lines
        self.refusal("run", "quality", "--spec", path)
        bad = os.fsdecode(b"a\xff")
        self.assertIn("[BAD_TEXT job.labels]", self.refusal(
            "submit", *self.quality("--label", "note=" + bad)))
        self.assertIn("[BAD_TEXT request_id]", self.refusal(
            "submit", *self.quality("--request-id", bad)))
        for arguments in (("get", bad), ("watch", bad), ("cancel", bad),
                          ("run", bad), (bad,), ("get", "a", bad),
                          ("kinds", bad), ("list", "--state", bad),
                          ("run", "quality", "--from", "matrix=" + bad),
                          ("run", "quality", "--spec", bad),
                          ("--server", bad, "info")):
            self.refusal(*arguments)

    def test_an_unknown_command_is_named_with_the_nearest_one(self):
        for word, nearest in (("lits", "list"), ("rungraph", "run-graph"),
                              ("cancle", "cancel")):
            line = self.refusal(word, "x", "--json")
            self.assertIn(f'"{word}"', line)
            self.assertIn(f"nearest: {nearest}", line)
        self.assertIn("modbound run train", self.refusal("train"))
        self.assertIn("--nosuch", self.refusal("--nosuch", "list"))
        self.assertIn("--nosuch", self.refusal("--nosuch"))

    def test_the_server_s_refusal_names_reason_and_field(self):
        line = self.refusal("run", *self.quality("--spec", "-"),
                            spec={"gamma": 0})
        self.assertIn("[OUT_OF_RANGE spec.quality.gamma]", line)
        self.assertIn("JOB_NOT_FOUND", self.refusal("get", "nosuchjob"))
        for command in ("watch", "cancel", "delete"):
            self.refusal(command, "nosuchjob")
        self.refusal("result", "nosuchjob", "--out", self.out)

    def test_wrong_use_is_exit_2_in_one_line(self):
        for arguments in (
                (), ("nocommand",), ("run",), ("run", "nokind"),
                ("run", "quality", "--nosuchflag"), ("get",),
                ("run", "quality", "--priority", "high"),
                ("run", "quality", "--deadline", "soon"),
                ("run", "quality", "--label", "x"),
                ("run", "quality", "--input", "matrix"),
                ("run", "quality", "--from", "labels="),
                ("list", "--state", "RUNING"), ("list", "--limit", "0"),
                ("list", "--kind", "nokind"), ("result", "x"),
                ("--server", "nowhere", "info"), ("kinds", "nokind"),
                ("run-graph", "/no/such/file")):
            self.refusal(*arguments)

    def test_files_that_are_no_arrays_are_refused_naming_the_input(self):
        path = os.path.join(self.out, "bad.npy")
        for content in (b"", b"text", b"\x93NUMPY\x01\x00\xff\xff"):
            with open(path, "wb") as file:
                file.write(content)
            line = self.refusal("run", "quality", "--input", "matrix=" + path)
            self.assertIn("inputs.matrix", line)
        numpy.save(path, numpy.zeros(3, "complex64"))
        line = self.refusal("run", "quality", "--input", "matrix=" + path)
        self.assertIn("allowed: f4, f8, i4, i8, u1, b1", line)
        with open(self.file("cut.npy", SQUARE), "r+b") as file:
            file.truncate(150)
        self.refusal("run", "quality", "--input",
                     "matrix=" + os.path.join(self.out, "cut.npy"))

    def test_failed_job_is_exit_3_with_its_reason(self):
        # The labels are found wrong only when the job that makes them ended.
        nan = self.file("x.npy", numpy.full((3, 5), numpy.nan))
        done = self.server.cli("run", "partition", "--input",
                               "activity=" + nan, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("NOT_FINITE", done.stderr)
        out = os.path.join(self.out, "r")
        line = self.refusal("run", "train", "--spec", "-", "--deadline", SOON,
                            "--out", out, code=3, spec=LONG)
        self.assertIn("DEADLINE_PASSED", line)
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["state"], "FAILED")

    def test_no_server_is_exit_6(self):
        with Nowhere() as address:
            for arguments in (("info",), ("get", "x"), ("list",)):
                done = self.cli("--server", address, *arguments, code=6)
                self.assertIn(address, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([CLI, "--server", self.server.address,
                                   "info"], stdout=full, check=False,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        path = os.path.join(self.out, "file")
        with open(path, "w", encoding="utf-8"):
            pass
        self.refusal("run", *self.quality(), "--out", path)

    # Commands about jobs.

    def test_list_filters_and_pages(self):
        label = ("--label", f"batch={os.path.basename(self.out)}")
        ids = [self.job("submit", *self.quality(
            *label, "--spec", "-"), spec={"gamma": 1 + i})["id"]
            for i in range(5)]
        listed = [json.loads(line)["id"] for line in self.cli(
            "list", "--json", *label).stdout.splitlines()]
        self.assertEqual(listed, ids[::-1])
        some = self.cli("list", "--json", "--limit", "2", *label)
        self.assertEqual(len(some.stdout.splitlines()), 2)
        for job_id in ids:
            self.cli("watch", job_id)
        for flags, count in ((("--state", "SUCCEEDED"), 5),
                             (("--state", "FAILED"), 0),
                             (("--kind", "quality"), 5),
                             (("--kind", "train"), 0)):
            done = self.cli("list", "--json", *label, *flags)
            self.assertEqual(len(done.stdout.splitlines()), count, flags)
        text = self.cli("list", *label).stdout
        self.assertEqual(len(text.splitlines()), 6)
        self.assertIn("SUCCEEDED", text)

    def test_watch_tells_every_state_in_order(self):
        job = self.job("submit", *self.quality())
        done = self.cli("watch", job["id"])
        self.assertTrue(done.stdout.splitlines()[-1].endswith("SUCCEEDED"))
        events = self.cli("watch", "--json", job["id"]).stdout.splitlines()
        self.assertEqual(json.loads(events[-1])["job_id"], job["id"])

    def test_result_of_a_running_job_is_refused(self):
        job_id = self.start_long()
        line = self.refusal("result", job_id, "--out", self.out)
        self.assertIn("modbound watch", line)

    def test_cancel_stops_and_delete_removes(self):
        job_id = self.start_long()
        line = self.refusal("delete", job_id)
        self.assertIn("WRONG_STATE", line)
        self.cli("cancel", job_id)
        self.cli("watch", job_id, code=4)
        self.assertEqual(self.state(job_id), "CANCELLED")
        self.cli("result", job_id, "--out", os.path.join(self.out, "c"), code=4)
        self.cli("delete", job_id)
        self.refusal("get", job_id)

    # Graphs.

    def graph(self, nodes):
        path = os.path.join(self.out, "graph.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"nodes": nodes}, file)
        return path

    def matrix(self):
        return json.loads(self.cli("upload", "--json", self.file(
            "m.npy", SQUARE)).stdout)

    def test_graph_waits_for_all_and_has_a_folder_a_node(self):
        matrix = self.matrix()
        out = os.path.join(self.out, "g")
        path = self.graph([
            {"name": "score", "job": {
                "spec": {"quality": {}}, "inputs": {
                    "matrix": matrix,
                    "labels": {"output": {"job": "modules"}}}}},
            {"name": "modules", "job": {"spec": {"partition": {"runs": 5}},
                                        "inputs": {"matrix": matrix}}}])
        done = self.cli("run-graph", path, "--out", out, "--json")
        jobs = [json.loads(line) for line in done.stdout.splitlines()]
        # As submitted, then as ended.
        self.assertEqual([job["node"] for job in jobs],
                         2 * ["modules", "score"])
        self.assertEqual([job["state"] for job in jobs],
                         ["QUEUED", "WAITING", "SUCCEEDED", "SUCCEEDED"])
        self.assertEqual(done.stderr, "")
        self.assertTrue(os.path.exists(
            os.path.join(out, "modules", "labels.npy")))
        self.assertTrue(os.path.exists(
            os.path.join(out, "score", "summary.json")))

    def test_graph_tells_every_node_s_job_before_it_waits(self):
        matrix = self.matrix()
        path = self.graph([
            {"name": name, "job": {"spec": {"partition": {"runs": 5}},
                                   "inputs": {"matrix": matrix}}}
            for name in ("first", "second")])
        lines = self.cli("run-graph", path).stderr.splitlines()
        self.assertEqual([line.split()[0] for line in lines],
                         ["first", "second"])
        listed = {}
        for line in self.cli("list").stdout.splitlines():
            listed[line.split()[0]] = line.split()
        for line in lines:
            name, job_id = line.split()
            self.assertIn(name, listed[job_id])
        self.assertIn("NODE", listed["ID"])

    def test_graph_goes_on_after_a_result_that_cannot_be_written(self):
        matrix = self.matrix()
        out = os.path.join(self.out, "g")
        os.mkdir(out)
        names = ("a", "b", "c", "d")
        for name in ("a", "c"):
            with open(os.path.join(out, name), "w", encoding="utf-8"):
                pass  # a file where the node's folder should be
        path = self.graph([
            {"name": name, "job": {"spec": {"partition": {"runs": 5}},
                                   "inputs": {"matrix": matrix}}}
            for name in names])
        done = self.cli("run-graph", path, "--out", out, code=2)
        self.assertEqual([line.split()[1:] for line in
                          done.stdout.splitlines()],
                         [["SUCCEEDED", name] for name in names])
        for name in ("b", "d"):
            self.assertTrue(os.path.exists(
                os.path.join(out, name, "summary.json")), name)
        errors = done.stderr.splitlines()[len(names):]
        self.assertEqual(len(errors), 2, errors)
        for name, line in zip("ca", errors):  # the one that decided is last
            self.assertRegex(line, f"^error: {name}: ")

    def test_graph_refuses_names_that_leave_the_folder(self):
        for name in (".", "..", "", "../x", "/tmp/x", "a\nb"):
            path = self.graph([{"name": name, "job": {"spec": {"train": {}}}}])
            line = self.refusal("--server", "127.0.0.1:1", "run-graph", path,
                                "--out", os.path.join(self.out, "g"))
            self.assertIn("[BAD_NAME nodes[0].name]", line)

    def test_graph_exits_with_the_worst_of_its_jobs(self):
        matrix = self.matrix()
        path = self.graph([
            {"name": "good", "job": {"spec": {"partition": {"runs": 5}},
                                     "inputs": {"matrix": matrix}}},
            {"name": "bad", "job": {"spec": {"train": LONG},
                                    "max_run_time": "0.5s"}},
            {"name": "after", "job": {"spec": {"simulate": {}}, "inputs": {
                "network": {"output": {"job": "bad"}}}}}])
        done = self.cli("run-graph", path, code=3)
        self.assertIn("SUCCEEDED  good", done.stdout)
        self.assertIn("FAILED  bad", done.stdout)
        self.assertIn("SKIPPED  after", done.stdout)
        self.assertIn("RUN_TIME_EXCEEDED", done.stderr)

    def test_graph_with_an_unknown_field_is_refused_by_its_path(self):
        path = self.graph([{"name": "a", "job": {"spec": {"train": {
            "tusk": {}}}}}])
        line = self.refusal("run-graph", path)
        self.assertIn("nodes[0].job.spec.train.tusk", line)
        self.assertIn("nearest: task", line)
        circle = self.graph([{"name": "a", "job": {
            "spec": {"simulate": {}},
            "inputs": {"network": {"output": {"job": "a"}}}}}])
        self.assertIn("CYCLE", self.refusal("run-graph", circle))

    def test_example_graph_is_accepted(self):
        with open(os.path.join(SOURCE, "client", "examples", "main_job.json"),
                  encoding="utf-8") as file:
            nodes = json.load(file)["nodes"]
        # Ends soon, and all others with it, without computing anything.
        nodes[0]["job"]["spec"]["train"].update(
            target_accuracy=1, max_steps=10**7)
        nodes[0]["job"]["max_run_time"] = "0.1s"
        done = self.cli("run-graph", self.graph(nodes), code=3)
        ends = [line.split()[1:] for line in done.stdout.splitlines()]
        self.assertEqual(ends[0], ["FAILED", "train"])
        self.assertEqual(sorted(ends[1:]), sorted(
            ["SKIPPED", node["name"]] for node in nodes[1:]))

    # The server.

    def test_info_and_kinds_tell_what_the_server_can_do(self):
        self.assertRegex(self.cli("info").stdout, r"(?m)^cores +2$")
        info = json.loads(self.cli("info", "--json").stdout)
        self.assertEqual(info["cores"], 2)
        kinds = self.cli("kinds").stdout
        self.assertRegex(kinds, r"(?m)^train +\S")
        self.assertGreaterEqual(len(kinds.splitlines()), 12)
        help_text = self.cli("kinds", "partition").stdout
        for words in ("gamma", "> 0", "example spec", "labels", "LOUVAIN",
                      "activity"):
            self.assertIn(words, help_text)
        # What words stand for, with the defaults of each task.
        self.assertRegex(self.cli("kinds", "train").stdout,
                         r"(?m)^task.name\n(.*\n)*?  READY_SET_GO +Produce .* "
                         r"Defaults: fixation 100, ready 83")

    def test_every_example_spec_of_kinds_is_readable(self):
        for line in self.cli("kinds", "--json").stdout.splitlines():
            kind = json.loads(line)
            done = self.server.cli("submit", kind["kind"], "--spec", "-",
                                   spec=json.loads(kind["example_spec"]),
                                   check=False)
            # The spec passes; only inputs may be missing.
            self.assertIn(done.returncode, (0, 2))
            if done.returncode == 2:
                self.assertIn("inputs.", done.stderr)
            else:
                self.server.cli("cancel", done.stdout.split()[1])

    def test_version_help_and_completion_need_no_server(self):
        for arguments in (("--version",), ("--help",), ("run", "--help")):
            done = self.cli("--server", "127.0.0.1:1", *arguments)
            self.assertIn("modbound", done.stdout)
        script = self.cli("completion").stdout
        words = subprocess.run(
            ["bash", "-c", script + "\nfor line in 'modbound run-' "
             "'modbound run parti' 'modbound list --st'; do\n"
             "COMP_WORDS=($line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
             "_modbound; echo \"${COMPREPLY[*]}\"; done"],
            capture_output=True, text=True, check=True).stdout.splitlines()
        self.assertEqual(words, ["run-graph", "partition", "--state"])

    # Ctrl-C and restarts.

    def running(self, before):
        """Id of the job that came after `before` and runs."""
        found = []

        def new():
            for line in self.cli("list", "--json", "--kind", "train",
                                 "--state", "RUNNING").stdout.splitlines():
                job_id = json.loads(line)["id"]
                if job_id not in before:
                    found.append(job_id)
            return found
        until(new, "a running job")
        self.addCleanup(self.server.cli, "cancel", found[0], check=False)
        return found[0]

    def run_long(self, **keywords):
        before = {json.loads(line)["id"] for line in self.cli(
            "list", "--json", "--kind", "train").stdout.splitlines()}
        path = os.path.join(self.out, "long.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(LONG, file)
        process = self.open("run", "train", "--spec", path, "--json",
                            **keywords)
        return process, self.running(before)

    def test_ctrl_c_detaches_and_says_how_to_come_back(self):
        process, job_id = self.run_long()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130)
        self.assertIn(f"modbound watch {job_id}", errors.splitlines()[-1])
        self.assertEqual(json.loads(out.splitlines()[-1])["id"], job_id)
        self.assertEqual(self.state(job_id), "RUNNING")

    def press(self, process):
        """Ctrl-C, and waits until it is answered."""
        process.send_signal(signal.SIGINT)
        while True:
            line = process.stderr.readline()
            self.assertTrue(line, "no answer to Ctrl-C")
            if "Ctrl-C" in line:
                return

    def test_ctrl_c_twice_cancels(self):
        process, job_id = self.run_long()
        self.press(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 4)
        self.assertEqual(self.state(job_id), "CANCELLED")

    def test_two_quick_presses_cancel(self):
        process, job_id = self.run_long()
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)  # at once they would be one signal
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 4)
        self.assertEqual(self.state(job_id), "CANCELLED")

    def run_long_graph(self, *arguments):
        """A graph of two long jobs and one that waits; {node: id}."""
        path = self.graph([
            {"name": "one", "job": {"spec": {"train": LONG}}},
            {"name": "two", "job": {"spec": {"train": LONG}}},
            {"name": "three", "job": {"spec": {"simulate": {}}, "inputs": {
                "network": {"output": {"job": "two"}}}}}])
        process = self.open("run-graph", path, *arguments)
        ids = dict(process.stderr.readline().split() for _ in range(3))
        self.assertEqual(list(ids), ["one", "two", "three"])
        for job_id in ids.values():
            self.addCleanup(self.server.cli, "cancel", job_id, check=False)
        until(lambda: self.state(ids["one"]) == "RUNNING", "a running job")
        return process, ids

    def test_ctrl_c_twice_cancels_a_graph(self):
        process, ids = self.run_long_graph()
        self.press(process)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 4)
        self.assertEqual(len(out.splitlines()), 3)
        for job_id in ids.values():
            self.assertEqual(self.state(job_id), "CANCELLED")

    def test_ctrl_c_leaves_a_graph_and_says_how_to_come_back(self):
        out = os.path.join(self.out, "g")
        process, ids = self.run_long_graph("--out", out)
        # A job that has ended by then is not the one to come back to.
        self.cli("cancel", ids["one"])
        self.assertIn("one", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130)
        line = errors.splitlines()[-1]
        self.assertIn(f"modbound watch {ids['two']}", line)
        self.assertIn(f"--out {out}/two", line)
        self.assertNotIn(self.state(ids["two"]), ("CANCELLED", "FAILED"))

    def test_ctrl_c_ends_a_watch_and_leaves_the_job(self):
        job_id = self.start_long()
        process = self.open("watch", job_id)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 130)
        self.assertNotEqual(self.state(job_id), "CANCELLED")

    def test_progress_is_one_line_on_a_terminal(self):
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        process, job_id = self.run_long(stderr=follower)
        os.close(follower)
        shown = b""

        def training():
            nonlocal shown
            shown += os.read(leader, 4096)
            return b"steps" in shown
        until(training, "progress")
        self.assertIn(b"\r\x1b[K", shown)
        self.assertNotIn(b"\n", shown)
        self.cli("cancel", job_id)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 4)

    def test_run_survives_a_restart_of_the_server(self):
        process, job_id = self.run_long()
        self.server.kill()
        self.assertIn("lost", process.stderr.readline())
        self.server.start()
        self.assertIn("again", process.stderr.readline())
        self.cli("cancel", job_id)
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 4)

    def test_patience_ends_a_wait_for_a_server_that_stays_away(self):
        server = Server()
        self.addCleanup(server.close)
        job = json.loads(server.cli("submit", "train", "--spec", "-", "--json",
                                    spec=LONG).stdout)
        process = subprocess.Popen(
            [CLI, "--server", server.address, "--patience", "0", "watch",
             job["id"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        process.stdout.readline()
        server.kill()
        process.communicate(timeout=WAIT)
        self.assertEqual(process.returncode, 6)


class Nowhere:
    """An address where nobody listens, and nobody else will."""

    def __enter__(self):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % self._socket.getsockname()[1]

    def __exit__(self, *_):
        self._socket.close()


if __name__ == "__main__":
    unittest.main()
