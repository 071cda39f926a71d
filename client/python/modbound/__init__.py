"""Client of a modbound server.

    import modbound
    lab = modbound.connect()
    net = lab.train(task="PERCEPTUAL_DECISION_MAKING", seed=1)
    act = lab.simulate(network=net, trials=100, seed=2)
    mod = lab.partition(activity=act["activity"], seed=3)
    mod.wait()
    mod.summary.quality, mod.arrays["labels"]

A method starts a job and returns its handle at once; handles and their outputs
are inputs of further jobs, and the server keeps the order. An array of your own
is numpy's, or in a file: "fc.csv", "subject.mat:FC", a pathlib.Path
(help(modbound.file)). `help(lab.train)` documents a kind. The same with `await`:
modbound.aio.
"""

import importlib

from modbound.client import Lab, connect
from modbound.errors import (Aborted, AlreadyExists, Cancelled, DataLoss,
                             DeadlineExceeded, Error, FailedPrecondition,
                             Internal, InvalidArgument, JobCancelled, JobError,
                             JobFailed, JobSkipped, NotFound, PermissionDenied,
                             ResourceExhausted, Unauthenticated, Unavailable)
from modbound.files import File as file
from modbound.handle import Handle
from modbound.values import Artifact, Event, Output, Record

__version__ = "0.1.0"


def __getattr__(name):
    """modbound.aio, loaded when it is first used."""
    if name == "aio":
        return importlib.import_module("modbound.aio")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Aborted", "AlreadyExists", "Artifact", "Cancelled", "DataLoss",
    "DeadlineExceeded", "Error", "Event", "FailedPrecondition", "Handle",
    "Internal", "InvalidArgument", "JobCancelled", "JobError", "JobFailed",
    "JobSkipped", "Lab", "NotFound", "Output", "PermissionDenied", "Record",
    "ResourceExhausted", "Unauthenticated", "Unavailable", "connect",
]
