#!/usr/bin/python3
"""The main job through Python: main_job.py [DIR].

Trains a network on perceptual decision-making, finds the modules of its
activity, and asks what the Jacobian and lesions say of them. Needs a running
server ($MODBOUND_SERVER, else 127.0.0.1:50061) and the Python that Debian's
python3-grpcio, python3-protobuf and python3-numpy belong to. Arrays and
summaries go to DIR (default results/python), as main_job_table.py reads them.
"""

import json
import os
import sys

import numpy

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                             "python"))
import modbound  # pylint: disable=wrong-import-position


def submit(lab):
    """Starts every job at once; the server keeps the order."""
    train = lab.train(task="PERCEPTUAL_DECISION_MAKING",
                      model={"hidden_size": 100}, target_accuracy=0.95, seed=1)
    simulate = lab.simulate(network=train, trials=100, seed=2)
    activity = simulate["activity"]
    modules = lab.partition(activity=activity, runs=100, consensus="EXPECTED",
                            seed=3)
    return {
        "train": train,
        "simulate": simulate,
        "partition": modules,
        "jacobian_similarity": lab.jacobian_similarity(
            network=train, activity=activity, mode="TRAJECTORY",
            jacobian_trials=3, null_count=1000, seed=4),
        "selectivity": lab.selectivity(
            activity=activity, labels=modules, outputs=simulate["outputs"],
            variables=simulate),
        "output_lesion": lab.output_lesion(network=train, labels=modules,
                                           trials=200, repeats=20, seed=5),
        "lesion_similarity": lab.lesion_similarity(
            network=train, activity=activity, grid=25, null_count=1000, seed=6),
        "reduce": lab.reduce(activity=activity, labels=modules),
    }


def save(handle, folder):
    """Writes the arrays and the summary of a job."""
    for name, array in handle.arrays.items():
        path = os.path.join(folder, f"{name}.npy")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        numpy.save(path, array)
    with open(os.path.join(folder, "summary.json"), "w",
              encoding="utf-8") as file:
        json.dump(handle.summary, file, indent=2)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "results/python"
    lab = modbound.connect()
    jobs = submit(lab)
    for name, handle in jobs.items():
        handle.wait()
        save(handle, os.path.join(folder, name))
        print(f"{name}: {handle.id}")
    print(f"modules: {jobs['partition'].summary.num_modules}, "
          f"Q = {jobs['partition'].summary.quality:.3f}")
    print(f"arrays and summaries: {folder}")


if __name__ == "__main__":
    main()
