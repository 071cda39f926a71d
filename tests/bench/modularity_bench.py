"""Partitions: quality of the optimisers and seconds, against bars and peers.

Usage: MODBOUND_BIN=build/bin MODBOUND_SOURCE=. \\
       PYTHONPATH=client/python:tests/integration \\
       /usr/bin/python3 tests/bench/modularity_bench.py [--rounds N] [--matrix FILE.npy]

Matrices: correlations of n units, each one of 8 factors and four times as much
noise, over 300 samples (float32, diagonal 0): a rugged landscape whose optimum
is not the planted partition. --matrix adds one of your own. Quality function:
NEGATIVE_ASYM.
Seconds are provenance.compute_seconds of jobs on a server with one core, the
least of the rounds: the whole kernel, with checks, strengths, optimisation and
outputs (agreement included). Bars in seconds are stretched by the time of a
1024^3 float64 product of numpy, one thread, over .06 s. CPU seconds, which other
programs slow less, stand beside them. Peers that are installed (deploy/packages.sh
bench) run on the same matrices; igraph's and networkx's modularity takes no
negative weights, so they get max(W, 0), another objective: compare seconds.
"""

import argparse
import os

# Before numpy loads its libraries.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import random  # noqa: E402
import time  # noqa: E402

import numpy  # noqa: E402

from service import Golden, Server  # noqa: E402

try:
    import igraph
except ImportError:
    igraph = None
try:
    import networkx
except ImportError:
    networkx = None

RUNS = 20
# N -> {algorithm: (bar of the mean Q of 20 runs, bar of the best)}.
QUALITY_BARS = {
    500: {"LOUVAIN": (None, None), "LEIDEN": (None, None),
          "ITERATED": (.19487, .195358)},
    2000: {"LOUVAIN": (.1823, None), "LEIDEN": (.18644, None),
           "ITERATED": (.18644, None)}}
# N -> seconds of one LOUVAIN run.
SECONDS_BARS = {1000: .005, 2000: .02, 4000: .12}
GOLDEN_SECONDS = .036
REFERENCE_PRODUCT_SECONDS = .06
PEER_NODES = (500, 1000)


def factor_matrix(nodes, samples=300, factors=8, noise=4.0):
    draw = numpy.random.RandomState(0)
    shared = draw.randn(factors, samples)
    of_factor = draw.randint(0, factors, nodes)
    rows = shared[of_factor] + noise * draw.randn(nodes, samples)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows.astype(numpy.float32)
    upper = numpy.triu(rows @ rows.T, 1)
    return upper + upper.T


def product_seconds():
    values = numpy.random.RandomState(1).rand(1024, 1024)
    seconds = []
    for _ in range(10):
        begin = time.perf_counter()
        values @ values  # pylint: disable=pointless-statement
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


class Bench:

    def __init__(self, lab, rounds):
        self.lab = lab
        self.rounds = rounds
        self.failed = 0

    def partition(self, matrix, **spec):
        return self.lab.partition(matrix=matrix, no_cache=True, **spec).wait()

    def verdict(self, met):
        self.failed += 0 if met else 1
        return "met" if met else "NOT MET"

    def seconds(self, matrix, **spec):
        """(least compute seconds, their CPU seconds, job)."""
        best = None
        for _ in range(self.rounds):
            job = self.partition(matrix, **spec)
            told = job.job.provenance
            if best is None or told.compute_seconds < best[0]:
                best = (told.compute_seconds, told.cpu_seconds, job)
        return best

    def quality(self, what, matrix, bars):
        for algorithm, (mean_bar, best_bar) in bars.items():
            job = self.partition(matrix, algorithm=algorithm, runs=RUNS,
                                 consensus="NONE")
            found = job.arrays["run_quality"]
            line = (f"{what}, {algorithm}: mean Q of {RUNS} runs "
                    f"{found.mean():.6f}")
            if mean_bar:
                line += f" (bar {mean_bar}: " \
                        f"{self.verdict(found.mean() >= mean_bar)})"
            line += f", best {found.max():.6f}"
            if best_bar:
                line += f" (bar {best_bar}: " \
                        f"{self.verdict(found.max() >= best_bar)})"
            spent = job.job.provenance.cpu_seconds / RUNS
            print(f"{line}, worst {found.min():.6f}; {spent:.4f} s of CPU a run")

    def time(self, what, bar, matrix, **spec):
        scale = product_seconds() / REFERENCE_PRODUCT_SECONDS
        seconds, cpu, _ = self.seconds(matrix, **spec)
        scaled = bar * max(scale, product_seconds() / REFERENCE_PRODUCT_SECONDS)
        print(f"{what}: {seconds:.4f} s, {cpu:.4f} s of CPU (bar {bar} s, here "
              f"{scaled:.4f}: {self.verdict(seconds <= scaled)})")


def peers(nodes, matrix):
    """Seconds of the peers that are here."""
    positive = numpy.maximum(matrix, 0)
    rows, columns = numpy.nonzero(numpy.triu(positive, 1))
    weights = positive[rows, columns].astype(float)
    if igraph:
        begin = time.perf_counter()
        graph = igraph.Graph(n=nodes, edges=list(zip(rows, columns)))
        built = time.perf_counter() - begin
        random.seed(0)
        for name, run in (
                ("Louvain", lambda: graph.community_multilevel(weights)),
                ("Leiden", lambda: graph.community_leiden(
                    "modularity", weights=list(weights), n_iterations=2))):
            begin = time.perf_counter()
            run()
            print(f"N = {nodes}, igraph {name}: "
                  f"{time.perf_counter() - begin:.4f} s + {built:.2f} s to build")
    if networkx:
        begin = time.perf_counter()
        graph = networkx.Graph()
        graph.add_weighted_edges_from(zip(rows, columns, weights))
        built = time.perf_counter() - begin
        begin = time.perf_counter()
        networkx.community.louvain_communities(graph, seed=0)
        print(f"N = {nodes}, networkx Louvain: "
              f"{time.perf_counter() - begin:.4f} s + {built:.2f} s to build")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--matrix", help="a further matrix, .npy")
    arguments = parser.parse_args()
    for name, module in (("igraph", igraph), ("networkx", networkx)):
        if module is None:
            print(f"python3-{name} is not installed: ours alone")
    print(f"1024^3 product: {product_seconds():.4f} s (reference "
          f"{REFERENCE_PRODUCT_SECONDS})")
    server = Server(cores=1)
    try:
        bench = Bench(server.lab(), arguments.rounds)
        for nodes, bars in QUALITY_BARS.items():
            bench.quality(f"N = {nodes}", factor_matrix(nodes), bars)
        if arguments.matrix:
            none = dict.fromkeys(("LOUVAIN", "LEIDEN", "ITERATED"),
                                 (None, None))
            bench.quality(arguments.matrix, numpy.load(arguments.matrix), none)
        bench.time("modularity_rnn64, 100 runs and consensus", GOLDEN_SECONDS,
                   Golden("modularity_rnn64_zerodiag")["weights"])
        for nodes, bar in SECONDS_BARS.items():
            bench.time(f"N = {nodes}, one LOUVAIN run", bar,
                       factor_matrix(nodes), algorithm="LOUVAIN", runs=1,
                       consensus="NONE")
    finally:
        server.close()
    for nodes in PEER_NODES:
        peers(nodes, factor_matrix(nodes))
    return 1 if bench.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
