"""modboundd as a program: its streams, flags, config file, Unix socket, signals,
its start, idle memory and data folder."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import grpc

import modbound
from fault_row import fault_row
from modbound import calls
from service import BIN, SANITIZED, TIME_FACTOR, Server

PROGRAM = os.path.join(BIN, "modboundd")
SERVING = b"\x08\x01"  # grpc.health.v1.HealthCheckResponse


def health(address):
    """What grpc.health.v1 answers, as bytes."""
    with grpc.insecure_channel(address) as channel:
        return channel.unary_unary("/grpc.health.v1.Health/Check")(
            b"", timeout=20, wait_for_ready=False)


def resident_mebibytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def files(folder):
    """Relative path -> bytes of every file below a folder of a running server,
    which may remove one meanwhile."""
    sizes = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with contextlib.suppress(FileNotFoundError):
                sizes[os.path.relpath(path, folder)] = os.path.getsize(path)
    return sizes


class ModbounddTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="modbound_d_")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.data_dir = os.path.join(self.folder, "data")

    def serve(self):
        server = Server()
        self.addCleanup(server.close)
        return server

    def start(self, *flags):
        """Starts modboundd; (process, the address it printed)."""
        process = subprocess.Popen(
            [PROGRAM, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        self.assertRegex(line, r"^listening on \S+\n$")
        return process, line.split()[-1]

    def stop(self, process):
        """SIGTERM; what was left of standard output and error."""
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20 * TIME_FACTOR)
        self.assertEqual(process.returncode, 0, err)
        return out, err

    def refuse(self, *flags, code=2):
        """A start that must fail, with one line on standard error."""
        done = subprocess.run([PROGRAM, *flags], capture_output=True, text=True,
                              check=False, timeout=20 * TIME_FACTOR)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Amodboundd: [^\n]+\n\Z")
        return done.stderr

    def test_standard_output_is_the_address_alone(self):
        process, address = self.start(f"--data_dir={self.data_dir}",
                                      "--listen=127.0.0.1:0")
        self.assertEqual(health(address), SERVING)
        out, err = self.stop(process)
        self.assertEqual(out, "")
        for event in ("listening", "stopping", "stopped"):
            self.assertIn(f"event={event}", err)
        for line in err.splitlines():
            self.assertRegex(line, r"^time=\S+ level=\w+ event=\w+")

    def test_refused_flags_exit_two_with_one_line(self):
        for flag, named in (("--listen=0.0.0.0:0", "listen"),
                            ("--listen=[::]:0", "listen"),
                            ("--listen=192.0.2.1:0", "listen"),
                            ("--cores=0", "cores"), ("--cores=x", "cores"),
                            ("--memory-limit=some", "memory_limit"),
                            ("--nosuch=1", "nosuch"),
                            ("--metrics_listen=0.0.0.0:0", "metrics_listen"),
                            (f"--config={self.folder}/none", "none")):
            with self.subTest(flag=flag):
                self.assertIn(named, self.refuse(
                    flag, f"--data_dir={self.data_dir}"))
        self.assertFalse(os.path.exists(self.data_dir))

    def test_a_folder_that_cannot_be_made_is_named(self):
        self.assertIn("/proc/nothing", self.refuse(
            "--data_dir=/proc/nothing", "--listen=127.0.0.1:0", code=1))

    def test_help_and_version_exit_zero(self):
        for flag in ("--help", "--version"):
            done = subprocess.run([PROGRAM, flag], capture_output=True,
                                  text=True, check=False)
            self.assertEqual(done.returncode, 0)
            self.assertIn("modboundd", done.stdout)
            self.assertEqual(done.stderr, "")

    def test_flags_come_from_a_config_file(self):
        config = os.path.join(self.folder, "modboundd.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"data_dir={self.data_dir}\nlisten=127.0.0.1:0\n"
                       "cores=1\nmemory_limit=1G\n")
        process, address = self.start("--config", config)
        with modbound.connect(address) as lab:
            info = lab.info()
        self.assertEqual(info.cores, 1)
        self.assertEqual(int(info.memory_limit_bytes), 1 << 30)
        self.stop(process)

    def test_more_cores_than_the_machine_has_are_warned_of(self):
        process, _ = self.start(f"--data-dir={self.data_dir}",
                                "--listen=127.0.0.1:0", "--cores=4096")
        self.assertIn("level=warning event=cores_beyond_machine",
                      self.stop(process)[1])

    def test_one_folder_serves_one_server(self):
        process, address = self.start(f"--data_dir={self.data_dir}",
                                      "--listen=127.0.0.1:0")
        self.assertIn(self.data_dir, self.refuse(
            f"--data_dir={self.data_dir}", "--listen=127.0.0.1:0"))
        self.assertIn(address, self.refuse(
            f"--data_dir={self.folder}/other", f"--listen={address}"))
        self.assertEqual(health(address), SERVING)
        self.stop(process)
        fault_row(10, "a second server on a folder, or on a port, refused by "
                  "name; the first one serves on")

    def test_a_start_waits_for_a_command_that_has_the_folder(self):
        os.mkdir(self.data_dir, 0o700)
        with open(os.path.join(self.data_dir, "lock"), "w",
                  encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            timer = threading.Timer(1, fcntl.flock, (lock, fcntl.LOCK_UN))
            timer.start()
            self.addCleanup(timer.join)
            process, address = self.start(f"--data_dir={self.data_dir}",
                                          "--listen=127.0.0.1:0")
            self.assertFalse(timer.is_alive())
        self.assertEqual(health(address), SERVING)
        self.stop(process)

    def test_a_unix_socket_is_private_and_one_servers(self):
        path = os.path.join(self.folder, "socket")
        flags = (f"--data_dir={self.data_dir}", f"--listen=unix:{path}")
        process, address = self.start(*flags)
        self.assertEqual(address, f"unix:{path}")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(health(address), SERVING)
        self.refuse(f"--data_dir={self.folder}/other", f"--listen=unix:{path}")
        self.assertEqual(health(address), SERVING)

        # A killed server leaves its socket behind; the next one takes it.
        process.kill()
        process.wait()
        self.assertTrue(os.path.exists(path))
        process, address = self.start(*flags)
        self.assertEqual(health(address), SERVING)
        self.stop(process)
        self.assertFalse(os.path.exists(path))

        # Other people's files stay.
        with open(path, "w", encoding="utf-8") as file:
            file.write("notes")
        self.refuse(*flags)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "notes")

    def test_open_watches_hear_that_the_server_stops(self):
        server = self.serve()
        with server.lab() as lab:
            handle = lab.train(task="GO_NOGO", max_steps=100000,
                               target_accuracy=1, seed=1)
            request = b"\x0a" + bytes([len(handle.id)]) + handle.id.encode()
            with grpc.insecure_channel(server.address) as channel:
                events = channel.unary_stream("/modbound.v1.JobService/WatchJob")(
                    request, timeout=60 * TIME_FACTOR)
                next(events)
                while lab.job(handle.id).state != "RUNNING":
                    time.sleep(0.01)
                begin = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                with self.assertRaises(grpc.RpcError) as ended:
                    for _ in events:
                        pass
            self.assertEqual(ended.exception.code(), grpc.StatusCode.UNAVAILABLE)
            details = dict(ended.exception.trailing_metadata())
            self.assertIn(b"SERVER_STOPPING", details["grpc-status-details-bin"])
            self.assertEqual(server.process.wait(20 * TIME_FACTOR), 0)
            self.assertLess(time.monotonic() - begin, 3 * TIME_FACTOR)

    def test_an_idle_connection_does_not_hold_the_end_up(self):
        process, address = self.start(f"--data_dir={self.data_dir}",
                                      "--listen=127.0.0.1:0")
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as idle:
            # A connection that speaks no HTTP/2.
            idle.sendall(b"GET / HTTP/1.1\r\n\r\n")
            begin = time.monotonic()
            self.stop(process)
            self.assertLess(time.monotonic() - begin, 3 * TIME_FACTOR)

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
        if not SANITIZED:  # they need memory of their own
            self.assertLess(memory * 1.048576, 60)  # MB

    def test_the_log_names_the_jobs_of_a_request(self):
        server = self.serve()
        done = server.cli("--json", "submit", "train", "--spec", "-",
                          "--request-id", "of mine",
                          spec={"task": {"name": "GO_NOGO"}, "max_steps": 1})
        job = json.loads(done.stdout.splitlines()[-1])["id"]
        self.assertIn('event=accepted owner=local request_id="of mine" jobs=1 '
                      f"first={job} last={job}", server.log())

    def test_the_data_folder_is_the_owners_alone(self):
        server = self.serve()
        self.assertEqual(os.stat(server.data_dir).st_mode & 0o777, 0o700)

    def test_deleting_a_job_takes_its_arrays_along(self):
        server = self.serve()
        with server.lab() as lab:
            before = files(server.data_dir)
            # 200 units: w_rec is a file of its own, b_rec a row of the database.
            handle = lab.train(task="GO_NOGO", model={"hidden_size": 200},
                               max_steps=5, target_accuracy=1).wait()
            digests = {array.artifact
                       for array in handle.job.outputs.values()}
            self.assertGreater(len(digests), 6)

            def missing():
                reply = lab._run(calls.call("ArtifactService.FindMissing",
                                            artifacts=sorted(digests)))
                return set(reply.missing)

            def added():
                return {name for name, size in files(server.data_dir).items()
                        if name not in before and size == 200 * 200 * 4}

            # Not asked what is missing before: what a client was told that it
            # need not send stays for a day.
            self.assertTrue(added())
            handle.delete()
            with self.assertRaises(modbound.NotFound):
                lab.job(handle.id)
            self.assertEqual(list(lab.jobs()), [])
            self.assertEqual(missing(), digests)
            begin = time.monotonic()  # files go after the reply
            while added() and time.monotonic() - begin < 20 * TIME_FACTOR:
                time.sleep(0.01)
            self.assertEqual(added(), set())


if __name__ == "__main__":
    unittest.main()
