"""Bad strings in every text field of every request: no file elsewhere."""

import os
import re
import subprocess
import tempfile
import unittest

from fault_row import fault_row
from modbound import contract
from raw_calls import RawCalls, complaint, kinds, methods, seed_job
from service import Server, verify

# Distinct, so that one that becomes a path is known again.
STRINGS = {
    "NUL": b"evil\x00evil",
    "not UTF-8": b"evil\xc3\x28\xff",
    "right to left": "evil\u202egpj.exe".encode(),
    "parent": b"../../evil",
    "absolute": b"/tmp/evil",
    "encoded parent": b"%2e%2e%2f%2e%2e%2fevil",
    "1 MiB": b"evil" * ((1 << 18) - 64),
    "SQL": b"evil'; DROP TABLE job; --",
    "SQL again": b"evil\" OR 1=1 UNION SELECT token FROM token --",
    "filter": b"evil% AND owner != 'local' OR labels.x LIKE '_%",
    "format": b"evil%s%n{0}${HOME}$(touch /tmp/evil)`id`",
}
# A message that is valid where text is, but is no text.
MARK = "\u2603mark\u2603"


def string_fields(descriptor, path=()):
    """Paths of all text fields; a map's key or value is a step of its own."""
    for field in descriptor.fields:
        if field.message_type is not None:
            if field.message_type.full_name.startswith("google.rpc"):
                continue  # an error is set by the server alone
            yield from string_fields(field.message_type, path + (field,))
        elif field.cpp_type == field.CPPTYPE_STRING and \
                field.type == field.TYPE_STRING:
            yield path + (field,)


def with_string(message, path, text):
    """Sets the text at the path, making what is on the way."""
    for step, field in enumerate(path):
        last = step == len(path) - 1
        is_map = (field.message_type is not None and
                  field.message_type.GetOptions().map_entry)
        if is_map:
            return _set_in_map(message, field, path[step + 1:], text)
        if contract.is_repeated(field):
            items = getattr(message, field.name)
            if last:
                items.append(text)
            else:
                message = items[0] if len(items) else items.add()
        elif last:
            setattr(message, field.name, text)
        else:
            message = getattr(message, field.name)
            message.SetInParent()
    return None


def _set_in_map(message, field, rest, text):
    entries = getattr(message, field.name)
    value = field.message_type.fields_by_name["value"]
    key = text if rest[0].name == "key" else "labels"
    if value.message_type is not None:
        entry = entries[key]
        entry.SetInParent()
        if rest[0].name == "value":
            with_string(entry, rest[1:], text)
    elif value.cpp_type == value.CPPTYPE_STRING:
        entries[key] = "x" if rest[0].name == "key" else text
    else:
        entries[key] = 1


def file_names(folder):
    return {os.path.relpath(os.path.join(where, name), folder)
            for where, folders, files in os.walk(folder)
            for name in files + folders}


class BadStringsTest(unittest.TestCase):

    def setUp(self):
        self.server = Server(flags=["--log_level=error"])
        self.addCleanup(self.server.close)
        self.calls = RawCalls(self.server.address)
        self.addCleanup(self.calls.close)
        self.methods = methods()

    def template(self, method, kind):
        """A request to set a string in, whole but for it."""
        request = method.request()
        if method.name == "SubmitJob":
            request.job.CopyFrom(seed_job(kind))
        elif method.name == "SubmitGraph":
            node = request.nodes.add(name="node")
            node.job.CopyFrom(seed_job(kind))
        elif method.name == "Upload":
            request.header.dtype = 2
            request.header.shape[:] = [0]
        return request

    def requests(self):
        """(method, field, bytes with MARK for the string)."""
        known = kinds(self.calls)
        for method in self.methods:
            for path in string_fields(method.request.DESCRIPTOR):
                names = [field.name for field in path]
                # A text of a spec needs a job of that kind.
                kind = next((name for name in names if name in known),
                            "quality")
                request = self.template(method, known[kind])
                with_string(request, path, MARK)
                data = request.SerializePartialToString()
                self.assertIn(MARK.encode(), data, names)
                yield method, ".".join(names), request

    def message_with(self, request, text):
        """The bytes of a request with the text for MARK.

        Also of one that is not valid UTF-8, which no library would write: the
        lengths around it are those of as many letters.
        """
        stand_in = "".join(chr(0x61 + i % 26) for i in range(len(text)))
        whole = _replaced(request, stand_in)
        return whole.SerializePartialToString().replace(
            stand_in.encode(), text, 1)

    def test_no_string_becomes_a_path(self):
        outside = os.path.dirname(self.server.data_dir)
        before = file_names(outside)
        trace, tracer = self.trace()
        fields = sent = kept = 0
        for method, field, request in self.requests():
            fields += 1
            for name, text in STRINGS.items():
                with self.subTest(method=method.name, field=field, text=name):
                    message = self.message_with(request, text)
                    answer = self.calls.call(method, [message], timeout=120)
                    sent += 1
                    self.assertEqual(complaint(answer), "")
                    kept += answer.code == "OK"
                    if name == "not UTF-8":
                        self.assertEqual(answer.reason, "BAD_TEXT", answer)
        method = next(m for m in self.methods if m.name == "GetQueueState")
        self.assertEqual(self.calls.call(method, [b""]).code, "OK")
        opened = self.paths_opened(trace, tracer)
        self.server.stop()
        for path in file_names(outside) - before:
            self.assertNotIn("evil", path)
        self.assertFalse(os.path.exists("/tmp/evil"))
        done = verify(self.server.data_dir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        fault_row(29, f"{len(STRINGS)} strings in each of {fields} text fields "
                  f"({sent} requests, {kept} kept as text): 0 names with them, "
                  f"{opened}")

    def trace(self):
        """strace of the server, where the machine has it and allows it."""
        folder = tempfile.TemporaryDirectory(prefix="modbound_trace_")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "trace")
        try:
            tracer = subprocess.Popen(
                ["strace", "-f", "-qq", "-e", "trace=%file", "-s", "200",
                 "-o", path, "-p", str(self.server.process.pid)],
                stderr=subprocess.PIPE)
        except FileNotFoundError:
            return path, None
        method = next(m for m in self.methods if m.name == "ListKinds")
        job = next(m for m in self.methods if m.name == "SubmitJob")
        kind = kinds(self.calls)["quality"]
        while tracer.poll() is None:
            # Until something is seen; a new job makes files.
            self.calls.call(method, [b""])
            self.calls.call(job, [job.request(
                job=seed_job(kind)).SerializeToString()])
            if os.path.exists(path) and os.path.getsize(path) > 0:
                self.addCleanup(tracer.wait)
                self.addCleanup(self.server.kill)
                return path, tracer
        tracer.stderr.close()
        return path, None

    def paths_opened(self, trace, tracer):
        """Checks the paths of the trace; what it says."""
        if tracer is None:
            return "no strace here"
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()
        paths = set()
        with open(trace, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.assertNotIn("evil", line)
                self.assertNotIn(MARK, line)
                paths.update(re.findall(r'"(/?[^"]*)"', line))
        self.assertTrue(paths)
        allowed = (self.server.data_dir, "/proc/", "/sys/", "/etc/", "/usr/",
                   "/dev/")
        for path in paths:
            # SQLite looks at the folders above its file, and whether these
            # are there.
            above = self.server.data_dir.startswith(path)
            if path.startswith("/") and not above and path not in (
                    "/var/tmp", "/usr/tmp"):
                self.assertTrue(path.startswith(allowed), path)
        return f"all {len(paths)} paths of a trace inside the store"


def _replaced(message, text):
    """A copy with `text` wherever MARK is."""
    copy = type(message)()
    copy.CopyFrom(message)
    _replace_in(copy, text)
    return copy


def _replace_in(message, text):
    for field, value in message.ListFields():
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            for key in list(value):
                if entry.fields_by_name["value"].message_type is not None:
                    _replace_in(value[key], text)
                    if key == MARK:
                        value[text].CopyFrom(value[key])
                        del value[key]
                else:
                    if value[key] == MARK:
                        value[key] = text
                    if key == MARK:
                        value[text] = value[key]
                        del value[key]
        elif contract.is_repeated(field):
            for i, item in enumerate(value):
                if item == MARK:
                    value[i] = text
                elif entry is not None:
                    _replace_in(item, text)
        elif value == MARK:
            setattr(message, field.name, text)
        elif entry is not None:
            _replace_in(value, text)


if __name__ == "__main__":
    unittest.main()
