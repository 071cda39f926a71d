"""Variables of .mat files of versions 4, 5 (scipy) and 7.3 (h5py), with the axes
and types that MATLAB shows."""

import warnings

import numpy

from modbound import files, hdf5

_REFUSED = {"cell": "a cell array", "struct": "a struct", "char": "text",
            "function": "a function", "function_handle": "a function",
            "object": "an object (a table or string of MATLAB's)",
            "opaque": "an object (a table or string of MATLAB's)",
            "unknown": "of a type that holds no numbers"}
_MAX_ITEM_BYTES = 8


def read(path, wanted):
    """The variable `wanted`, or the only one of numbers."""
    with open(path, "rb") as stream:
        start = stream.read(128)
    # Version 4 has no such header: its numbers may lie where others have one.
    is_hdf5 = (start.startswith(b"MATLAB") and
               start[124:126] in (b"\x00\x02", b"\x02\x00"))
    return (_read_hdf5 if is_hdf5 else _read_scipy)(path, wanted)


def _read_scipy(path, wanted):
    scipy_io = files.optional("scipy.io", "python3-scipy")
    variables = {name: (shape, _REFUSED.get(kind, ""))
                 for name, shape, kind in scipy_io.whosmat(path)}
    name = files.choose(variables, wanted)
    files.check_size(variables[name][0], _MAX_ITEM_BYTES)
    # mat_dtype: doubles that MATLAB stored as small integers are doubles; of
    # complex ones it would only warn that it takes the real part.
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Casting complex")
        try:
            array = scipy_io.loadmat(path, variable_names=[name],
                                     mat_dtype=True)[name]
        except Warning:
            is_complex = True
        else:
            is_complex = array.dtype.kind == "c"
    if is_complex:
        raise files.ArrayError(f"{name} is complex; allowed: arrays of real "
                               "numbers", "WRONG_DTYPE")
    return array.toarray() if hasattr(array, "toarray") else array


def _read_hdf5(path, wanted):
    h5py = hdf5.module()
    with hdf5.open_file(h5py, path) as file:
        variables = {name: _describe(h5py, item) for name, item in file.items()
                     if not name.startswith("#")}
        name = files.choose(variables, wanted)
        item = file[name]
        shape = variables[name][0]
        files.check_size(shape, _MAX_ITEM_BYTES)
        if isinstance(item, h5py.Group):
            return _fill_sparse(item, shape)
        if item.attrs.get("MATLAB_empty", 0):
            array = numpy.zeros(shape, _empty_dtype(item))
        else:
            array = item[()].T
        is_logical = item.attrs.get("MATLAB_class") == b"logical"
        return array.astype(bool) if is_logical else array


def _describe(h5py, item):
    """(shape, what keeps a variable from being an input) of version 7.3."""
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if isinstance(item, h5py.Group):
        if "MATLAB_sparse" not in item.attrs:
            return (1, 1), "a struct"
        columns = item["jc"].shape[0] - 1
        complex_values = "data" in item and item["data"].dtype.names
        return (int(item.attrs["MATLAB_sparse"]), columns), (
            "complex" if complex_values else "")
    if item.attrs.get("MATLAB_empty", 0):
        return tuple(int(n) for n in item[()]), _REFUSED.get(kind, "")
    if kind in _REFUSED:
        return item.shape[::-1], _REFUSED[kind]
    if item.dtype.names == ("real", "imag"):
        return item.shape[::-1], "complex"
    return item.shape[::-1], hdf5.refused(h5py, item.dtype)


def _empty_dtype(item):
    kind = item.attrs["MATLAB_class"].decode()
    return {"single": "f4", "double": "f8", "logical": "u1"}.get(kind, kind)


def _fill_sparse(group, shape):
    """A sparse matrix with its zeros: entries jc[j] to jc[j + 1] are those of
    column j, in rows ir."""
    starts = group["jc"][()].astype(numpy.int64)
    if "data" not in group:
        return numpy.zeros(shape)
    data = group["data"][()]
    if group.attrs.get("MATLAB_class") == b"logical":
        data = data.astype(bool)
    full = numpy.zeros(shape, data.dtype)
    columns = numpy.repeat(numpy.arange(shape[1]), numpy.diff(starts))
    full[group["ir"][()].astype(numpy.int64), columns] = data
    return full
