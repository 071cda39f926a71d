"""Plain Python values of messages, and the small values that inputs can be."""

import datetime

from modbound import contract, errors


class Record(dict):
    """A message as a dict whose keys are attributes too: summary.quality."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"no {name!r} here; there are: {', '.join(self)}") from None

    def __dir__(self):
        return [*super().__dir__(), *self]


class Output:
    """One output of a job, as an input of another: handle["activity"]."""

    def __init__(self, job, name):
        self.job = job
        self.name = name

    def __repr__(self):
        return f"<output {self.name!r} of job {self.job}>"


class Artifact:
    """An array on the server, by its digest: lab.upload(array)."""

    def __init__(self, message):
        self.message = message
        self.digest = message.artifact
        self.shape = tuple(message.shape)

    def __repr__(self):
        return f"<artifact {self.digest[:12]} of shape {self.shape}>"


class Event:
    """One thing that happened to a job.

    what: "snapshot", "state_change" or "progress". state: the job's state.
    progress: a Record, for progress only. error: an Error, when it ended badly.
    """

    def __init__(self, message, state):
        self.what = message.WhichOneof("event")
        self.job_id = message.job_id
        self.sequence = message.sequence
        self.time = _timestamp(message.time)
        self.state = state
        self.progress = None
        self.error = None
        if self.what == "progress":
            self.progress = plain(message.progress)
        elif self.what == "state_change" and message.state_change.error.code:
            status = message.state_change.error
            reason, field = errors.facts_of(status)
            self.error = errors.JobError(status.message, reason, field,
                                         errors.code_name(status.code),
                                         message.job_id)

    def __repr__(self):
        extra = ""
        if self.progress is not None:
            extra = f" {self.progress.phase} {100 * self.progress.fraction:.0f}%"
        return f"<{self.what} {self.sequence}: {self.state}{extra}>"


def plain(message):
    """A message as a Record: every field present, None where it is unset.

    Enums are words, timestamps datetimes (UTC), durations seconds.
    """
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        return _timestamp(message)
    if name == "google.protobuf.Duration":
        return message.seconds + message.nanos / 1e9
    if name == "google.rpc.Status":
        reason, field = errors.facts_of(message)
        return Record(code=errors.code_name(message.code),
                      message=message.message, reason=reason, field=field)
    return Record((field.name, _field(message, field))
                  for field in message.DESCRIPTOR.fields)


def _field(message, field):
    value = getattr(message, field.name)
    if contract.is_repeated(field):
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            value_field = entry.fields_by_name["value"]
            return Record((key, _one(value[key], value_field)) for key in value)
        return [_one(item, field) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _one(value, field)


def _one(value, field):
    if field.message_type is not None:
        return plain(value)
    if field.enum_type is not None:
        return contract.enum_name(field.enum_type, value)
    return value


def _timestamp(message):
    if not message.seconds:
        return None
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return start + datetime.timedelta(seconds=message.seconds,
                                      microseconds=message.nanos // 1000)
