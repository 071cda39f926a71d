"""deploy/container/Containerfile: its image has what the programs need, as far
as a machine without the means to make images can tell."""

import os
import re
import shutil
import subprocess
import unittest

BIN = os.environ["MODBOUND_BIN"]
SOURCE = os.environ["MODBOUND_SOURCE"]
PROGRAMS = ("modboundd", "modbound", "modbound-worker")
TOOLS = ("dpkg", "dpkg-query", "readelf")


def last_stage():
    """Its instructions, one string each."""
    path = os.path.join(SOURCE, "deploy", "container", "Containerfile")
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines()
                 if not line.startswith("#")]
    instructions = "\n".join(lines).replace("\\\n", " ").splitlines()
    stages = [number for number, line in enumerate(instructions)
              if line.startswith("FROM ")]
    return instructions[stages[-1]:]


def output(*command):
    return subprocess.run(command, check=False, capture_output=True,
                          text=True).stdout


def installed_by_image():
    """The packages that it names."""
    words = next(re.search(r"apt-get install (.*?) &&", line).group(1).split()
                 for line in last_stage() if "apt-get install" in line)
    return [word for word in words if not word.startswith("-")]


def all_dependencies():
    """Package of this machine -> names of what it depends on."""
    text = output("dpkg-query", "-W",
                  "-f=${Package}\t${Pre-Depends}, ${Depends}\n")
    return {package: {re.split(r"[ :(]", name.strip())[0]
                      for name in re.split(r"[,|]", names) if name.strip()}
            for package, names in (line.split("\t")
                                   for line in text.splitlines())}


def closure(packages, depends):
    """Packages with all that they depend on."""
    found, left = set(), set(packages)
    while left:
        package = left.pop()
        found.add(package)
        left |= depends.get(package, set()) - found
    return found


def libraries(program):
    """Names of the shared libraries that a program of ours is linked to."""
    return re.findall(r"\(NEEDED\).*\[(.+)\]",
                      output("readelf", "-d", os.path.join(BIN, program)))


def owners(names):
    """Library -> packages that bring it."""
    found = {name: set() for name in names}
    for line in output("dpkg", "-S",
                       *(f"*/{name}" for name in names)).splitlines():
        package, _, path = line.partition(": ")
        found[os.path.basename(path)].add(package.split(":")[0])
    return found


class ContainerTest(unittest.TestCase):

    def need_tools(self):
        for tool in TOOLS:
            if not shutil.which(tool):
                self.skipTest(f"no {tool}: what the image's packages hold is "
                              "not known here")

    def test_its_packages_bring_every_library(self):
        self.need_tools()
        if "MODBOUND_SANITIZED" in os.environ:
            self.skipTest("the image's programs have no sanitizers")
        depends = all_dependencies()
        named = installed_by_image()
        # Those of this machine, which built and runs the programs.
        self.assertLessEqual(set(named), set(depends))
        packages = closure(named, depends)
        needed = {program: libraries(program) for program in PROGRAMS}
        found = owners(sorted(set().union(*needed.values())))
        for program, names in needed.items():
            self.assertIn("libstdc++.so.6", names)
            for name in names:
                with self.subTest(program=program, library=name):
                    self.assertTrue(found[name] & packages,
                                    f"the image has none of {found[name]}")

    def test_it_serves_with_the_file_of_the_unit(self):
        command = ("/usr/local/bin/modboundd",
                   "--config=/etc/modbound/modboundd.conf")
        entry = [line for line in last_stage()
                 if line.startswith(("ENTRYPOINT", "CMD"))]
        self.assertEqual(
            entry, ['ENTRYPOINT ["' + '", "'.join(command) + '"]'])
        with open(os.path.join(SOURCE, "deploy/systemd/modboundd.service"),
                  encoding="utf-8") as file:
            self.assertIn(f"ExecStart={' '.join(command)}\n", file.read())

    def test_it_tries_the_programs(self):
        trials = [line.removeprefix("RUN ") for line in last_stage()
                  if re.match(r"RUN modboundd ", line)]
        self.assertEqual(len(trials), 1)
        for program in PROGRAMS:
            self.assertRegex(trials[0], rf"(^|&& ){program} ")
        done = subprocess.run(
            trials[0], shell=True, check=False, capture_output=True,
            env={**os.environ, "PATH": BIN + os.pathsep + os.environ["PATH"]})
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
