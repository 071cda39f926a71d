"""A gRPC server in Python that answers as a test tells it to."""

import concurrent.futures

import grpc

from modbound import contract

SERVICES = {"JobService": "SubmitJob SubmitGraph GetJob ListJobs WatchJob "
                          "CancelJob DeleteJob GetLogs",
            "ArtifactService": "Upload QueryUpload Download FindMissing",
            "ServerService": "ListKinds GetServerInfo"}
STREAM_IN = {"Upload"}
STREAM_OUT = {"WatchJob", "GetLogs", "Download"}


class FakeServer:
    """methods: name -> function(request or iterator, context) -> reply."""

    def __init__(self, methods):
        self.methods = methods
        self.calls = []
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        for service, names in SERVICES.items():
            handlers = {name: self._handler(service, name)
                        for name in names.split()}
            self._server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(
                    f"modbound.v1.{service}", handlers),))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self):
        self._server.stop(None).wait()

    def _handler(self, service, name):
        method = contract.method(f"{service}.{name}")
        codecs = (method.request.FromString, method.reply.SerializeToString)

        def answer(request, context):
            self.calls.append((name, request))
            if name not in self.methods:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, name)
            return self.methods[name](request, context)

        def answers(request, context):
            self.calls.append((name, request))
            yield from self.methods[name](request, context)

        if name in STREAM_OUT:
            return grpc.unary_stream_rpc_method_handler(answers, *codecs)
        if name in STREAM_IN:
            return grpc.stream_unary_rpc_method_handler(answer, *codecs)
        return grpc.unary_unary_rpc_method_handler(answer, *codecs)


def refuse(context, code, reason, field, message):
    """Ends a call as the real server does: a Status with its details."""
    status = contract.message("google.rpc.Status")(code=code.value[0],
                                                   message=message)
    for name, detail in (
            ("ErrorInfo", {"reason": reason, "domain": "modbound"}),
            ("BadRequest", {"field_violations": [{"field": field}]})):
        packed = status.details.add()
        packed.type_url = f"type.googleapis.com/google.rpc.{name}"
        packed.value = contract.message(f"google.rpc.{name}")(
            **detail).SerializeToString()
    context.set_trailing_metadata(
        (("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)
