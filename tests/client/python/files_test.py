"""Files as inputs of the Python client, without a server. What both clients must
agree on is in tests/integration/file_formats_test.py."""

import os
import pathlib
import tempfile
import unittest
import warnings
from unittest import mock

import numpy

import modbound
from modbound import files, text_table

GOLDEN = os.path.join(os.environ["MODBOUND_SOURCE"], "tests", "golden",
                      "file_formats")
A = numpy.load(os.path.join(GOLDEN, "a.npy"))


class FilesTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, text):
        """(matrix, note) of a table."""
        return text_table.read(self.path("t.csv", text))

    def test_what_means_a_file(self):
        for value in ("x.npy", "a/x.MAT", "x.mat:FC", "x.h5:/g/d", "x.csv",
                      pathlib.Path("x"), modbound.file("x.mat", "FC")):
            self.assertIsInstance(files.find(value), modbound.file, value)
        for value in ("simulate", "01AB/activity", "job/variables/choice", 3,
                      None, numpy.eye(2), [1, 2], b"x.npy"):
            self.assertIsNone(files.find(value), value)
        found = files.find("x.h5:/g/d:e")
        self.assertEqual((found.path, found.variable), ("x.h5", "/g/d:e"))

    def test_a_path_with_a_colon_that_exists_is_that_file(self):
        path = self.path("x.mat:a", b"")
        self.assertEqual(files.find(path).path, path)
        os.remove(path)
        self.assertEqual(files.find(path).variable, "a")

    def test_tables_as_the_command_line_reads_them(self):
        # The cases of tests/client/cli/text_table_test.cc.
        for text in ("1,2\n3,4\n", "1\t2\n3\t4", "1;2\r\n3;4\r\n", " 1  2\n3 4\n\n",
                     "\ufeff1, 2\n3 ,4\n", "# a,b\n1,2\n#\n3,4\n",
                     '"1","2"\n"3","4"\n'):
            matrix, note = self.read(text)
            self.assertEqual(matrix.tolist(), [[1, 2], [3, 4]], text)
            self.assertEqual((matrix.dtype, note), (numpy.dtype("i8"), ""))
        for text, note in (
                ("a,b\n1,2\n3,4\n", "1 header line"),
                ("a,b\n(mm),(s)\n1,2\n3,4\n", "2 header lines"),
                ("x,1,2\ny,3,4\n", "the first column, of names"),
                (",a,b\n0,1,2\n1,3,4\n",
                 "1 header line and the first column, of names"),
                (",ipsi,ipsi\n,11,12\n5,1,2\n6,3,4\n",
                 "2 header lines and the first column, of names"),
                ('"a" "b"\n"1" 1 2\n"2" 3 4\n',
                 "1 header line and the first column, of names"),
                ('"a, b","c"\n1,2\n3,4\n', "1 header line")):
            matrix, told = self.read(text)
            self.assertEqual(matrix.tolist(), [[1, 2], [3, 4]], text)
            self.assertEqual(told, f"left out {note}", text)
        numbers = self.read("9223372036854775808\n-0\n1e-999\n")[0]
        self.assertEqual(numbers.tolist(), [[2.**63], [0], [0]])
        self.assertTrue(numpy.signbit(numbers[1, 0]))
        row = self.read("1,nan,NA,N/A,-nan,-inf\n")[0][0]
        self.assertTrue((numpy.isnan(row) & ~numpy.signbit(row))[1:5].all())
        self.assertEqual(row[5], -numpy.inf)

    def test_tables_are_refused_with_line_and_column(self):
        for text, wrong in (
                ("1,2\n3\n", "line 2 has 1 cells, line 1 has 2"),
                ("# x\n1,2\n3,\n", "line 3, column 2: an empty cell"),
                ("1,2\n3,x\n", 'line 2, column 2: "x" is no number'),
                (",1,2\n0,3,4\n", "line 1, column 1: an empty cell"),
                ("0,5;1,2\n", 'line 1, column 1: "0,5" is no number (decimals'),
                ("x,1\n2,3\n", "line 2, column 1: no name, as line 1 has"),
                ("My title\n1 2 3\n", "its header has 2 cells, line 2 has 3"),
                ("1,1e999\n", 'line 1, column 2: "1e999" is beyond float64'),
                ("1,1_0\n", 'line 1, column 2: "1_0" is no number'),
                ("1\n\n2\n", "line 2 is empty"),
                ('1,"2\n', "line 1: a quote does not end"),
                ("1 2\r3 4\r", 'line 1, column 2: "2\r3" is no number'),
                ("1\n2\r\r\n", 'line 2, column 1: "2\r" is no number'),
                ('1,2\n"3","4"\r"5","6"\r',
                 "line 2: a carriage return that ends no line"),
                ('1,2\n"' + 200000 * "3" + '",4\n',
                 "line 2: field larger than field limit (131072)"),
                ("a,b\n", "holds no numbers"), ("", "holds no numbers"),
                ("1\0", "is no text: it has zero bytes")):
            with self.assertRaises(files.ArrayError) as caught:
                self.read(text)
            self.assertEqual(str(caught.exception)[:len(wrong)], wrong)

    def test_what_csv_refuses_names_the_file(self):
        path = self.path("t.csv", '"1","2"\r"3","4"\r')
        with self.assertRaises(modbound.InvalidArgument) as caught:
            files.read(modbound.file(path), "f")
        self.assertIn(f"{path}: line 1: a carriage return",
                      str(caught.exception))

    def test_numbers_of_version_4_may_look_like_the_header_of_7_3(self):
        scipy_io = files.optional("scipy.io", "python3-scipy")
        # Bytes 124 and 125 of the file are the last ones of the thirteenth.
        numbers = numpy.arange(20.).reshape(1, 20)
        numbers[0, 12] = numpy.frombuffer(b"\0\0\0\0\0\0\0\x02", "<f8")[0]
        path = self.path("v4.mat")
        scipy_io.savemat(path, {"a": numbers}, format="4")
        with open(path, "rb") as file:
            self.assertEqual(file.read()[124:126], b"\0\x02")
        self.assertEqual(files.read(modbound.file(path), "f").tolist(),
                         numbers.tolist())

    def test_vectors_come_of_matrices_where_an_input_takes_them(self):
        path = modbound.file(self.path("v.txt", "1\n2\n"))
        self.assertEqual(files.read(path, "x", vector=True).shape, (2,))
        self.assertEqual(files.read(path, "x").shape, (2, 1))
        numpy.save(self.path("v.npy"), numpy.ones((2, 1)))
        self.assertEqual(files.read(modbound.file(self.path("v.npy")), "x",
                                    vector=True).shape, (2, 1))

    def test_a_note_is_a_warning(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            files.read(modbound.file(self.path("t.csv", "a\n1\n")), "x")
        self.assertIn("left out 1 header line", str(told[0].message))

    def test_a_missing_module_names_its_package(self):
        for name, package in (("mat5.mat", "python3-scipy"),
                              ("one.h5", "python3-h5py"),
                              ("mat73.mat", "python3-h5py")):
            with mock.patch.object(files.importlib, "import_module",
                                   side_effect=ImportError):
                with self.assertRaises(modbound.InvalidArgument) as caught:
                    files.read(modbound.file(os.path.join(GOLDEN, name)), "x")
            self.assertIn(package, str(caught.exception))

    def test_other_files_are_refused_by_name(self):
        for start, what in ((b"PK\x03\x04", "zip"), (b"\x1f\x8b", "compressed"),
                            (b"\x80\x04", "pickle")):
            for name in ("x.npy", "x.csv", "x.mat", "x.h5"):
                with self.assertRaises(modbound.InvalidArgument) as caught:
                    files.read(modbound.file(self.path(name, start)), "f")
                self.assertIn(what, str(caught.exception))
                self.assertEqual(caught.exception.field, "f")
        for name in ("x.npy", "x.none", "x.csv"):
            with self.assertRaises(modbound.InvalidArgument):
                files.read(modbound.file(os.path.join(self.folder, "no", name)),
                           "f")

    def test_truncated_and_mutated_files_are_arrays_or_errors(self):
        random = numpy.random.default_rng(1)
        for name in ("mat4.mat", "mat5.mat", "mat5z.mat", "mat73.mat", "one.h5",
                     "a.csv", "a.npy"):
            with open(os.path.join(GOLDEN, name), "rb") as file:
                whole = file.read()
            for i in range(40):
                data = bytearray(whole)
                if i % 4 == 0:
                    data = data[:random.integers(len(data))]
                elif data:
                    for place in random.integers(len(data), size=3):
                        data[place] = random.integers(256)
                file = modbound.file(self.path(name, bytes(data)),
                                     "a" if name == "mat73.mat" else "")
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        files.read(file, "f")
                except modbound.InvalidArgument:
                    pass


if __name__ == "__main__":
    unittest.main()
