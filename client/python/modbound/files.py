"""Arrays from files: .npy, .mat, .h5, .hdf5, .csv, .tsv, .txt.

The same files give the same arrays as `modbound --input` does.
"""

import importlib
import os
import re
import warnings

import numpy

from modbound import errors

_EXTENSION = re.compile(r"\.(npy|mat|h5|hdf5|csv|tsv|txt)$", re.IGNORECASE)
# FILE:VARIABLE; the first colon after such an extension.
_VARIABLE = re.compile(r"(.+?\.(?:mat|h5|hdf5)):(.*)$",
                       re.IGNORECASE | re.DOTALL)
# Where such files begin, and what they are.
_REFUSED = (
    (b"PK\x03\x04", "a zip archive (.npz, .xlsx, .pt): save the array itself"),
    (b"\x1f\x8b", "a compressed file: unpack it first"),
    (b"BZh", "a compressed file: unpack it first"),
    (b"\xfd7zXZ", "a compressed file: unpack it first"),
    *((bytes((0x80, protocol)), "a Python pickle: save the array itself")
      for protocol in range(2, 6)),
)
# What is no type of the contract -> the smallest one that holds its values.
_WIDER = {"i1": "<i4", "i2": "<i4", "u2": "<i4", "u4": "<i8", "u8": "<i8",
          "f2": "<f4"}


class File:
    """An array in a file, as an input: modbound.file("x.mat", "FC").

    The strings "x.mat", "x.mat:FC" and path objects mean the same, for .npy,
    .mat (versions 4, 5, 7.3), .h5, .hdf5, and tables of numbers in .csv, .tsv,
    .txt.

    path: a string or path. variable: which array of a .mat or .h5 file
    ("/group/dataset"); "" = its only one.

    .mat needs scipy (version 7.3: h5py), .h5 needs h5py. Types that the contract
    does not have become the smallest one that holds their values: float16
    float32; int8, int16, uint16 int32; uint32 and uint64 int64. .mat and tables
    have no vectors: a matrix of one row or column becomes one where the input
    takes one.
    """

    def __init__(self, path, variable=""):
        self.path = os.fspath(path)
        self.variable = variable

    def __str__(self):
        return self.path + (f":{self.variable}" if self.variable else "")

    def __repr__(self):
        return f"<file {self}>"


def find(value):
    """The File that an input means; None when it means none.

    A path object is a file, and a string that ends as one of them does, with or
    without :VARIABLE. A file that exists under the whole text is that file.
    """
    if isinstance(value, File):
        return value
    if not isinstance(value, (str, os.PathLike)):
        return None
    text = os.fspath(value)
    if not isinstance(text, str):
        return None
    split = _VARIABLE.match(text)
    if split and not os.path.exists(text):
        return File(split.group(1), split.group(2))
    if isinstance(value, str) and not (split or _EXTENSION.search(text)):
        return None
    return File(text)


def read(file, path, vector=False):
    """The numpy array of a File; errors name the field `path`.

    vector: a matrix of one row or one column becomes a vector, where the file
    cannot hold vectors (.mat, tables of text).
    Raises InvalidArgument.
    """
    try:
        array, only_matrices = _read(file)
    except ArrayError as error:
        raise errors.InvalidArgument(f"{file}: {error}", error.reason,
                                     path) from None
    except OSError as error:
        raise errors.InvalidArgument(f"{file}: {error.strerror or error}", "",
                                     path) from None
    if vector and only_matrices and array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    return array


class ArrayError(Exception):
    """What is wrong with a file's content."""

    def __init__(self, message, reason=""):
        super().__init__(message)
        self.reason = reason


def choose(variables, wanted):
    """Name of the array that `wanted` means; "" = the only one.

    variables: {name: (shape, what keeps it from being an input or "")}.
    """
    if wanted:
        possible = [wanted] if wanted in variables else []
    else:
        possible = [name for name, (_, refused) in variables.items()
                    if not refused]
    if len(possible) != 1:
        problem = (f'no "{wanted}"' if wanted else
                   "several arrays, name one as FILE:NAME" if possible else
                   "no array of numbers")
        raise ArrayError(f"holds {problem}; there is: {_list(variables)}")
    refused = variables[possible[0]][1]
    if refused:
        raise ArrayError(f"{possible[0]} is {refused}; allowed: arrays of real "
                         "numbers", "WRONG_DTYPE")
    return possible[0]


def check_size(shape, item_size):
    """Raises ArrayError when an array is larger than the machine's memory."""
    needed = item_size
    for extent in shape:
        needed *= int(extent)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise ArrayError(f"an array of shape {tuple(map(int, shape))} takes "
                         f"{needed} bytes, more than this machine's memory")


def optional(module, package):
    """A module that only some formats need."""
    try:
        return importlib.import_module(module)
    except ImportError:
        name = module.partition(".")[0]
        raise ArrayError(f"needs the Python module {name}, which is not "
                         f"installed: on Debian the package {package}"
                         ) from None


def _list(variables):
    named = []
    for name, (shape, refused) in variables.items():
        facts = [", ".join(str(int(extent)) for extent in shape), refused]
        named.append(f"{name} ({'; '.join(filter(None, facts))})")
    more = f" and {len(named) - 20} more" if len(named) > 20 else ""
    return (", ".join(named[:20]) or "nothing") + more


def _read(file):
    """(array, whether the format holds matrices only)."""
    form = _format(file.path)
    if file.variable and form not in ("mat", "h5"):
        raise ArrayError(f"holds one array, so :{file.variable} names none")
    if form == "text":
        from modbound import text_table
        array, note = text_table.read(file.path)
        if note:
            warnings.warn(f"{file}: {note}", stacklevel=2)
        return array, True
    read_format = {"npy": _read_npy, "mat": _read_mat, "h5": _read_hdf5}[form]
    try:
        array = read_format(file)
    except (ArrayError, MemoryError, OSError):
        raise
    # What the libraries raise on damaged files is of many types.
    except Exception as error:
        raise ArrayError(f"is damaged: {error}") from None
    return (array if form == "npy" else _widen(array)), form == "mat"


def _read_npy(file):
    with open(file.path, "rb") as stream:
        if stream.read(6) != b"\x93NUMPY":
            raise ArrayError("is no .npy file")
    return numpy.load(file.path, allow_pickle=False)


# scipy and h5py are loaded by those who need them.
def _read_mat(file):
    from modbound import mat
    return mat.read(file.path, file.variable)


def _read_hdf5(file):
    from modbound import hdf5
    return hdf5.read(file.path, file.variable)


def _format(path):
    with open(path, "rb") as stream:
        start = stream.read(128)
    for mark, what in _REFUSED:
        if start.startswith(mark):
            raise ArrayError(f"is {what}")
    if start.startswith(b"\x93NUMPY"):
        return "npy"
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return "h5"
    if start.startswith(b"MATLAB") and start[126:] in (b"IM", b"MI"):
        return "mat"
    known = _EXTENSION.search(path)
    if not known:
        raise ArrayError("is no file of arrays; known: .npy, .mat, .h5, .hdf5, "
                         ".csv, .tsv, .txt")
    return {"npy": "npy", "mat": "mat", "h5": "h5", "hdf5": "h5"}.get(
        known.group(1).lower(), "text")


def _widen(array):
    code = array.dtype.str[1:]
    # As Python's numbers: numpy would compare these as floats.
    if code == "u8" and array.size and int(array.max()) > 2**63 - 1:
        raise ArrayError(f"holds {array.max()}, beyond int64", "OUT_OF_RANGE")
    return array.astype(_WIDER[code]) if code in _WIDER else array
