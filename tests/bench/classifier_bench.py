"""Training steps of a classifier of digits: ours against PyTorch's same loop.

Usage: MODBOUND_BIN=build/bin MODBOUND_DATA=../shared/data \\
       /usr/bin/python3 tests/bench/classifier_bench.py [--rounds N]

4,000 images of 784 pixels, relu, float32, Adam (.001), one thread. Sides take
turns; steps a second are medians of the rounds. Both hold everything of a step:
the batch of a new order each epoch, forward, backward, optimiser. Accuracy is
on 999 other images after the last epoch. Packages: deploy/packages.sh bench.
"""

import argparse
import os

# Before torch loads its libraries.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import gzip  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy  # noqa: E402

try:
    import torch
    torch.set_num_threads(1)
except ImportError:
    torch = None

HELD_OUT = 999
CASES = [(64, [100]), (64, [256, 128]), (16, [64])]


def read_idx(path, axes):
    with gzip.open(path) as file:
        data = file.read()
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * axes)


def digits(folder):
    images = read_idx(f"{folder}/mnist-a-images-idx3-ubyte.gz", 3)
    labels = read_idx(f"{folder}/mnist-a-labels-idx1-ubyte.gz", 1)
    return (torch.tensor(images.reshape(-1, 784) / 255, dtype=torch.float32),
            torch.tensor(labels.astype(numpy.int64)))


def ours(batch, epochs, hidden):
    """(steps a second, accuracy)."""
    done = subprocess.run(
        [os.path.join(os.environ["MODBOUND_BIN"], "classifier_bench"),
         str(batch), str(epochs), *map(str, hidden)],
        check=True, capture_output=True, text=True)
    return tuple(float(word) for word in done.stdout.split())


def of_torch(data, batch, epochs, hidden):
    """(steps a second, accuracy)."""
    images, labels = data
    train, held_out = images[:-HELD_OUT], images[-HELD_OUT:]
    targets = labels[:-HELD_OUT]
    sizes = [784, *hidden]
    layers = []
    for below, above in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(below, above), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=.001)
    loss = torch.nn.CrossEntropyLoss()
    steps = 0
    begin = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(len(train))
        for first in range(0, len(train), batch):
            chosen = order[first:first + batch]
            optimizer.zero_grad()
            loss(net(train[chosen]), targets[chosen]).backward()
            optimizer.step()
            steps += 1
    seconds = time.perf_counter() - begin
    with torch.no_grad():
        right = net(held_out).argmax(1) == labels[-HELD_OUT:]
    return steps / seconds, right.float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    folder = os.path.join(os.environ.get("MODBOUND_DATA", "../shared/data"),
                          "mnist-half-a")
    if not os.path.isdir(folder):
        sys.exit(f"classifier_bench: no {folder}")
    data = digits(folder) if torch else None
    if torch is None:
        print("no PyTorch here: our side alone")
    for batch, hidden in CASES:
        sides = {"ours": lambda: ours(batch, arguments.epochs, hidden)}
        if torch:
            sides["PyTorch"] = lambda: of_torch(data, batch, arguments.epochs,
                                                hidden)
        found = {name: [] for name in sides}
        for _ in range(arguments.rounds):
            for name, side in sides.items():
                found[name].append(side())
        medians = {name: statistics.median(rate for rate, _ in rounds)
                   for name, rounds in found.items()}
        for name, rounds in found.items():
            ratio = medians["ours"] / medians[name]
            print(f"batch {batch}, hidden {hidden}: {name} "
                  f"{medians[name]:.0f} steps/s, accuracy "
                  f"{statistics.median(a for _, a in rounds):.4f}"
                  f"{'' if name == 'ours' else f' ({ratio:.1f}x)'}")


if __name__ == "__main__":
    main()
