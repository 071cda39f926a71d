"""The blocking client."""

import functools
import os
import time

import grpc

from modbound import (address, calls, contract, credentials, errors, handle,
                      methods, submit, values)


def connect(server=None, *, token_file=None, ca=None, client_cert=None,
            client_key=None):
    """A Lab on the server at HOST:PORT or unix:PATH; nothing is sent yet.

    server: default $MODBOUND_SERVER, then the config file, then
    127.0.0.1:50061.
    token_file: file with the token that tells the server who you are.
    ca: PEM file, authorities of the server's certificate; makes it TLS.
    client_cert, client_key: PEM files, for servers that want a certificate.
    Each of these: default $MODBOUND_TOKEN_FILE and so on, then the config file;
    "" = none.
    """
    return Lab(address.find(server),
               credentials.find(token_file, ca, client_cert, client_key))


class Lab:
    """A server. Each kind of job is a method that returns a Handle at once."""

    def __init__(self, server, files=credentials.Files(*[None] * 4)):
        self.server = server
        self._files = files
        self._kinds = submit.Kinds()
        self._channel = None
        self._metadata = ()
        self._owner = None

    def jobs(self, states=(), kinds=(), labels=None, full=False):
        """Iterates over Handles, newest first.

        states, kinds: only these; a word or a list of words. labels: only jobs
        with all of these. full: bring specs and summaries along.
        """
        request = _list_request(states, kinds, labels, full)
        method = contract.method("JobService.ListJobs")
        while True:
            reply = self._run(calls.with_retry(
                lambda: calls.Unary(method, request)))
            for message in reply.jobs:
                yield handle.Handle(self, message)
            if not reply.next_page_token:
                return
            request.page_token = reply.next_page_token

    def job(self, job_id):
        """The Handle of a job. Raises NotFound."""
        return handle.Handle(
            self, self._run(calls.call("JobService.GetJob", id=job_id)))

    def run_graph(self, nodes, request_id=None):
        """Submits many jobs, all or none; {node name: Handle}.

        nodes: {name: (kind, keywords)}, where an input may be the name of
        another node, "simulate" or "simulate/activity"; or the JSON object of a
        graph file.
        """
        jobs = self._run(submit.graph(self._kinds, nodes, request_id))
        return {name: handle.Handle(self, job) for name, job in jobs.items()}

    def upload(self, array):
        """Stores an array once, for use in many jobs: an Artifact.

        array: numpy's, or a file (modbound.file), its shape as the file has it.
        """
        return values.Artifact(
            self._run(calls.upload(submit.array_of(array, "array"))))

    def kinds(self):
        """Kind -> Record of comment, fields, inputs, outputs, example_spec."""
        reply = self._run(calls.call("ServerService.ListKinds"))
        return {info.kind: values.plain(info) for info in reply.kinds}

    def info(self):
        """Version, cores, limits of the server, as a Record."""
        return values.plain(
            self._run(calls.call("ServerService.GetServerInfo")))

    def close(self):
        """Closes the connection; a later call opens it again."""
        if self._channel is not None and self._owner == os.getpid():
            self._channel.close()
        self._channel = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"<modbound server {self.server}>"

    def __reduce__(self):
        return (Lab, (self.server, self._files))

    def _connected(self):
        # A forked child cannot use its parent's connection.
        if self._channel is None or self._owner != os.getpid():
            self._channel, self._metadata = credentials.channel(
                grpc, self.server, self._files)
            self._owner = os.getpid()
        return self._channel

    def _run(self, operation):
        """Performs an operation of calls.py by blocking; its result."""
        result, failure = None, None
        while True:
            try:
                if failure is None:
                    effect = operation.send(result)
                else:
                    effect = operation.throw(failure)
            except StopIteration as stop:
                return stop.value
            result, failure = None, None
            try:
                result = self._perform(effect)
            except grpc.RpcError as error:
                failure = error

    @functools.singledispatchmethod
    def _perform(self, effect):
        raise TypeError(effect)

    @_perform.register
    def _(self, effect: calls.Unary):
        method = effect.method
        return self._connected().unary_unary(
            method.path, method.request.SerializeToString,
            method.reply.FromString)(effect.request, metadata=self._metadata)

    @_perform.register
    def _(self, effect: calls.StreamIn):
        method = effect.method
        return self._connected().stream_unary(
            method.path, method.request.SerializeToString,
            method.reply.FromString)(effect.requests, metadata=self._metadata)

    @_perform.register
    def _(self, effect: calls.StreamOut):
        stream = self._stream(effect.method, effect.request, effect.timeout)
        for message in stream:
            if effect.take(message):
                break

    @_perform.register
    def _(self, effect: calls.Sleep):
        time.sleep(effect.seconds)

    def _stream(self, method, request, timeout=None):
        """Messages of a server's stream; leaving the loop ends it."""
        stream = self._connected().unary_stream(
            method.path, method.request.SerializeToString,
            method.reply.FromString)(request, timeout=timeout,
                                     metadata=self._metadata)
        try:
            yield from stream
        finally:
            stream.cancel()


def _list_request(states, kinds, labels, full):
    states = [states] if isinstance(states, str) else states
    kinds = [kinds] if isinstance(kinds, str) else kinds
    request = contract.message("ListJobsRequest")()
    known = contract.message("JobState").DESCRIPTOR.enum_types_by_name["State"]
    for state in states:
        if state not in known.values_by_name:
            words = [word.name for word in known.values if word.number]
            raise errors.InvalidArgument(
                f"state is {state!r}; allowed: {', '.join(words)}",
                "OUT_OF_RANGE", "filter.states")
        request.filter.states.append(known.values_by_name[state].number)
    request.filter.kinds.extend(kinds)
    request.filter.labels.update(labels or {})
    request.view = 2 if full else 1
    return request


def _method(kind):
    def start(self, **keywords):
        return handle.Handle(self, self._run(submit.job(self._kinds, kind,
                                                        keywords)))
    return start


methods.add_methods(Lab, _method)
