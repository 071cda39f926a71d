"""The scripts of deploy/, on copies of them with stand-ins for slow tools."""

import os
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ["MODBOUND_SOURCE"]
# A tool that notes how it was called, and with which settings.
NOTE = """#!/bin/sh
echo "$(basename "$0") $*|$(env | grep ^MODBOUND_ | sort | tr '\\n' ' ')" >>{log}
"""


class DeployTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_deploy_")
        self.addCleanup(folder.cleanup)
        self.root = os.path.join(folder.name, "source")
        self.tools = os.path.join(folder.name, "tools")
        self.log = os.path.join(folder.name, "log")
        # Another user must come this far.
        os.chmod(folder.name, 0o755)
        shutil.copytree(os.path.join(SOURCE, "deploy"),
                        os.path.join(self.root, "deploy"))
        os.makedirs(os.path.join(self.root, "client", "python", "modbound"))
        os.mkdir(self.tools)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return path

    def stand_in(self, *names, text=NOTE):
        for name in names:
            self.write(os.path.join(self.tools, name),
                       text.format(log=self.log))

    def tools_first(self):
        """Lets the scripts find the stand-ins before the system's tools."""
        self.write("deploy/system_tools.sh",
                   f"PATH={self.tools}:/usr/bin:/bin\n")

    def run_script(self, name, *arguments, **keywords):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("MODBOUND_")}
        environment.update(keywords.pop("env", {}))
        return subprocess.run(
            [os.path.join(self.root, "deploy", name), *arguments],
            capture_output=True, text=True, check=False, env=environment,
            timeout=120, **keywords)

    def notes(self, tool):
        """(arguments, settings) of every call of a stand-in."""
        with open(self.log, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("|") for line in file]
        return [(call.partition(" ")[2], dict(
            word.split("=") for word in settings.split()))
            for call, settings in lines if call.split(" ")[0] == tool]

    def build_settings(self, *arguments, ctest=NOTE):
        """Build folder -> settings of its tests, by deploy/test.sh."""
        self.tools_first()
        self.stand_in("ctest", text=ctest)
        self.stand_in("clang-format", "clang-tidy", "g++", "git")
        for script in ("build.sh", "packages.sh"):
            self.write(f"deploy/{script}", NOTE.format(log=self.log))
        for folder in ("core", "server", "client", "tests"):
            self.write(f"{folder}/a.cc", "")
            self.write(f"{folder}/a.h", "")
        self.write("build/CMakeCache.txt", "MODBOUND_ISA:STRING=x86-64-v3\n")
        done = self.run_script("test.sh", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.told = done.stdout
        return {call.split()[1]: settings
                for call, settings in self.notes("ctest")}

    def test_ci_tests_the_release_build_alone(self):
        self.assertEqual(self.build_settings(), {"build": {}})

    def test_full_sets_the_bars_of_every_build(self):
        found = self.build_settings("--full")
        self.assertEqual(list(found),
                         ["build-asan", "build-tsan", "build"])
        for folder in ("build-asan", "build-tsan"):
            self.assertGreater(float(found[folder]["MODBOUND_TIME_FACTOR"]), 1)
        self.assertNotIn("MODBOUND_TIME_FACTOR", found["build"])
        self.assertEqual(found["build"]["MODBOUND_SEEDS"], "10")
        self.assertIn("MODBOUND_ALL_KINDS", found["build"])
        self.assertGreater(int(found["build"]["MODBOUND_CHECKPOINT_KILLS"]), 4)

    def test_the_long_form_is_also_that_of_the_sanitizers(self):
        self.stand_in("cmake")
        self.write("tests/faults/table.py",
                   "import sys\nprint(*sys.argv[1:])\n"
                   "print(open(sys.argv[-1]).read())\n")
        told = "100% tests passed, 0 tests failed out of"
        found = self.build_settings("--full", "--faults=long", ctest=NOTE +
                                    f"echo '{told} 7'\necho '1 - a (Skipped)'")
        for folder in ("build-asan", "build-tsan", "build"):
            self.assertEqual(found[folder]["MODBOUND_FAULTS"], "long")
            self.assertIn((f"-DMODBOUND_FAULTS=long {folder}"),
                          [call for call, _ in self.notes("cmake")])
        # What is slowed down gives no figures, but its tests are counted.
        self.assertNotIn("MODBOUND_FAULT_ROWS", found["build-asan"])
        self.assertIn("MODBOUND_FAULT_ROWS", found["build"])
        self.assertIn("--full ", self.told)
        self.assertIn("41\tbuild-asan: 6 tests passed, 1 skipped; build-tsan: "
                      "6 tests passed, 1 skipped\n", self.told)

    def test_the_settings_of_full_are_read_by_some_test(self):
        names = set().union(*self.build_settings("--full").values())
        folder = os.path.join(SOURCE, "tests", "integration")
        text = ""
        for name in os.listdir(folder):
            if name.endswith(".py") and name != os.path.basename(__file__):
                with open(os.path.join(folder, name),
                          encoding="utf-8") as file:
                    text += file.read()
        for name in names:
            self.assertIn(f'"{name}"', text)

    def test_help_is_the_head_of_each_script(self):
        for name in ("test.sh", "quickstart.sh"):
            done = self.run_script(name, "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("Usage: deploy/" + name, done.stdout)
            self.assertNotIn("set -euo", done.stdout)

    def small_project(self):
        """A project that configures in no time and says what it found."""
        self.write("CMakeLists.txt", "\n".join((
            "cmake_minimum_required(VERSION 3.25)",
            "project(small LANGUAGES NONE)",
            "find_program(FOUND_PROTOC protoc)",
            "find_path(FOUND_HEADER modbound_stand_in.h)",
            'add_custom_target(all_of_it ALL COMMAND protoc --version)')))

    def test_the_build_takes_the_system_s_tools_whatever_comes_first(self):
        self.small_project()
        self.stand_in("protoc", "cmake", "ninja", text="#!/bin/sh\nexit 1\n")
        self.write(os.path.join(self.tools, "include", "modbound_stand_in.h"),
                   "")
        done = self.run_script("build.sh", env={
            "PATH": self.tools + os.pathsep + os.environ["PATH"],
            "CMAKE_PREFIX_PATH": self.tools, "CC": "/nowhere/cc",
            "CMAKE_GENERATOR": "Nonsense", "CXXFLAGS": "-nonsense"})
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.root, "build", "CMakeCache.txt"),
                  encoding="utf-8") as file:
            cache = file.read()
        self.assertIn("FOUND_PROTOC:FILEPATH=/usr/bin/protoc\n", cache)
        self.assertIn("FOUND_HEADER-NOTFOUND\n", cache)

    def test_ccache_s_own_settings_stay(self):
        done = subprocess.run(
            ["bash", "-c", f"source {self.root}/deploy/system_tools.sh; env"],
            capture_output=True, text=True, check=True,
            env={**os.environ, "CCACHE_DIR": "/c", "Eigen3_DIR": "/e",
                 "MODBOUND_SEEDS": "4", "PYTHONHOME": "/p", "LDFLAGS": "-x"})
        names = {line.partition("=")[0] for line in done.stdout.splitlines()}
        self.assertLessEqual({"CCACHE_DIR", "MODBOUND_SEEDS"}, names)
        self.assertEqual({"Eigen3_DIR", "PYTHONHOME", "LDFLAGS"} & names,
                         set())

    def test_the_build_refuses_another_user_s_folder_in_one_sentence(self):
        self.small_project()
        self.assertEqual(self.run_script("build.sh").returncode, 0)
        keywords = {}
        if os.getuid() == 0:
            keywords["user"] = "nobody"
        else:
            os.chmod(os.path.join(self.root, "build"), 0o555)
            self.addCleanup(os.chmod, os.path.join(self.root, "build"), 0o755)
        done = self.run_script("build.sh", **keywords)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Abuild\.sh: [^\n]+\n\Z")
        self.assertIn(self.root, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_the_quickstart_refuses_wrong_use_in_one_sentence(self):
        for arguments in (("--out",), ("--out", ""), ("--out", "--keep-server"),
                          ("--nosuch",)):
            done = self.run_script("quickstart.sh", *arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertRegex(done.stderr, r"\Aquickstart\.sh: [^\n]+\n\Z")

    def test_packages_wait_for_another_installation(self):
        self.stand_in("apt-get", "sudo")
        self.stand_in("dpkg-query", text="#!/bin/sh\nexit 1\n")
        self.stand_in("apt-get", text=NOTE + "exit 1\n")
        self.stand_in("sudo", text='#!/bin/sh\nexec "$@"\n')
        done = self.run_script("packages.sh", env={
            "PATH": self.tools + os.pathsep + os.environ["PATH"]})
        self.assertEqual(done.returncode, 1)
        calls = [call for call, _ in self.notes("apt-get")]
        self.assertEqual(len(calls), 2, calls)  # an update, then give up
        for call in calls:
            self.assertIn("DPkg::Lock::Timeout=300", call)


if __name__ == "__main__":
    unittest.main()
