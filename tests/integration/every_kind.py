"""A small job of every kind, as one graph: a row here for each new analysis."""

import numpy


def graph(max_steps=300):
    """Nodes for Lab.run_graph; together about a second of work."""
    random = numpy.random.default_rng(5)
    noise = random.standard_normal((300, 40))
    noise[:, :20] += random.standard_normal((300, 1))
    matrix = numpy.corrcoef(noise.T)
    other = numpy.corrcoef(random.standard_normal((40, 300)))
    half = numpy.repeat([0, 1], 20)
    digits = numpy.repeat(numpy.arange(10), 20)
    images = numpy.eye(10)[digits] + .3 * random.random((200, 10))
    return {
        "train": ("train", dict(
            task="PERCEPTUAL_DECISION_MAKING", model={"hidden_size": 40},
            target_accuracy=1, max_steps=max_steps, eval_trials=200, seed=1)),
        "simulate": ("simulate", dict(network="train", trials=40, seed=2)),
        "partition": ("partition", dict(activity="simulate", runs=30, seed=3)),
        "given": ("partition", dict(matrix=matrix, runs=20,
                                    consensus="THRESHOLD", seed=3)),
        "sweep": ("partition", dict(matrix=matrix, runs=10, gammas=[.5, 1, 2],
                                    algorithm="LOUVAIN", seed=3)),
        "nested": ("partition", dict(matrix=matrix, runs=5, hierarchy=True,
                                     algorithm="ITERATED", seed=3)),
        "quality": ("quality", dict(matrix=matrix, labels="given/run_labels")),
        "induced_quality": ("induced_quality", dict(
            matrix=matrix, labels=half, null_count=500, seed=4)),
        "compare_partitions": ("compare_partitions", dict(
            labels="given/run_labels")),
        "compare_matrices": ("compare_matrices", dict(
            a=matrix, b=other, permutations=200, seed=5)),
        "reduce": ("reduce", dict(activity="simulate", labels="partition")),
        "selectivity": ("selectivity", dict(
            activity="simulate", labels="partition", outputs="simulate",
            variables="simulate")),
        "output_lesion": ("output_lesion", dict(
            network="train", labels="partition", trials=50, repeats=4,
            controls=10, seed=6)),
        "lesion_similarity": ("lesion_similarity", dict(
            network="train", activity="simulate", grid=10, null_count=200,
            seed=7)),
        "jacobian_similarity": ("jacobian_similarity", dict(
            network="train", activity="simulate", null_count=200, seed=8)),
        "digits": ("digits", dict(
            images=images, digits=digits, hidden=[12], sets=2,
            samples_per_set=8, runs=5, epochs=5, seed=9)),
        "multilayer": ("multilayer", dict(
            matrices=numpy.stack([matrix, (matrix + other) / 2, other]),
            runs=5, seed=10)),
        "variogram": ("induced_quality", dict(
            matrix=matrix, labels=half, null="VARIOGRAM", null_count=50,
            coordinates=numpy.arange(40)[:, None] + random.random((40, 2)),
            seed=11)),
        "rewired": ("induced_quality", dict(
            matrix=matrix, labels=half, null="REWIRED", null_count=20,
            seed=12)),
        "statistics": ("statistics", dict(
            samples=noise[:, :3], other=noise[:200, 20:23],
            test="PERMUTATION", correction="HOLM", permutations=200,
            seed=10)),
    }
