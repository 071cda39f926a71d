"""A CPU without the build's instruction set: one sentence and exit code 2.

What a program knows of its CPU is what libgcc's __cpu_indicator_init finds
before main. Copies of our programs find what the test says instead.
"""

import os
import re
import struct
import subprocess
import tempfile
import unittest

from service import BIN, TIME_FACTOR

# Bits of __cpu_model.__cpu_features[0]: enum processor_features of gcc's
# common/config/i386/i386-cpuinfo.h, which keeps their order.
FEATURES = {"popcnt": 2, "sse4.2": 8, "avx2": 10, "fma": 14, "bmi2": 17}
NEEDED = {"x86-64-v2": {"sse4.2", "popcnt"},
          "x86-64-v3": {"avx2", "fma", "bmi2"}}
PROGRAMS = ("modboundd", "modbound", "modbound-worker")


def symbols(path):
    """Name -> address, of a program that is not stripped."""
    lines = subprocess.run(["nm", path], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {line.split()[-1]: int(line.split()[0], 16)
            for line in lines if line[0] != " "}


def place(elf, address):
    """Where the byte at an address is in the file."""
    headers, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for number in range(count):
        kind, _, offset, start, _, length = struct.unpack_from(
            "<IIQQQQ", elf, headers + number * size)
        if kind == 1 and start <= address < start + length:  # PT_LOAD
            return offset + address - start
    raise AssertionError(f"nothing is loaded at {address:#x}")


def on_cpu(features, program, copy):
    """Makes a copy of the program that finds just these features."""
    path = os.path.join(BIN, program)
    with open(path, "rb") as file:
        elf = bytearray(file.read())
    known = symbols(path)
    function = known["__cpu_indicator_init"]
    bits = sum(1 << FEATURES[name] for name in features)
    # movl $bits, __cpu_model.__cpu_features[0](%rip); xor %eax, %eax; ret
    code = b"\xc7\x05" + struct.pack(
        "<iI", known["__cpu_model"] + 12 - (function + 10), bits)
    code += b"\x31\xc0\xc3"
    begin = place(elf, function)
    elf[begin:begin + len(code)] = code
    with open(copy, "wb") as file:
        file.write(elf)
    os.chmod(copy, 0o755)


class CpuTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        version = subprocess.run([os.path.join(BIN, "modbound"), "--version"],
                                 capture_output=True, text=True, check=True)
        cls.isa = re.search(r"x86-64-v\d", version.stdout)[0]

    def run_on(self, features, program, *arguments, **environment):
        with tempfile.TemporaryDirectory(prefix="modbound_cpu_") as folder:
            copy = os.path.join(folder, program)
            on_cpu(features, program, copy)
            done = subprocess.run([copy, *arguments], capture_output=True,
                                  text=True, check=False, cwd=folder,
                                  env={**os.environ, **environment},
                                  timeout=20 * TIME_FACTOR)
            self.assertEqual(os.listdir(folder), [program])
        return done

    def test_a_cpu_with_all_that_is_needed_is_taken(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                done = self.run_on(NEEDED[self.isa], program, "--version")
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_cpu_that_lacks_anything_is_refused(self):
        for program in PROGRAMS:
            for lacking in NEEDED[self.isa]:
                with self.subTest(program=program, lacking=lacking):
                    done = self.run_on(NEEDED[self.isa] - {lacking}, program,
                                       "--version")
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertEqual(done.stdout, "")
                    self.assertRegex(
                        done.stderr, rf"\A{program}: [^\n]*needs a CPU with "
                        rf"{self.isa}\b[^\n]*\n\Z")

    def test_a_refused_program_runs_nothing_of_its_own_before(self):
        # Its constructors may use instructions that the CPU does not have.
        for program in PROGRAMS:
            for features, code in ((set(), 2), (NEEDED[self.isa], 0)):
                with self.subTest(program=program, features=features):
                    done = self.run_on(features, program, "--version",
                                       LD_DEBUG="files")
                    self.assertEqual(done.returncode, code, done.stderr)
                    self.assertEqual("initialize program: " in done.stderr,
                                     code == 0)

    def test_the_server_does_not_start(self):
        done = self.run_on(set(), "modboundd", "--data_dir=data",
                           "--listen=127.0.0.1:0")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
