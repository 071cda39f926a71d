"""Arrays in .mat, .h5 and tables of text: command line and Python give the same
ones, of files that scipy, h5py and numpy made and of real ones."""

import json
import os
import pathlib
import unittest
import warnings

import numpy

import modbound
from service import SOURCE, Server, ServiceTest

GOLDEN = os.path.join(SOURCE, "tests", "golden", "file_formats")
DATA = os.environ.get("MODBOUND_DATA",
                      os.path.join(SOURCE, "..", "shared", "data"))
LABELS = [0, 0, 1, 1, 0]
# Array -> files that hold it.
SAME = {
    "a": ("a.npy", "a.csv", "mat4.mat", "mat5.mat", "mat5z.mat", "many5.mat:a",
          "mat73.mat:a", "one.h5", "many.h5:/a", "many.h5:big_endian",
          "many.h5:chunks"),
    "cube": ("many5.mat:cube", "mat73.mat:cube", "many.h5:cube"),
    "sparse": ("many5.mat:sparse", "mat73.mat:sparse"),
    **{name: (f"many5.mat:{name}", f"many.h5:{name}") for name in (
        "single", "int8", "uint8", "int16", "uint16", "int32", "uint32",
        "int64", "uint64", "logical", "empty", "scalar")},
}
REFUSED = ("many5.mat", "many5.mat:none", "many5.mat:complex", "many5.mat:cell",
           "many5.mat:text", "many5.mat:struct", "many5.mat:too_large",
           "many.h5", "many.h5:records", "many.h5:packed", "many.h5:text",
           "many.h5:complex", "many.h5:too_large", "mat73.mat", "a.csv:x")
# Real files -> shape and dtype.
REAL = {
    "hcp400-subject/sample_data.mat:sc": ([400, 400], "FLOAT64"),
    "hcp400-subject/sample_data.mat:ts": ([1100, 400], "FLOAT32"),
    "hcp400-subject/hcp400.mat": ([400, 1], "FLOAT64"),
    "hcp400-subject/hcp400centroids.mat": ([400, 3], "FLOAT64"),
    "m1-stevenson-2011/m1_stevenson_2011.mat:spikes": ([171, 15536], "FLOAT64"),
    "bctpy-samples/modularity_dir_example.csv": ([302, 302], "INT64"),
    "enigma-hcp/funcMatrix_with_ctx_schaefer_100.csv": ([114, 114], "FLOAT64"),
    "enigma-hcp/strucMatrix_sctx_schaefer_100.csv": ([14, 114], "FLOAT64"),
    "conte69-brainspace/mesulam_conte69.csv": ([64984, 1], "INT64"),
    "conte69-brainspace/conte69_32k_thickness.csv": ([64984, 1], "FLOAT64"),
    "mouse-allen-homogeneous/homogeneous-standard-model.csv": (
        [291, 577], "FLOAT64"),
}
REAL_REFUSED = {
    "hcp400-subject/regions.csv": "line 2, column 2",
    "enigma-hcp/funcLabels_ctx_schaefer_100.csv": "holds no numbers",
    "hcp400-subject/sample_data.mat": "sc (400, 400), ts (1100, 400)",
    "hcp400-subject/hcp400.mat:net": "a cell array",
    "psychrnn-weights/saved_weights.npz": "a zip archive",
    "rnn-flipflop-torch/flip_flop_net_6.pt": "a zip archive",
}


def has(module):
    try:
        __import__(module)
    except ImportError:
        return False
    return True


class FileFormatsTest(ServiceTest):

    def upload(self, path):
        """(dtype, shape, digest) that both clients agree on."""
        done = self.server.cli("upload", path, "--json")
        array = json.loads(done.stdout)
        shape = [int(extent) for extent in array.get("shape", [])]
        if self.python_reads(path):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                artifact = self.lab.upload(path)
            self.assertEqual(artifact.digest, array["artifact"], path)
            self.assertEqual(list(artifact.shape), shape, path)
            self.assertEqual("\n".join(str(note.message) for note in told),
                             done.stderr.strip())
        return array["dtype"], shape, array["artifact"]

    @staticmethod
    def python_reads(path):
        name = os.path.basename(path)
        needs = ("h5py" if ".h5" in name or "mat73" in name else
                 "scipy" if ".mat" in name else "numpy")
        return has(needs)

    def refusal(self, path):
        """What the command line says, if Python refuses it too."""
        done = self.server.cli("upload", path, check=False)
        self.assertEqual(done.returncode, 2, (path, done.stdout, done.stderr))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, lines)
        if self.python_reads(path):
            with self.assertRaises(modbound.InvalidArgument, msg=path):
                self.lab.upload(modbound.file(*self.parts(path)))
        return lines[0]

    @staticmethod
    def parts(path):
        file, colon, variable = path.rpartition(":")
        return (file, variable) if colon else (variable,)

    def test_the_same_array_of_every_format_has_one_digest(self):
        for name, files in SAME.items():
            found = {str(self.upload(os.path.join(GOLDEN, file)))
                     for file in files}
            self.assertEqual(len(found), 1, (name, found))

    def test_both_clients_refuse_what_is_no_array(self):
        for file in REFUSED:
            line = self.refusal(os.path.join(GOLDEN, file))
            self.assertTrue(line.startswith("error: "), line)
            self.assertIn(file, line)

    def test_a_job_takes_files_and_vectors_of_matrices(self):
        matrix = os.path.join(self.out, "m.csv")
        numpy.savetxt(matrix, numpy.ones((5, 5)) - numpy.eye(5), fmt="%d",
                      delimiter=",")
        numpy.save(os.path.join(self.out, "m.npy"), numpy.loadtxt(
            matrix, dtype="i8", delimiter=","))
        numpy.save(os.path.join(self.out, "l.npy"), numpy.array(LABELS))
        # A column, as MATLAB and tables have vectors.
        labels = os.path.join(self.out, "l.txt")
        with open(labels, "w", encoding="utf-8") as file:
            file.write("module\n" + "\n".join(map(str, LABELS)) + "\n")
        done = self.server.cli(
            "run", "quality", "--input", f"matrix={matrix}", "--input",
            f"labels={labels}", "--json")
        job = json.loads(done.stdout.splitlines()[-1])
        self.assertIn("l.txt: left out 1 header line", done.stderr)
        self.assertEqual(job["inputs"]["labels"]["shape"], ["5"])
        self.assertEqual(job["inputs"]["matrix"]["shape"], ["5", "5"])
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            again = self.lab.quality(matrix=pathlib.Path(matrix), labels=labels)
        again.wait()
        by_numpy = self.lab.quality(
            matrix=os.path.join(self.out, "m.npy"),
            labels=numpy.array(LABELS))
        by_numpy.wait()
        for other in (again, by_numpy):
            self.assertEqual(
                other.arrays["quality"].tolist(),
                self.lab.job(job["id"]).arrays["quality"].tolist())
            # The same inputs are the same job: its result was there.
            self.assertTrue(other.job.cache_info.hit, other)

    def test_what_is_refused_names_the_input(self):
        done = self.server.cli(
            "run", "quality", "--input",
            "matrix=" + os.path.join(GOLDEN, "many.h5"), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("[inputs.matrix]", done.stderr)
        if has("h5py"):
            with self.assertRaises(modbound.InvalidArgument) as caught:
                self.lab.quality(matrix=os.path.join(GOLDEN, "many.h5"),
                                 labels=LABELS)
            self.assertEqual(caught.exception.field, "inputs.matrix")

    @unittest.skipUnless(os.path.isdir(DATA),
                         "real files: no ../shared/data and no $MODBOUND_DATA")
    def test_real_files_arrive(self):
        for file, (shape, dtype) in REAL.items():
            path = os.path.join(DATA, file)
            found = self.upload(path)
            self.assertEqual(found[:2], (dtype, shape), file)
        for file, reason in REAL_REFUSED.items():
            self.assertIn(reason, self.refusal(os.path.join(DATA, file)))

    @unittest.skipUnless(has("scipy") and has("h5py"),
                         "made here: python3-scipy, python3-h5py")
    def test_files_made_here_arrive(self):
        import h5py
        import scipy.io
        a = numpy.random.default_rng(1).standard_normal((70, 300))
        numpy.save(os.path.join(self.out, "a.npy"), a)
        numpy.savetxt(os.path.join(self.out, "a.tsv"), a, fmt="%.17g",
                      delimiter="\t")
        for form in ("4", "5"):
            scipy.io.savemat(os.path.join(self.out, f"a{form}.mat"), {"x": a},
                             format=form)
        with h5py.File(os.path.join(self.out, "a.h5"), "w") as file:
            file.create_dataset("x", data=a, chunks=(32, 32), compression=4,
                                shuffle=True)
        found = {str(self.upload(os.path.join(self.out, name))) for name in (
            "a.npy", "a.tsv", "a4.mat", "a5.mat", "a.h5")}
        self.assertEqual(len(found), 1, found)


if __name__ == "__main__":
    unittest.main()
