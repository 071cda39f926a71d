"""Modules of 29,696 units: seconds and peak memory of one run.

Usage: MODBOUND_BIN=build/bin MODBOUND_SOURCE=. \\
       PYTHONPATH=client/python:tests/integration \\
       /usr/bin/python3 tests/bench/scale_bench.py [--units N]
           [--case dense|factor|permutations]... [--threads N]...

Units follow one of 17 random signals (1,100 samples) with noise of .5. dense:
their correlation matrix in float32, NEGATIVE_ASYM, one run. factor: the samples
themselves, NEGATIVE_SYM, one run. permutations: 1,000 label permutations from
the samples. Each job in a worker process of its own; seconds are the server's
compute_seconds. "scaled" is by a 1024^3 float64 product of NumPy on one thread,
of this very run, over .06 s. The dense case needs 12 GB of memory and 8 of disk.
"""

import argparse
import os

# Before numpy loads its libraries.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import time  # noqa: E402

import numpy  # noqa: E402
from service import Server  # noqa: E402

SAMPLES = 1100
SIGNALS = 17
REFERENCE_SECONDS = .06


def product_seconds():
    """Of a 1024^3 float64 product, the best of five."""
    factor = numpy.random.default_rng(0).standard_normal((1024, 1024))
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        factor @ factor
        best = min(best, time.perf_counter() - started)
    return best


def samples(units):
    """(samples (T, N) in float32, label of each unit)."""
    random = numpy.random.default_rng(1)
    signals = random.standard_normal((SAMPLES, SIGNALS), dtype=numpy.float32)
    labels = random.integers(0, SIGNALS, units).astype(numpy.int32)
    noise = random.standard_normal((SAMPLES, units), dtype=numpy.float32)
    return signals[:, labels] + numpy.float32(.5) * noise, labels


def correlation(activity):
    """(N, N) in float32, exactly symmetric, made block by block."""
    rows = numpy.ascontiguousarray(activity.T)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    units = len(rows)
    matrix = numpy.empty((units, units), numpy.float32)
    for first in range(0, units, 1024):
        block = rows[first:first + 1024] @ rows[first:].T
        square = block[:, :len(block)]
        lower = numpy.tril_indices(len(block), -1)
        square[lower] = square.T[lower]
        matrix[first:first + 1024, first:] = block
        matrix[first:, first:first + 1024] = block.T
    return matrix


def report(case, threads, job, matrix_bytes, scale):
    told = job.job.provenance
    print(f"{case:12}  {threads:7}  {told.compute_seconds:9.2f}  "
          f"{told.compute_seconds / scale:9.2f}  {told.cpu_seconds:7.2f}  "
          f"{told.peak_rss_bytes / 1e9:8.3f}  "
          f"{told.peak_rss_bytes / matrix_bytes:6.3f}  "
          f"{job.summary.quality:.9f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=29696)
    parser.add_argument("--case", action="append",
                        choices=("dense", "factor", "permutations"))
    parser.add_argument("--threads", type=int, action="append")
    arguments = parser.parse_args()
    cases = arguments.case or ("dense", "factor", "permutations")
    scale = product_seconds() / REFERENCE_SECONDS
    print(f"1024^3 product: {scale * REFERENCE_SECONDS:.3f} s")
    print("case          threads  compute s   scaled s    CPU s  peak GB  "
          "/matrix  quality")
    activity, labels = samples(arguments.units)
    matrix_bytes = 4 * arguments.units ** 2
    for threads in arguments.threads or (1, 2):
        # A cache of results would answer the second time.
        server = Server(cores=threads, flags=["--worker=always"])
        try:
            lab = server.lab()
            for case in cases:
                if case == "dense":
                    job = lab.partition(matrix=correlation(activity), runs=1,
                                        consensus="NONE")
                elif case == "factor":
                    job = lab.partition(activity=activity, runs=1,
                                        consensus="NONE",
                                        quality="NEGATIVE_SYM")
                else:
                    job = lab.induced_quality(activity=activity,
                                              labels=labels, null_count=1000,
                                              quality="NEGATIVE_SYM")
                report(case, threads, job.wait(), matrix_bytes, scale)
        finally:
            server.close()


if __name__ == "__main__":
    main()
