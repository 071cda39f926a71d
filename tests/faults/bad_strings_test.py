"""Bad strings in every text field of every request: no file elsewhere."""

import os
import tempfile
import unittest

from disk_shim import DiskServer
from fault_row import fault_row
from modbound import contract
from raw_calls import RawCalls, complaint, kinds, methods, seed_job
from service import SANITIZED, Server, verify

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
        flags = ["--log_level=error"]
        if SANITIZED:
            self.server = Server(flags=flags)
        else:
            folder = tempfile.TemporaryDirectory(prefix="modbound_strings_")
            self.addCleanup(folder.cleanup)
            self.server = DiskServer(folder.name, flags=flags, names=True)
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
        self.server.stop()
        for path in file_names(outside) - before:
            self.assertNotIn("evil", path)
        self.assertFalse(os.path.exists("/tmp/evil"))
        done = verify(self.server.data_dir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # Programs with sanitizers cannot be traced; the release build is.
        if not SANITIZED:
            names = self.check_names()
            fault_row(29, f"{len(STRINGS)} strings in each of {fields} text "
                      f"fields ({sent} requests, {kept} kept as text): of "
                      f"{names} paths that the server opened, made, renamed or "
                      "removed none with them, none outside the store")

    def check_names(self):
        """Every path that the server used; how many."""
        paths = set(self.server.disk.names())
        for path in paths:
            self.assertNotIn(b"evil", path)
            self.assertNotIn(MARK.encode(), path)
        inside = self.server.data_dir.encode()
        # What stores an accepted job has been seen.
        for made in (b"/lock", b"/modbound.sqlite3", b"/attempts/j"):
            self.assertTrue(any(path.startswith(inside + made)
                                for path in paths), made)
        allowed = (inside, b"/proc/", b"/sys/", b"/etc/", b"/usr/", b"/dev/")
        for path in paths:
            # Folders are made and synced from above.
            if path.startswith(b"/") and not inside.startswith(path):
                self.assertTrue(path.startswith(allowed), path)
            elif not path.startswith(b"/"):
                self.assertNotIn(b"..", path)
        return len(paths)


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
