"""The server as a process: start, idle memory, stop, what it refuses."""

import os
import subprocess
import tempfile
import time
import unittest

import modbound
from service import BIN, TIME_FACTOR, Server


def resident_mebibytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


class ServerProcessTest(unittest.TestCase):

    def serve(self, **keywords):
        server = Server(**keywords)
        self.addCleanup(server.close)
        return server

    def test_it_starts_in_half_a_second_and_is_small_when_idle(self):
        times = []
        for _ in range(3):
            begin = time.monotonic()
            server = self.serve()
            times.append(time.monotonic() - begin)
            with server.lab() as lab:
                lab.info()
            memory = resident_mebibytes(server.process.pid)
            self.assertEqual(server.stop(), 0)
        # The best of three: the bar is the server's, not the machine's.
        self.assertLess(min(times), 0.5 * TIME_FACTOR)
        if TIME_FACTOR == 1:
            self.assertLess(memory, 60)

    def test_sigterm_puts_running_work_back_and_a_restart_ends_it(self):
        server = self.serve()
        with server.lab() as lab:
            handle = lab.train(task="GO_NOGO", max_steps=1500,
                               target_accuracy=1, seed=1)
            for event in handle.watch():
                if event.state == "RUNNING":
                    break
            begin = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begin, 5 * TIME_FACTOR)
            server.start()
            self.assertEqual(handle.wait(120 * TIME_FACTOR).state, "SUCCEEDED")

    def test_one_data_folder_serves_one_server(self):
        server = self.serve()
        done = self.start_once(f"--data_dir={server.data_dir}",
                               "--listen=127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)

    def test_a_taken_port_is_refused(self):
        server = self.serve()
        with tempfile.TemporaryDirectory() as folder:
            done = self.start_once(f"--data_dir={folder}/d",
                                   f"--listen={server.address}")
        self.assertNotEqual(done.returncode, 0)

    def test_addresses_beyond_loopback_and_bad_flags_exit_two(self):
        with tempfile.TemporaryDirectory() as folder:
            for flag in ("--listen=0.0.0.0:0", "--listen=[::]:0",
                         "--cores=0", "--cores=x", "--nosuch=1"):
                with self.subTest(flag=flag):
                    done = self.start_once(f"--data_dir={folder}/d", flag)
                    self.assertEqual(done.returncode, 2, done.stderr)

    def start_once(self, *flags):
        """Runs modboundd with flags that should not let it start."""
        return subprocess.run([os.path.join(BIN, "modboundd"), *flags],
                              capture_output=True, text=True, check=False,
                              timeout=20 * TIME_FACTOR)

    def test_the_data_folder_is_the_owners_alone(self):
        server = self.serve()
        self.assertEqual(os.stat(server.data_dir).st_mode & 0o777, 0o700)

    def test_deleting_a_job_takes_its_arrays_along(self):
        server = self.serve()
        with server.lab() as lab:
            handle = lab.train(task="GO_NOGO", max_steps=5, target_accuracy=1)
            handle.wait()
            handle.delete()
            with self.assertRaises(modbound.NotFound):
                lab.job(handle.id)
            self.assertEqual(list(lab.jobs()), [])


if __name__ == "__main__":
    unittest.main()
