"""One training step: this server against PyTorch, and against the machine.

Usage: MODBOUND_BIN=build/bin MODBOUND_SOURCE=. \\
       PYTHONPATH=client/python:tests/integration \\
       /usr/bin/python3 tests/bench/train_bench.py [--rounds N] [--units N...]

Batch 16, 100 steps, relu, float32, one thread, perceptual decision-making with
its defaults. Sides take turns; figures are medians of the rounds. Ours is
steps_per_second of the job's summary (trials, forward, backward, optimiser).
PyTorch's are the public tutorial's loop over time, and torch.nn.RNN, with
trials drawn beforehand: their steps hold forward, backward and optimiser alone.
SGEMM is numpy's product at the step's shapes (16 x N by N x N, and N x 1600 by
1600 x N). Packages: deploy/packages.sh bench.
"""

import argparse
import os

# Before numpy and torch load their libraries.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import statistics  # noqa: E402
import time  # noqa: E402

import numpy  # noqa: E402

from service import Server  # noqa: E402

try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None

BATCH, STEPS, INPUTS, OUTPUTS, ALPHA = 16, 100, 3, 3, 1.0
# At least so many times PyTorch's loop and its fused RNN (issue's bars).
BARS = {64: (25, 15), 100: (14, 9), 256: (4, 4)}
SGEMM_BAR = {256: .6}
SECONDS = 1.5


def per_second(function):
    """Calls a second, of about SECONDS of them."""
    function()
    begin = time.perf_counter()
    count = 0
    while time.perf_counter() - begin < SECONDS:
        function()
        count += 1
    return count / (time.perf_counter() - begin)


class Ours:
    """Steps a second of a training job."""

    def __init__(self, lab, units):
        self.lab, self.units, self.seed = lab, units, 0
        self.steps = max(50, int(SECONDS * 8e6 / units ** 2))

    def __call__(self):
        self.seed += 1
        job = self.lab.train(
            task="PERCEPTUAL_DECISION_MAKING", seed=self.seed, no_cache=True,
            model={"hidden_size": self.units}, batch_size=BATCH,
            seq_len=STEPS, max_steps=self.steps, eval_every=self.steps,
            eval_trials=10, target_accuracy=1)
        job.wait()
        return job.summary.steps_per_second


def torch_sides(units):
    """Functions that do one step each: the loop over time, torch.nn.RNN."""
    inputs = torch.rand(STEPS, BATCH, INPUTS)
    targets = torch.randint(OUTPUTS, (STEPS * BATCH,))
    loss = torch.nn.CrossEntropyLoss()

    class Loop(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.input2h = torch.nn.Linear(INPUTS, units)
            self.h2h = torch.nn.Linear(units, units)
            self.out = torch.nn.Linear(units, OUTPUTS)

        def forward(self, sequence):
            state = torch.zeros(BATCH, units)
            states = []
            for step in sequence:
                new = torch.relu(self.input2h(step) + self.h2h(state))
                state = state * (1 - ALPHA) + new * ALPHA
                states.append(state)
            return self.out(torch.stack(states))

    class Fused(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.RNN(INPUTS, units, nonlinearity="relu")
            self.out = torch.nn.Linear(units, OUTPUTS)

        def forward(self, sequence):
            return self.out(self.rnn(sequence)[0])

    def step_of(model):
        adam = torch.optim.Adam(model.parameters(), lr=.01)

        def step():
            adam.zero_grad()
            loss(model(inputs).view(-1, OUTPUTS), targets).backward()
            adam.step()
        return step

    return step_of(Loop()), step_of(Fused())


def sgemm(units):
    """GFLOP/s of numpy at the shapes of a step, in its proportions."""
    weights = numpy.random.rand(units, units).astype("f4")
    block = numpy.random.rand(BATCH, units).astype("f4")
    block_result = numpy.empty((BATCH, units), "f4")
    errors = numpy.random.rand(STEPS * BATCH, units).astype("f4").T
    states = numpy.random.rand(STEPS * BATCH, units).astype("f4")
    square = numpy.empty((units, units), "f4")

    def step():
        for _ in range(2 * STEPS):
            numpy.dot(block, weights, out=block_result)
        numpy.dot(errors, states, out=square)
    return flops(units) * per_second(step) / 1e9


def flops(units):
    """Of the recurrent products of a step: forward, backward, gradient."""
    return 3 * 2. * units ** 2 * BATCH * STEPS


def measure(lab, units, rounds):
    sides = {"ours": Ours(lab, units)}
    if torch is not None:
        loop, fused = torch_sides(units)
        sides["loop"] = lambda: per_second(loop)
        sides["fused"] = lambda: per_second(fused)
    sides["sgemm"] = lambda: sgemm(units)
    told = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            told[name].append(side())
    return {name: statistics.median(values) for name, values in told.items()}


def show(units, told):
    ours = told["ours"]
    line = f"N = {units}: {1000 / ours:.3f} ms a step"
    met = True
    for name, bar in zip(("loop", "fused"), BARS.get(units, (0, 0))):
        if name in told:
            ratio = ours / told[name]
            met = met and ratio >= bar
            line += (f"; {name} {1000 / told[name]:.1f} ms, {ratio:.1f} x "
                     f"(bar {bar})")
    rate = flops(units) * ours / 1e9
    share = rate / told["sgemm"]
    met = met and share >= SGEMM_BAR.get(units, 0)
    line += (f"; {rate:.0f} GFLOP/s of recurrent products, {share:.2f} of "
             f"numpy's {told['sgemm']:.0f}")
    if units in SGEMM_BAR:
        line += f" (bar {SGEMM_BAR[units]})"
    print(line if met else line + "  NOT MET", flush=True)
    return met


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--units", type=int, nargs="+", default=list(BARS))
    arguments = parser.parse_args()
    if torch is None:
        print("PyTorch is not installed (deploy/packages.sh bench): its side "
              "is left out")
    server = Server(cores=1)
    try:
        lab = server.lab()
        met = [show(units, measure(lab, units, arguments.rounds))
               for units in arguments.units]
    finally:
        server.close()
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
