"""Golden cases through the service: files in, `modbound run`, files out."""

import glob
import os
import unittest

import numpy

from service import SOURCE, Golden, ServiceTest

UPDATES = {"inside": "LEAK_INSIDE", "outside": "LEAK_OUTSIDE"}
QUALITIES = ("modularity", "potts", "negative_sym", "negative_asym")
GAMMAS = (0.5, 1.0, 1.5)
LESION_CASES = ("lesion_similarity_gng", "lesion_similarity_pdm")


def variants(golden, prefix):
    """(suffix, dt in ms, update) of arrays such as states_a020_inside."""
    for percent in (20, 100):
        for word, update in UPDATES.items():
            suffix = f"a{percent:03d}_{word}"
            if f"{prefix}_{suffix}" in golden:
                yield suffix, percent, update


class GoldenTest(ServiceTest):

    def test_simulate_matches_ctrnn_forward(self):
        for case in ("ctrnn_forward_n5", "ctrnn_forward_n64"):
            golden = Golden(case)
            for suffix, dt, update in variants(golden, "outputs"):
                with self.subTest(case=case, variant=suffix):
                    _, load = self.run_kind(
                        "simulate", {"dt": dt, "tau": 100, "update": update},
                        input_sequence=golden["inputs"], **golden.network)
                    golden.expect(f"outputs_{suffix}", load("outputs"))
                    if f"states_{suffix}" in golden:
                        golden.expect(f"states_{suffix}", load("activity"))
                    if f"final_state_{suffix}" in golden:
                        golden.expect(f"final_state_{suffix}",
                                      load("activity")[-1])

    def test_simulate_starts_from_the_initial_state(self):
        for case in ("ctrnn_forward_n5", "ctrnn_forward_n64"):
            golden = Golden(case)
            _, load = self.run_kind(
                "simulate", {"dt": 20, "tau": 100, "update": "LEAK_INSIDE"},
                input_sequence=golden["inputs"], initial_state=golden["h0"],
                **golden.network)
            golden.expect("outputs_a020_inside_h0", load("outputs"))

    def modularity_cases(self):
        folders = glob.glob(os.path.join(SOURCE, "tests/golden/modularity_*"))
        self.assertEqual(len(folders), 9)
        for folder in sorted(folders):
            golden = Golden(os.path.basename(folder))
            for quality in QUALITIES:
                if f"q_{quality}" in golden:
                    yield os.path.basename(folder), golden, quality

    def test_quality_matches_every_modularity_case(self):
        for case, golden, quality in self.modularity_cases():
            for column, gamma in enumerate(GAMMAS):
                with self.subTest(case=case, quality=quality, gamma=gamma):
                    _, load = self.run_kind(
                        "quality", {"quality": quality.upper(), "gamma": gamma,
                                    "keep_diagonal": True},
                        matrix=golden["weights"], labels=golden["partitions"])
                    golden.expect(f"q_{quality}", load("quality"),
                                  rows=(slice(None), column))

    def test_partition_passes_the_optimiser_bar(self):
        for case, golden, quality in self.modularity_cases():
            for row, gamma in enumerate(GAMMAS):
                best, mean, deviation, _ = golden[f"bct_{quality}"][row]
                with self.subTest(case=case, quality=quality, gamma=gamma):
                    _, load = self.run_kind(
                        "partition", {
                            "quality": quality.upper(), "gamma": gamma,
                            "runs": 50, "keep_diagonal": True,
                            "include_silent": True, "consensus": "NONE",
                            "seed": 1}, matrix=golden["weights"])
                    found = load("run_quality")
                    self.assertEqual(found.shape, (50,))
                    self.assertGreaterEqual(found.max(),
                                            best - 1e-9 - deviation)
                    self.assertGreaterEqual(found.mean(),
                                            mean - 1e-9 - 0.5 * deviation)

    def test_partition_finds_the_planted_consensus(self):
        golden = Golden("partition_stats")
        _, load = self.run_kind(
            "partition", {"runs": 100, "consensus": "THRESHOLD", "tau": 0.5},
            matrix=golden["consensus_weights"])
        both = numpy.stack([load("labels"), golden["consensus_partition"]])
        _, load = self.run_kind("compare_partitions", {"measures": ["ARI"]},
                                labels=both.astype("i4"))
        numpy.testing.assert_allclose(load("ari"), 1, atol=1e-12)

    def test_compare_partitions_matches_partition_stats(self):
        golden = Golden("partition_stats")
        _, load = self.run_kind("compare_partitions", {},
                                labels=golden["partitions"])
        for name in ("rand", "ari", "zrand", "nmi", "mi", "vi", "vin"):
            golden.expect(name, load(name))

    def test_induced_quality_matches_partition_stats(self):
        golden = Golden("partition_stats")
        summary, load = self.run_kind(
            "induced_quality", {"null_count": 200},
            matrix=golden["consensus_weights"],
            labels=golden["induced_partition"])
        golden.expect("induced_q", numpy.array([summary["quality"]]))
        null = load("null")
        self.assertEqual(null.shape, (200,))
        self.assertAlmostEqual(
            summary["z"], (summary["quality"] - null.mean()) / null.std(ddof=1),
            places=9)
        self.assertAlmostEqual(
            summary["p"], (1 + (null >= summary["quality"]).sum()) / 201)

    def test_jacobian_similarity_matches_jacobian(self):
        for case in ("jacobian_n5", "jacobian_n64"):
            golden = Golden(case)
            for suffix, dt, update in variants(golden, "mean_jacobian"):
                with self.subTest(case=case, variant=suffix):
                    _, load = self.run_kind(
                        "jacobian_similarity", {
                            "mode": "GIVEN_STATES", "dt": dt, "tau": 100,
                            "update": update, "null_count": 0},
                        states=golden["states"], inputs=golden["inputs"],
                        **golden.network)
                    golden.expect(f"mean_jacobian_{suffix}", load("jacobian"))
                    golden.expect(f"row_cosine_{suffix}", load("similarity"))
                    golden.expect(f"row_cosine_minus_identity_{suffix}",
                                  load("similarity_flow"))

    def lesion_similarity(self, golden, **spec):
        """run_kind's load, on the activity of the case's trials."""
        _, load = self.run_kind(
            "simulate", {}, input_sequence=golden["trial_inputs"],
            **golden.network)
        activity = load("activity")
        _, load = self.run_kind(
            "lesion_similarity",
            {"input": golden["input"].tolist(), "null_count": 0, **spec},
            activity=activity.reshape(-1, activity.shape[-1]), **golden.network)
        return load

    def test_lesion_similarity_matches_both_tasks_in_every_scope(self):
        for case in LESION_CASES:
            golden = Golden(case)
            # The manifest has no tolerance for the states: that of their axes.
            states = golden.tolerances["grid_axes"]
            for scope, word in (("RECURRENT", "rec"), ("ALL", "all"),
                                ("SILENCE", "silence")):
                with self.subTest(case=case, scope=scope):
                    load = self.lesion_similarity(golden, scope=scope)
                    golden.expect("pc_mean", load("mean"))
                    golden.expect("pc_components", load("components"))
                    golden.expect("grid_axes", load("grid_axes"))
                    numpy.testing.assert_allclose(
                        load("states"), golden["grid"], states["rtol"],
                        states["atol"], err_msg="grid")
                    golden.expect("stepped", load("stepped"))
                    golden.expect(f"distance_{word}", load("flow_distance"))
                    golden.expect(f"similarity_{word}", load("similarity"))
                    golden.expect(f"valid_{word}", load("valid"))

    def test_lesion_similarity_matches_the_grid_with_a_margin(self):
        for case in LESION_CASES:
            golden = Golden(case)
            with self.subTest(case=case):
                load = self.lesion_similarity(golden, scope="ALL", margin=2)
                golden.expect("grid_axes_margin2", load("grid_axes"))
                golden.expect("similarity_all_margin2", load("similarity"))
                golden.expect("valid_all_margin2", load("valid"))

    def test_reduce_matches_the_components_of_pca(self):
        golden = Golden("pca")
        for name in ("activity", "gauss"):
            activity = golden[name]
            units = activity.shape[1]
            with self.subTest(activity=name):
                summary, load = self.run_kind(
                    "reduce", {"components": 5}, activity=activity,
                    labels=numpy.zeros(units))
                golden.expect(f"{name}_components", load("components"))
                golden.expect(f"{name}_scores", load("scores"))
                ratio = f"{name}_explained_variance_ratio"
                numpy.testing.assert_allclose(
                    summary["explained_variance_ratio"],
                    golden[ratio][:5].sum(), golden.tolerances[ratio]["rtol"],
                    err_msg=ratio)
                _, load = self.run_kind(
                    "reduce", {"components": units}, activity=activity,
                    labels=numpy.zeros(units))
                golden.expect(f"{name}_explained_variance",
                              load("explained_variance"))

    def test_reduce_matches_the_module_means_of_pca(self):
        golden = Golden("pca")
        _, load = self.run_kind("reduce", {}, activity=golden["activity"],
                                labels=golden["module_labels"])
        golden.expect("module_means", load("module_activity"))
        golden.expect("reconstruction_r", load("reconstruction_r_unit"))


if __name__ == "__main__":
    unittest.main()
