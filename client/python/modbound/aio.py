"""The same client with await.

    lab = modbound.aio.connect()
    net = await lab.train(task="GO_NOGO")
    act = await lab.simulate(network=net, trials=100)
    await act.wait()
    act.summary.accuracy, await act.array("activity")
"""

import asyncio
import time

import grpc

from modbound import (address, calls, client, contract, credentials, errors,
                      handle, methods, submit, values)


def connect(server=None, *, token_file=None, ca=None, client_cert=None,
            client_key=None):
    """A Lab; server and files are found as in modbound.connect."""
    return Lab(address.find(server),
               credentials.find(token_file, ca, client_cert, client_key))


class Handle(handle.JobView):
    """A job. Properties tell what is known; `await refresh()` asks anew."""

    def __init__(self, lab, message, whole=True):
        super().__init__(lab, message)
        # Whether it came with spec, inputs and summary. A list or a large graph
        # may leave them out, and their fields would then look like zeros.
        self._whole = whole

    @property
    def state(self):
        """The state when last asked."""
        return contract.state_name(self._message.state)

    @property
    def progress(self):
        return values.plain(self._message.progress)

    @property
    def error(self):
        return errors.from_job(self._message)

    @property
    def job(self):
        """Everything that the server told of the job, as a Record."""
        self._need_whole()
        return values.plain(self._message)

    @property
    def summary(self):
        """The numbers it found; after `await wait()`."""
        if self.state != "SUCCEEDED":
            self._raise_if_failed()
            raise errors.FailedPrecondition(
                f"job {self.id} is {self.state}: await wait() first",
                "WRONG_STATE")
        self._need_whole()
        return self._summary()

    def _need_whole(self):
        if not self._whole:
            raise errors.FailedPrecondition(
                f"job {self.id} came without spec, inputs and summary: await "
                "refresh() first", "WRONG_STATE")

    def _set(self, message):
        self._whole = True
        return super()._set(message)

    async def refresh(self):
        """Asks the server for the job as it is now; the handle itself."""
        return self._set(await self._lab._run(
            calls.call("JobService.GetJob", id=self.id)))

    async def wait(self, timeout=None):
        """Waits for the end; raises as modbound.Handle.wait does."""
        self._set(await self._lab._run(calls.wait(self.id, timeout,
                                                  time.monotonic)))
        self._raise_if_failed()
        return self

    async def array(self, name):
        """One output as a numpy array."""
        await self._wait_for_result()
        return await self._array(name)

    async def _wait_for_result(self):
        if not self.ended:
            await self.wait()
        self._raise_if_failed()

    async def _array(self, name):
        if name not in self._message.outputs:
            raise KeyError(
                f"{name!r}; there are: {', '.join(sorted(self._message.outputs))}")
        return await self._lab._run(
            calls.download(self._message.outputs[name]))

    async def arrays(self):
        """All outputs, {name: numpy array}."""
        await self._wait_for_result()
        return await self._arrays()

    async def _arrays(self):
        return {name: await self._array(name)
                for name in sorted(self._message.outputs)}

    async def kept_arrays(self):
        """As arrays(), also of a job that failed: modbound.Handle.kept_arrays."""
        try:
            await self._wait_for_result()
        except errors.JobError:
            pass
        return await self._arrays()

    async def watch(self):
        """Iterates over Events until the end, across restarts of the server."""
        follower = calls.Follower(self.id)
        while not follower.done:
            error = None
            try:
                async for message in self._lab._stream(follower.method,
                                                       follower.request()):
                    yield follower.take(message)
            except grpc.RpcError as rpc_error:
                error = errors.from_rpc(rpc_error)
            if not follower.done:
                await asyncio.sleep(follower.pause_after(error))

    async def explain(self):
        """Why the job is where it is, as modbound.Handle.explain."""
        return values.plain(await self._lab._run(
            calls.call("JobService.ExplainJob", id=self.id)))

    async def reproduce(self):
        """Has the job run once more, as modbound.Handle.reproduce."""
        return Handle(self._lab, await self._lab._run(calls.call(
            "JobService.ReproduceJob", id=self.id,
            request_id=submit.random_id())))

    async def logs(self, follow=False):
        """Iterates over the lines of its log, as modbound.Handle.logs does."""
        reader = calls.LogReader(self.id, follow)
        while True:
            try:
                async for message in self._lab._stream(reader.method,
                                                       reader.request()):
                    for line in reader.take(message):
                        yield line
                return
            except grpc.RpcError as rpc_error:
                error = errors.from_rpc(rpc_error)
            await asyncio.sleep(reader.pause_after(error))

    async def cancel(self):
        """Asks it to stop; it does within two seconds."""
        return self._set(await self._lab._run(
            calls.call("JobService.CancelJob", id=self.id)))

    async def delete(self):
        """Removes the job, which must have ended, and its outputs."""
        await self._lab._run(calls.call("JobService.DeleteJob", id=self.id))


class Lab:
    """A server, for use within one event loop. As modbound.Lab, awaited."""

    def __init__(self, server, files=credentials.Files(*[None] * 4)):
        self.server = server
        self._files = files
        self._kinds = submit.Kinds()
        self._channel = None
        self._metadata = ()

    async def jobs(self, states=(), kinds=(), labels=None, full=True):
        """Iterates (async for) over Handles, newest first.

        As modbound.Lab.jobs, but full by default: a property cannot await what
        is missing. full=False is faster for long lists; `summary` and `job`
        then need `await refresh()`.
        """
        request = client._list_request(states, kinds, labels, full)
        method = contract.method("JobService.ListJobs")
        while True:
            reply = await self._run(calls.with_retry(
                lambda: calls.Unary(method, request)))
            for message in reply.jobs:
                yield Handle(self, message, whole=full)
            if not reply.next_page_token:
                return
            request.page_token = reply.next_page_token

    async def job(self, job_id):
        """The Handle of a job. Raises NotFound."""
        return Handle(self, await self._run(
            calls.call("JobService.GetJob", id=job_id)))

    async def run_graph(self, nodes, request_id=None):
        """Submits many jobs, all or none; {node name: Handle}."""
        jobs = await self._run(submit.graph(self._kinds, nodes, request_id))
        return {name: Handle(self, job, whole=job.HasField("spec"))
                for name, job in jobs.items()}

    async def upload(self, array):
        """Stores an array once, for use in many jobs: an Artifact.

        array: numpy's, or a file (modbound.file), its shape as the file has it.
        """
        return values.Artifact(await self._run(
            calls.upload(submit.array_of(array, "array"))))

    async def kinds(self):
        """Kind -> Record of comment, fields, inputs, outputs, example_spec."""
        reply = await self._run(calls.call("ServerService.ListKinds"))
        return {info.kind: values.plain(info) for info in reply.kinds}

    async def info(self):
        """Version, cores, limits of the server, as a Record."""
        return values.plain(await self._run(
            calls.call("ServerService.GetServerInfo")))

    async def close(self):
        """Closes the connection; a later call opens it again."""
        if self._channel is not None:
            await self._channel.close()
        self._channel = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    def __repr__(self):
        return f"<modbound server {self.server}, async>"

    def _connected(self):
        if self._channel is None:
            self._channel, self._metadata = credentials.channel(
                grpc.aio, self.server, self._files)
        return self._channel

    async def _run(self, operation):
        """Performs an operation of calls.py by awaiting; its result."""
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
                result = await self._perform(effect)
            except grpc.RpcError as error:
                failure = error

    async def _perform(self, effect):
        if isinstance(effect, calls.Sleep):
            return await asyncio.sleep(effect.seconds)
        method = effect.method
        codecs = (method.path, method.request.SerializeToString,
                  method.reply.FromString)
        if isinstance(effect, calls.Unary):
            return await self._connected().unary_unary(*codecs)(
                effect.request, metadata=self._metadata)
        if isinstance(effect, calls.StreamIn):
            return await self._connected().stream_unary(*codecs)(
                effect.requests, metadata=self._metadata)
        stream = self._stream(method, effect.request, effect.timeout)
        try:
            async for message in stream:
                if effect.take(message):
                    break
        finally:
            await stream.aclose()
        return None

    async def _stream(self, method, request, timeout=None):
        stream = self._connected().unary_stream(
            method.path, method.request.SerializeToString,
            method.reply.FromString)(request, timeout=timeout,
                                     metadata=self._metadata)
        try:
            async for message in stream:
                yield message
        finally:
            stream.cancel()


def _method(kind):
    async def start(self, **keywords):
        return Handle(self, await self._run(submit.job(self._kinds, kind,
                                                       keywords)))
    return start


methods.add_methods(Lab, _method)
