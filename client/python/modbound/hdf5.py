"""Arrays of HDF5 files, as h5py shows them."""

import numpy

from modbound import files


def module():
    """h5py. Raises ArrayError when it is not installed."""
    return files.optional("h5py", "python3-h5py")


def read(path, wanted):
    """The dataset /GROUP/NAME, or the only one of numbers."""
    h5py = module()
    with open_file(h5py, path) as file:
        if wanted and not wanted.startswith("/"):
            wanted = f"/{wanted}"
        if wanted and isinstance(file.get(wanted), h5py.Dataset):
            variables = {wanted: _describe(h5py, file[wanted])}
        else:
            variables = {}
            file.visititems(lambda name, item: variables.update(
                {f"/{name}": _describe(h5py, item)})
                if isinstance(item, h5py.Dataset) else None)
        dataset = file[files.choose(variables, wanted)]
        files.check_size(dataset.shape, dataset.dtype.itemsize)
        return numpy.asarray(dataset[()])


def open_file(h5py, path):
    """An open h5py.File. Raises ArrayError."""
    try:
        return h5py.File(path, "r")
    except OSError:
        raise files.ArrayError(
            "is no HDF5 file, or a damaged or truncated one") from None


def refused(h5py, dtype):
    """What keeps values of a dataset's type from being an input; "" = nothing."""
    if h5py.check_string_dtype(dtype) is not None or dtype.kind in "SU":
        return "text"
    if h5py.check_ref_dtype(dtype) is not None:
        return "references"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "lists of several lengths"
    if h5py.check_enum_dtype(dtype) is not None:
        return "words of an enum"
    if dtype.kind == "c":
        return "complex"
    if dtype.kind == "V":
        return "a table of records" if dtype.names else (
            "of a type that holds no numbers")
    if dtype.kind == "f" and dtype.itemsize > 8:
        return "floats of more than 64 bits"
    return "" if dtype.kind in "iufb" else "of a type that holds no numbers"


def _describe(h5py, dataset):
    if dataset.shape is None:
        return (), "empty"
    return dataset.shape, refused(h5py, dataset.dtype)
