#!/usr/bin/python3
"""Prints what the main job found: main_job_table.py DIR.

DIR holds one folder a job, as `modbound run-graph main_job.json --out DIR` or
main_job.py leaves it: DIR/NODE/summary.json and DIR/NODE/NAME.npy.
"""

import json
import math
import os
import sys

import numpy


def summary(folder, node):
    with open(os.path.join(folder, node, "summary.json"),
              encoding="utf-8") as file:
        return json.load(file)


def number(value, digits=3):
    """A number of a summary; absent, null and NaN are a dash."""
    if value is None or math.isnan(float(value)):
        return "-"
    return f"{float(value):.{digits}f}"


def probability(value):
    return "-" if value is None else f"{float(value):.2g}"


def row(name, text):
    print(f"{name:<34}{text}")


def print_network(folder):
    train = summary(folder, "train")
    run = summary(folder, "simulate")
    row("Training", f"{train['steps']} steps, {train['stop_reason']}, "
        f"{float(train['steps_per_second']):.0f} steps/s")
    row("Accuracy (non-zero coherence)", number(train["accuracy"]))
    row("Accuracy in the 100 trials", number(run["accuracy"]))
    row("Silent units", run["silent_units"])


def print_modules(folder):
    partition = summary(folder, "partition")
    reduction = summary(folder, "reduce")
    sizes = ", ".join(str(size) for size in partition["module_sizes"])
    row("Modules", f"{partition['num_modules']} (of {sizes} units)")
    row("Quality Q of the modules", number(partition["quality"]))
    row("Module means reconstruct, r", number(reduction["mean_reconstruction_r"]))


def print_jacobian(folder):
    jacobian = summary(folder, "jacobian_similarity")
    print("\nWhat similarity says of the correlation matrix"
          "\n                r  induced Q       z  p of induced Q")
    for name in ("step", "flow", "weights"):
        found = jacobian[name]
        print(f"  {name:<8}{number(found['r']):>7}"
              f"{number(found['induced_quality']):>11}"
              f"{number(found.get('z'), 1):>8}"
              f"{probability(found.get('induced_p')):>16}")


def print_selectivity(folder):
    found = summary(folder, "selectivity")
    r = numpy.load(os.path.join(folder, "selectivity", "r.npy"))
    print("\nWhat module means follow (r)\n  module  "
          + "  ".join(found["variables"]))
    for module, values in enumerate(r):
        cells = "  ".join(f"{number(value):>{len(name)}}" for value, name in zip(
            values, found["variables"]))
        print(f"  {module:>6}  {cells}")


def print_lesions(folder):
    lesion = summary(folder, "output_lesion")
    types = len(lesion["intact_accuracy"])
    print("\nAccuracy by trial type without a module's readout"
          "\n  module  units  " + "  ".join(f"type {k}" for k in range(types)))
    intact = "  ".join(f"{number(a):>6}" for a in lesion["intact_accuracy"])
    print(f"  intact         {intact}")
    for module in lesion["modules"]:
        accuracy = "  ".join(f"{number(a):>6}" for a in module["accuracy"])
        print(f"  {module['module']:>6}{module['size']:>7}  {accuracy}")
    similarity = summary(folder, "lesion_similarity")
    print()
    row("Lesion similarity, r", number(similarity["r"]))
    row("Its induced Q", f"{number(similarity['induced_quality'])}"
        f" (p {probability(similarity.get('induced_p'))})")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: main_job_table.py DIR")
    for part in (print_network, print_modules, print_jacobian,
                 print_selectivity, print_lesions):
        part(sys.argv[1])


if __name__ == "__main__":
    main()
