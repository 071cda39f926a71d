"""Keyword arguments of a kind's method to jobs on the server."""

import datetime
import uuid

import numpy

from google.protobuf import json_format

from modbound import arrays, calls, contract, errors, files, spec, values

# Keywords that every kind takes beside its spec fields and inputs.
JOB_KEYWORDS = ("job_labels", "priority", "deadline", "max_run_time",
                "no_cache", "pinned", "request_id")
# A request must stay below 1 MiB: further arrays become uploads.
_MAX_REQUEST_INLINE_BYTES = 512 * 1024


class Kinds:
    """The inputs each kind takes, asked of the server once."""

    def __init__(self):
        self._inputs = None

    def inputs(self, kind):
        """Input messages of a kind."""
        if self._inputs is None:
            reply = yield from calls.call("ServerService.ListKinds")
            self._inputs = {info.kind: list(info.inputs)
                            for info in reply.kinds}
        if kind not in self._inputs:
            raise errors.InvalidArgument(
                f"this server has no kind {kind!r}; there are: "
                f"{', '.join(self._inputs)}", "UNKNOWN_KIND", "spec")
        return self._inputs[kind]


class _Inline:
    """Bytes of inline arrays that a request holds so far."""

    def __init__(self):
        self.used = 0

    def fits(self, size):
        if (size > arrays.MAX_INLINE_BYTES or
                self.used + size > _MAX_REQUEST_INLINE_BYTES):
            return False
        self.used += size
        return True


def job(kinds, kind, keywords):
    """Operation: submits one job; its message."""
    keywords = dict(keywords)
    request_id = _request_id(keywords.pop("request_id", None))
    message = yield from _job_message(kinds, kind, keywords, _Inline())
    return (yield from calls.call("JobService.SubmitJob",
                                  request_id=request_id, job=message))


def graph(kinds, nodes, request_id=None):
    """Operation: submits a graph; {node name: job message}."""
    request = contract.message("SubmitGraphRequest")()
    if isinstance(nodes, dict) and "nodes" in nodes:
        try:
            json_format.ParseDict(nodes, request)
        except json_format.ParseError as error:
            raise errors.InvalidArgument(str(error), "UNKNOWN_FIELD",
                                         "nodes") from None
    else:
        inline = _Inline()
        for name, (kind, keywords) in nodes.items():
            node = request.nodes.add()
            node.name = name
            node.job.CopyFrom((yield from _job_message(kinds, kind, keywords,
                                                       inline)))
    request.request_id = _request_id(request_id or request.request_id)
    method = contract.method("JobService.SubmitGraph")
    reply = yield from calls.with_retry(lambda: calls.Unary(method, request))
    return {node.name: found for node, found in zip(request.nodes, reply.jobs)}


def _job_message(kinds, kind, keywords, inline):
    """Operation: the Job of keywords; uploads what is too large for it."""
    known = contract.kinds()
    if kind not in known:
        raise spec.unknown(kind, known, "spec")
    message = contract.message("Job")()
    spec_message = getattr(message.spec, kind)
    spec_message.SetInParent()
    keywords = _take_job_fields(message, keywords)
    fields = known[kind].fields_by_name
    inputs = {}
    for name, value in keywords.items():
        if name in fields:
            spec.fill(spec_message, {name: value}, f"spec.{kind}")
        elif value is not None:
            inputs[name] = value
    if inputs:
        rules = yield from kinds.inputs(kind)
        yield from _add_inputs(message, kind, rules, inputs, inline)
    return message


def _take_job_fields(message, keywords):
    """Sets the job's own fields; the other keywords."""
    setters = {"job_labels": _set_labels, "priority": _set_plain,
               "deadline": _set_deadline, "max_run_time": _set_max_run_time,
               "no_cache": _set_plain, "pinned": _set_plain}
    rest = {}
    for name, value in keywords.items():
        if value is None:
            continue
        # `labels` is also an input: a dict is meant for the job.
        if name == "labels" and isinstance(value, dict):
            _set_labels(message, name, value)
        elif name in setters:
            setters[name](message, name, value)
        else:
            rest[name] = value
    return rest


def _is_text(value):
    """Whether it is a string that UTF-8 can hold."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _request_id(value):
    """The request id, or a random one where there is none."""
    if value is not None and not _is_text(value):
        raise _wrong("request_id", value, "a string")
    return value or random_id()


def random_id():
    """A request id of its own: makes retries of one request safe."""
    return str(uuid.uuid4())


def _set_labels(message, name, value):
    if not isinstance(value, dict) or not all(
            _is_text(text) for pair in value.items() for text in pair):
        raise _wrong(name, value, 'a dict of strings, job_labels={"subject": '
                     '"7"} (an input named labels is an array or a job)')
    message.labels.update(value)


def _set_plain(message, name, value):
    spec.set_field(message, message.DESCRIPTOR.fields_by_name[name], value,
                   name)


def _set_deadline(message, name, value):
    if not isinstance(value, datetime.datetime):
        raise _wrong(name, value, "a datetime")
    # Numbers, not FromDatetime: newer protobuf wants its own pool.
    seconds = value.timestamp()
    message.deadline.seconds = int(seconds // 1)
    message.deadline.nanos = int(seconds % 1 * 1e9)


def _set_max_run_time(message, name, value):
    if isinstance(value, datetime.timedelta):
        value = value.total_seconds()
    # numpy's numbers are no subclasses of Python's.
    if isinstance(value, numpy.generic):
        value = value.item()
    # The most that a google.protobuf.Duration holds; NaN is no number either.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (
            abs(value) <= 315576000000):
        raise _wrong(name, value, "seconds or a timedelta")
    message.max_run_time.seconds = int(value)
    message.max_run_time.nanos = int((value - int(value)) * 1e9)


def _wrong(name, value, allowed):
    return errors.InvalidArgument(f"{name} is {value!r}; allowed: {allowed}",
                                  "OUT_OF_RANGE", name)


def _add_inputs(message, kind, rules, inputs, inline):
    names = {rule.name for rule in rules}
    groups = {rule.group for rule in rules if rule.group}
    prefixes = {name[:-2] for name in names if name.endswith("/*")}
    for name, value in inputs.items():
        is_group = name in groups
        is_prefix = name in prefixes
        if not (name in names or is_group or is_prefix or
                name.rpartition("/")[0] in prefixes):
            known = [*contract.kinds()[kind].fields_by_name, *sorted(groups),
                     *sorted(names), *JOB_KEYWORDS]
            raise spec.unknown(name, known, kind)
        if isinstance(value, dict) and (is_group or is_prefix):
            for member, item in value.items():
                full = f"{name}/{member}"
                # initial={"w_rec": ...} is initial/w_rec.
                if not is_prefix and full not in names:
                    full = member
                yield from _add_input(message, rules, full, item, inline)
        else:
            yield from _add_input(message, rules, name, value, inline)


def _reference(value):
    """(job, output) of a handle, an output or a string "JOB/OUTPUT"."""
    if isinstance(value, values.Output):
        return value.job, value.name
    if isinstance(value, str):
        job_id, _, output = value.partition("/")
        return job_id, output
    return getattr(value, "id", None), ""


def array_of(value, path):
    """A little-endian array of an array or a file; errors name it `path`."""
    file = files.find(value)
    if file is not None:
        value = files.read(file, path)
    return arrays.little_endian(value, path)


def _takes_vector(rules, name):
    """Whether an input may have one axis."""
    for rule in rules:
        if rule.name == name or (rule.name.endswith("/*") and
                                 name.startswith(rule.name[:-1])):
            return len(rule.axes) == 1 or any(
                len(axes.names) == 1 for axes in rule.more_axes)
    return False


def _add_input(message, rules, name, value, inline):
    target = message.inputs[name]
    file = files.find(value)
    if file is not None:
        value = files.read(file, f"inputs.{name}", _takes_vector(rules, name))
    job_id, output = _reference(value)
    if job_id is not None:
        target.output.job = job_id
        target.output.output = output
    elif isinstance(value, values.Artifact):
        target.CopyFrom(value.message)
    else:
        array = arrays.little_endian(value, f"inputs.{name}")
        if inline.fits(array.nbytes):
            target.CopyFrom(arrays.describe(array))
            target.inline = array.tobytes()
        else:
            target.CopyFrom((yield from calls.upload(array)))
