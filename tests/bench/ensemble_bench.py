"""Networks trained as one job: two cores against one.

Usage: MODBOUND_BIN=build/bin MODBOUND_SOURCE=. \\
       PYTHONPATH=client/python:tests/integration \\
       /usr/bin/python3 tests/bench/ensemble_bench.py [--networks N] [--rounds N]

`count` networks of 100 units, perceptual decision-making with its defaults,
trained to the target accuracy: networks a second of a server with one core and
of one with two, which take turns with the same seed. Figures are medians of the
rounds. Cores that other programs use meanwhile are missing from the wall time
of the pair, not from the CPU time: where CPU time per network is the same with
two cores as with one, and two cores were ours, the wall time halves. The share
of the pair that was ours is printed: CPU seconds over wall seconds times two.
"""

import argparse
import statistics

from service import Server, digests

UNITS = 100
BAR = 1.9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    servers = {cores: Server(cores=cores) for cores in (1, 2)}
    try:
        labs = {cores: server.lab() for cores, server in servers.items()}
        wall = {cores: [] for cores in servers}
        cpu = {cores: [] for cores in servers}
        made = {}
        for _ in range(arguments.rounds):
            for cores, lab in labs.items():
                job = lab.train(task="PERCEPTUAL_DECISION_MAKING", seed=1,
                                model={"hidden_size": UNITS},
                                count=arguments.networks, no_cache=True).wait()
                told = job.job.provenance
                assert told.threads == cores
                wall[cores].append(told.compute_seconds)
                cpu[cores].append(told.cpu_seconds)
                made[cores] = digests(job)
                ensemble = job.summary.ensemble
                steps = job.arrays["per_network/steps"]
        assert made[1] == made[2], "other bytes"
    finally:
        for server in servers.values():
            server.close()
    print(f"{arguments.networks} networks of {UNITS} units to target, "
          f"{steps.mean():.0f} steps each, {ensemble.failed_networks} failed")
    for cores in wall:
        seconds = statistics.median(wall[cores])
        used = statistics.median(cpu[cores])
        print(f"{cores} core{'s' if cores > 1 else ''}: {seconds:.2f} s, "
              f"{arguments.networks / seconds:.2f} networks/s; "
              f"{used / arguments.networks:.4f} s of CPU a network; "
              f"{used / (cores * seconds):.2f} of the cores were ours")
    ratio = statistics.median(wall[1]) / statistics.median(wall[2])
    by_cpu = 2 * statistics.median(cpu[1]) / statistics.median(cpu[2])
    met = ratio >= BAR
    print(f"two cores: {ratio:.2f} x one (bar {BAR}); by CPU time, which other "
          f"programs do not slow: {by_cpu:.2f} x{'' if met else '  NOT MET'}")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
