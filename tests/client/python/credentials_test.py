"""Which files tell a server who we are, and what of them is refused."""

import json
import os
import pickle
import tempfile
import unittest
import warnings
from unittest import mock

import modbound
from modbound import credentials


class CredentialsTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_c_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("MODBOUND_")}
        environment = mock.patch.dict(
            os.environ, {**clean, "XDG_CONFIG_HOME": self.folder}, clear=True)
        environment.start()
        self.addCleanup(environment.stop)

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_argument_environment_config_in_this_order(self):
        os.mkdir(os.path.join(self.folder, "modbound"))
        self.write("modbound/config.json",
                   json.dumps({"token_file": "c", "ca": "c", "client_cert": "c"}))
        os.environ["MODBOUND_TOKEN_FILE"] = "e"
        os.environ["MODBOUND_CA"] = "e"
        self.assertEqual(credentials.find(token_file="a", client_key=""),
                         ("a", "e", "c", None))

    def test_local_is_this_machine_alone(self):
        for address in ("127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "localhost:1",
                        "unix:/x"):
            self.assertTrue(credentials.is_local(address), address)
        for address in ("128.0.0.1:1", "lab:1", "[::2]:1",
                        "localhost.example.org:1"):
            self.assertFalse(credentials.is_local(address), address)

    def test_a_token_does_not_travel_in_the_clear(self):
        path = self.write("token", "mb1_0123_4567\n")
        with self.assertRaises(modbound.InvalidArgument) as refused:
            modbound.connect("lab:1", token_file=path).info()
        self.assertEqual(refused.exception.field, "ca")
        modbound.connect("127.0.0.1:1", token_file=path)._connected()

    def test_files_that_are_not_what_they_should_be(self):
        token = self.write("token", "mb1_0_1")
        other = self.write("other", "mb1_0\r\nx: 1")
        for files, field in (
                ({"token_file": token + "x"}, "token_file"),
                ({"token_file": other}, "token_file"),
                ({"ca": token}, "ca"), ({"ca": token + "x"}, "ca"),
                ({"client_cert": token}, "ca"),
                ({"ca": token, "client_cert": token}, "client_key"),
                ({"ca": token, "client_key": token}, "client_cert")):
            with self.subTest(files=files):
                with self.assertRaises(modbound.InvalidArgument) as refused:
                    modbound.connect("127.0.0.1:1", **files).info()
                self.assertEqual(refused.exception.field, field)

    def test_a_token_that_others_may_read_is_warned_of(self):
        for mode, warned in ((0o600, False), (0o400, False), (0o640, True),
                             (0o604, True)):
            path = self.write("token", "mb1_0_1", mode)
            lab = modbound.connect("127.0.0.1:1", token_file=path)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                lab._connected()
            self.assertEqual(any("chmod" in str(one.message)
                                 for one in caught), warned, oct(mode))
            os.unlink(path)

    def test_a_pickled_lab_keeps_its_files_and_no_secret(self):
        path = self.write("token", "mb1_0_secret")
        lab = modbound.connect("127.0.0.1:1", token_file=path)
        lab._connected()
        data = pickle.dumps(lab)
        self.assertNotIn(b"secret", data)
        self.assertEqual(pickle.loads(data)._files, lab._files)


if __name__ == "__main__":
    unittest.main()
