"""Jobs that cost next to nothing to run, made without the client's work.

A no-op job is `quality` of a 3 x 3 matrix with a gamma of its own: the
cheapest kind, and no result of an earlier one answers it.
"""

import itertools
import uuid

import numpy

from modbound import calls, contract, submit


class LightJobs:
    """Makes and submits no-op jobs of one Lab."""

    def __init__(self, lab, first=0):
        self.lab = lab
        self._numbers = itertools.count(first + 1)
        self._job = lab._run(submit._job_message(
            submit.Kinds(), "quality",
            dict(matrix=numpy.eye(3), labels=[0, 0, 1], keep_diagonal=True),
            submit._Inline()))
        self._request = contract.message("SubmitJobRequest")
        self._call = None

    def request(self, labels=None):
        """A SubmitJobRequest for one more of them."""
        request = self._request(request_id=uuid.uuid4().hex, job=self._job)
        request.job.spec.quality.gamma = 1 + next(self._numbers) * 1e-7
        request.job.labels.update(labels or {})
        return request

    def send(self, request):
        """Submits it; the Job message. Waits only for the server."""
        if self._call is None:
            method = contract.method("JobService.SubmitJob")
            self._call = self.lab._connected().unary_unary(
                method.path, method.request.SerializeToString,
                method.reply.FromString)
        return self._call(request)

    def get(self, job_id):
        """The Job message."""
        return self.lab._run(calls.call("JobService.GetJob", id=job_id))

    def submit(self, labels=None):
        return self.send(self.request(labels))

    def submit_many(self, count, labels=None):
        """Submits so many, a thousand at once; their ids in order."""
        ids = []
        method = contract.method("JobService.SubmitGraph")
        while len(ids) < count:
            graph = method.request(request_id=uuid.uuid4().hex)
            for number in range(min(1000, count - len(ids))):
                graph.nodes.add(name=f"n{number}",
                                job=self.request(labels).job)
            reply = self.lab._run(calls.with_retry(
                lambda request=graph: calls.Unary(method, request)))
            ids += [job.id for job in reply.jobs]
        return ids

    def submit_surely(self):
        """The same, again while the server cannot be reached."""
        method = contract.method("JobService.SubmitJob")
        request = self.request()
        return self.lab._run(calls.with_retry(
            lambda: calls.Unary(method, request)))


def hold_cores(lab, cores):
    """Handles of jobs that run until they are cancelled, one a core."""
    jobs = [lab.train(task="PERCEPTUAL_DECISION_MAKING", max_steps=10000000,
                      target_accuracy=1, model={"hidden_size": 8}, seed=seed,
                      no_cache=True) for seed in range(cores)]
    for job in jobs:
        for event in job.watch():
            if event.state == "RUNNING":
                break
    return jobs
