"""A job on the server, and its arrays."""

import collections.abc
import time

import grpc

from modbound import calls, contract, errors, submit, values


class JobView:
    """What is known of a job without asking the server again."""

    def __init__(self, lab, message):
        self._lab = lab
        self._message = message

    @property
    def id(self):
        return self._message.id

    @property
    def kind(self):
        return self._message.kind

    @property
    def node(self):
        """Name of its node in the graph it came with, or ""."""
        return self._message.node

    @property
    def ended(self):
        """Whether it was known to have ended when last asked."""
        return calls.is_final(contract.state_name(self._message.state))

    def __getitem__(self, output):
        """An output as an input of further jobs, also before it exists."""
        return values.Output(self.id, output)

    def __repr__(self):
        state = contract.state_name(self._message.state)
        return f"<{self.kind} job {self.id}: {state}>"

    def __eq__(self, other):
        return isinstance(other, JobView) and (
            (self._lab.server, self.id) == (other._lab.server, other.id))

    def __hash__(self):
        return hash((self._lab.server, self.id))

    def _set(self, message):
        self._message = message
        return self

    def _raise_if_failed(self):
        error = errors.from_job(self._message)
        if error is not None:
            raise error

    def _summary(self):
        summary = self._message.summary
        record = values.plain(getattr(summary, self.kind))
        if summary.HasField("ensemble"):
            record["ensemble"] = values.plain(summary.ensemble)
        return record


class Handle(JobView):
    """A job. Raises modbound.Error; Unavailable only after trying for a while.

    It can be pickled: what is kept is the server's address and the job's id.
    """

    def _refresh(self, full=False):
        if not self.ended or full and not self._message.HasField("spec"):
            self._set(self._lab._run(
                calls.call("JobService.GetJob", id=self.id)))
        return self._message

    @property
    def state(self):
        """WAITING, QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, SKIPPED."""
        return contract.state_name(self._refresh().state)

    @property
    def progress(self):
        """fraction, done, total, unit, phase, eta (seconds), metrics."""
        return values.plain(self._refresh().progress)

    @property
    def error(self):
        """The JobError it ended with; None while it runs or when it succeeded."""
        return errors.from_job(self._refresh())

    @property
    def job(self):
        """Everything the server tells of the job, as a Record."""
        return values.plain(self._refresh(full=True))

    def wait(self, timeout=None):
        """Waits for the end; the handle itself.

        Raises JobFailed, JobCancelled or JobSkipped when it ended without a
        result, TimeoutError after `timeout` seconds.
        """
        if not self.ended:
            self._set(self._lab._run(calls.wait(self.id, timeout,
                                                time.monotonic)))
        self._raise_if_failed()
        return self

    @property
    def summary(self):
        """The numbers it found, as a Record; waits for the end.

        Of an ensemble of networks: means, and `ensemble` with more of them.
        """
        self.wait()
        self._refresh(full=True)
        return self._summary()

    @property
    def arrays(self):
        """Output name -> numpy array; each comes when first used. Waits."""
        self.wait()
        return Arrays(self._lab, self._message.outputs)

    @property
    def kept_arrays(self):
        """As `arrays`, but of a job that ended without a result, too.

        A train job of one network that DIVERGED keeps its arrays up to the step
        that its error names; `job.summary` has its numbers. Any other job that
        did not succeed keeps none.
        """
        try:
            self.wait()
        except errors.JobError:
            pass
        return Arrays(self._lab, self._refresh(full=True).outputs)

    @property
    def inputs(self):
        """Input name -> numpy array, likewise."""
        return Arrays(self._lab, self._refresh(full=True).inputs)

    def watch(self):
        """Iterates over Events until the end, across restarts of the server."""
        follower = calls.Follower(self.id)
        while not follower.done:
            error = None
            try:
                for message in self._lab._stream(follower.method,
                                                 follower.request()):
                    yield follower.take(message)
            except grpc.RpcError as rpc_error:
                error = errors.from_rpc(rpc_error)
            if not follower.done:
                time.sleep(follower.pause_after(error))

    def explain(self):
        """Why the job is where it is, and when it may start, as a Record:
        state, cause, text, needs, equal_job, position, eta."""
        return values.plain(self._lab._run(
            calls.call("JobService.ExplainJob", id=self.id)))

    def reproduce(self):
        """Has the job, which must have SUCCEEDED, run once more: the new job.

        When that has ended, its `job.reproduction` says whether the result is
        the same: source_job, same, different (names of outputs, "summary").
        """
        return Handle(self._lab, self._lab._run(calls.call(
            "JobService.ReproduceJob", id=self.id,
            request_id=submit.random_id())))

    def logs(self, follow=False):
        """Iterates over the lines of its log; with follow until the end.

        What the attempts did and what their worker processes printed, for
        people to read. Goes on across restarts of the server.
        """
        reader = calls.LogReader(self.id, follow)
        while True:
            try:
                for message in self._lab._stream(reader.method,
                                                 reader.request()):
                    yield from reader.take(message)
                return
            except grpc.RpcError as rpc_error:
                error = errors.from_rpc(rpc_error)
            time.sleep(reader.pause_after(error))

    def cancel(self):
        """Asks it to stop; it does within two seconds. The handle itself."""
        return self._set(self._lab._run(
            calls.call("JobService.CancelJob", id=self.id)))

    def delete(self):
        """Removes the job, which must have ended, and its outputs."""
        self._lab._run(calls.call("JobService.DeleteJob", id=self.id))

    def __reduce__(self):
        return (_restore, (self._lab.server, self.id, self.kind))


def _restore(server, job_id, kind):
    from modbound import client
    return Handle(client.connect(server),
                  contract.message("Job")(id=job_id, kind=kind))


class Arrays(collections.abc.Mapping):
    """Array name -> numpy array, downloaded once, when first used."""

    def __init__(self, lab, messages):
        self._lab = lab
        self._messages = messages
        self._loaded = {}

    def __getitem__(self, name):
        if name not in self._loaded:
            if name not in self._messages:
                raise KeyError(f"{name!r}; there are: {', '.join(self)}")
            self._loaded[name] = self._lab._run(
                calls.download(self._messages[name]))
        return self._loaded[name]

    def __iter__(self):
        return iter(sorted(self._messages))

    def __len__(self):
        return len(self._messages)

    def __contains__(self, name):
        return name in self._messages

    def __repr__(self):
        shapes = (f"{name} {tuple(self._messages[name].shape)}"
                  for name in self)
        return f"<arrays {', '.join(shapes)}>"
