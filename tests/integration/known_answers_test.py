"""Best Q of the default partition of real matrices against known answers.

Best known Q of 40 seeded runs of a double-precision port of the Brain
Connectivity Toolbox, zero diagonal, gamma 1 (README.md of the data). Skips what
is not there: MODBOUND_DATA, or ../shared/data beside the source.
"""

import os
import unittest

import numpy

from service import SOURCE, ServiceTest

DATA = os.environ.get("MODBOUND_DATA",
                      os.path.join(SOURCE, "..", "shared", "data"))


def load(*path):
    full = os.path.join(DATA, *path)
    if not os.path.exists(full):
        raise unittest.SkipTest(f"no {full}")
    if full.endswith(".csv"):
        return numpy.loadtxt(full, delimiter=",")
    return numpy.load(full).astype(float)


class KnownAnswersTest(ServiceTest):

    def expect(self, answers, spec=None, **inputs):
        for quality, known in answers.items():
            with self.subTest(quality=quality):
                summary, array = self.run_kind(
                    "partition", {"quality": quality, **(spec or {})}, **inputs)
                self.assertEqual(array("run_quality").shape, (100,))
                best = float(summary["best_run_quality"])
                self.assertGreaterEqual(best, known - 1e-6)
                print(f"{self.id().split('.')[-1]} {quality}: best {best:.6f}, "
                      f"mean {float(summary['mean_run_quality']):.6f}, known "
                      f"{known}")

    def test_one_subject(self):
        self.expect({"NEGATIVE_ASYM": .497408, "NEGATIVE_SYM": .338913},
                    activity=load("hcp400-subject", "ts.npy"))

    def test_motor_neurons(self):
        self.expect({"NEGATIVE_ASYM": .187490, "NEGATIVE_SYM": .161068},
                    activity=load("m1-stevenson-2011", "spikes.npy").T)

    def test_signed_sample(self):
        self.expect({"NEGATIVE_ASYM": .472923, "NEGATIVE_SYM": .319956},
                    matrix=load("bctpy-samples", "sample_signed.npy"))

    def test_group(self):
        self.expect({"NEGATIVE_ASYM": .123238, "NEGATIVE_SYM": .122741},
                    matrix=load("conte69-brainspace",
                                "schaefer_400_mean_connectivity_matrix.csv"))

    def test_mouse_thalamocortical(self):
        self.expect({"MODULARITY": .373056}, {"similarity": "COSINE"},
                    activity=load("mouse-allen-homogeneous",
                                  "thalamus_to_isocortex_ipsi.npy"))


if __name__ == "__main__":
    unittest.main()
