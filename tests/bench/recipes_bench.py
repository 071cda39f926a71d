"""How reliably the recipes train: seeds that reach the target, steps, silent
units.

Usage: MODBOUND_BIN=build/bin MODBOUND_SOURCE=. \\
       PYTHONPATH=client/python:tests/integration \\
       /usr/bin/python3 tests/bench/recipes_bench.py [--seeds N]
           [--units N...] [--task NAME]

Perceptual decision-making with its defaults and those of `train`: to accuracy
.95, 10,000 steps at most. A unit is silent when its activity is constant over
the trials of the last evaluation.
"""

import argparse
import statistics

from service import Server

RECIPES = ("DEFAULT", "REFERENCE")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--units", type=int, nargs="+", default=[64, 100])
    parser.add_argument("--task", default="PERCEPTUAL_DECISION_MAKING")
    arguments = parser.parse_args()
    server = Server()
    try:
        lab = server.lab()
        jobs = {(recipe, units): [
            lab.train(task=arguments.task, model={"hidden_size": units},
                      recipe=recipe, seed=seed)
            for seed in range(1, arguments.seeds + 1)]
            for units in arguments.units for recipe in RECIPES}
        print("recipe     units  reached   steps (median, range)   "
              "silent units (mean, range)")
        for (recipe, units), trained in jobs.items():
            told = [job.wait().summary for job in trained]
            reached = sum(one.stop_reason == "TARGET_REACHED" for one in told)
            steps = [one.steps for one in told]
            silent = [one.silent_units for one in told]
            print(f"{recipe:9}  {units:5}  {reached:2} of {len(told):2}  "
                  f"{statistics.median(steps):7.0f}, {min(steps)} to "
                  f"{max(steps)}       {statistics.mean(silent):6.1f}, "
                  f"{min(silent)} to {max(silent)}", flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    main()
