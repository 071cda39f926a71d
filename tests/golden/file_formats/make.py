"""Makes the files beside it: one array in every format, and what is refused.

    /usr/bin/python3 tests/golden/file_formats/make.py

Debian 12: python3-scipy 1.10.1, python3-h5py 3.7.0. mat73.mat has what MATLAB
writes into a file of version 7.3 (-v7.3): a user block that names the version,
datasets of reversed axes with the attribute MATLAB_class.
"""

import os

import h5py
import numpy
import scipy.io
import scipy.sparse

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Element (i, j) is 10 i + j + 1/4: rows and columns cannot be mistaken.
A = numpy.add.outer(10 * numpy.arange(4), numpy.arange(3)) + .25
SPARSE = scipy.sparse.csc_matrix(([1.5, -2, 4], ([3, 0, 1], [0, 2, 2])), (4, 3))
VARIABLES = {
    "single": A.astype("f4"), "int8": numpy.array([[-128, 127]], "i1"),
    "uint8": numpy.array([[255, 1]], "u1"),
    "int16": numpy.array([[-32768, 2]], "i2"),
    "uint16": numpy.array([[65535, 2]], "u2"),
    "int32": numpy.array([[-2**31, 2]], "i4"),
    "uint32": numpy.array([[2**32 - 1, 2]], "u4"),
    "int64": numpy.array([[-2**63, 2]], "i8"),
    "uint64": numpy.array([[2**63 - 1, 2]], "u8"),
    "too_large": numpy.array([[2**63, 2]], "u8"),
    "logical": numpy.array([[True, False, True]]),
    "cube": numpy.arange(24.).reshape(2, 3, 4),
    "column": numpy.arange(5.).reshape(5, 1), "scalar": numpy.array([[7.]]),
    "empty": numpy.zeros((0, 3)), "complex": A + 1j, "text": "words",
}


def mark(item, kind):
    """Gives a variable its class, as text of MATLAB's kind (ends with a zero)."""
    text = h5py.h5t.C_S1.copy()
    text.set_size(len(kind) + 1)
    text.set_strpad(h5py.h5t.STR_NULLTERM)
    attribute = h5py.h5a.create(item.id, b"MATLAB_class", text,
                                h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(numpy.array(kind.encode(), f"S{len(kind) + 1}"))


def matlab_file(name, variables):
    """A .mat file of version 7.3."""
    path = os.path.join(FOLDER, name)
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, (value, kind) in variables.items():
            dataset = file.create_dataset(key, data=numpy.transpose(value))
            mark(dataset, kind)
            if kind == "logical":
                dataset.attrs["MATLAB_int_decode"] = numpy.int32(1)
        group = file.create_group("sparse")
        mark(group, "double")
        group.attrs["MATLAB_sparse"] = numpy.uint64(SPARSE.shape[0])
        group["data"] = SPARSE.data
        group["ir"] = SPARSE.indices.astype("u8")
        group["jc"] = SPARSE.indptr.astype("u8")
    header = b"MATLAB 7.3 MAT-file, made by make.py"
    with open(path, "r+b") as file:
        file.write(header.ljust(124) + b"\x00\x02IM")


def main():
    def path(name):
        return os.path.join(FOLDER, name)

    numpy.save(path("a.npy"), A)
    scipy.io.savemat(path("mat4.mat"), {"a": A}, format="4")
    scipy.io.savemat(path("mat5.mat"), {"a": A})
    scipy.io.savemat(path("mat5z.mat"), {"a": A}, do_compression=True)
    cell = numpy.empty((2, 1), object)
    cell[:] = [["x"], ["y"]]
    scipy.io.savemat(path("many5.mat"), {
        "a": A, **VARIABLES, "sparse": SPARSE, "cell": cell,
        "struct": {"field": A}}, do_compression=True)
    matlab_file("mat73.mat", {
        "a": (A, "double"), "logical": (VARIABLES["logical"].astype("u1"),
                                        "logical"),
        "int16": (VARIABLES["int16"], "int16"),
        "cube": (VARIABLES["cube"], "double")})
    with h5py.File(path("one.h5"), "w") as file:
        file["group/a"] = A
        file["note"] = "words"
    with h5py.File(path("many.h5"), "w") as file:
        file["a"] = A
        for key, value in VARIABLES.items():
            file[key] = value
        file["half"] = A.astype("f2")
        file["big_endian"] = A.astype(">f8")
        file["packed"] = h5py.Empty("f8")
        file["records"] = numpy.zeros(2, [("x", "f8"), ("y", "i4")])
        file["group/link"] = file["a"]
        file.create_dataset("chunks", data=A, chunks=(3, 2), compression=1)
        file["number"] = 7.
    numpy.savetxt(path("a.csv"), A, delimiter=",", fmt="%.17g")


if __name__ == "__main__":
    main()
