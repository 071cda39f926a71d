"""Who gets in: TLS, client certificates, tokens, the authorization table, what
is one owner's, limits, and the audit log that tells of it."""

import concurrent.futures
import datetime
import hashlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
import threading
import time
import unittest
import zlib

import grpc
import numpy

import modbound
from certificates import Authority, openssl, self_signed
from modbound import contract
from fault_row import fault_row
from service import BIN, SOURCE, TIME_FACTOR, Server

PROGRAM = os.path.join(BIN, "modboundd")
HEALTH = "/grpc.health.v1.Health/Check"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
SERVICES = ("JobService", "ArtifactService", "ServerService")
REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
MATRIX = numpy.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]],
                     float)
LABELS = numpy.array([[0, 0, 1, 1]], numpy.int32)


def rpcs():
    """"JobService.GetJob" -> its descriptor, of every RPC of the contract."""
    found = {}
    for name in SERVICES:
        service = contract._pool.FindServiceByName(f"modbound.v1.{name}")
        for method in service.methods:
            found[f"{name}.{method.name}"] = method
    return found


def streaming(name):
    """(requests stream, replies stream) of an RPC."""
    for file in contract._files.values():
        for service in file.service:
            for method in service.method:
                if f"{service.name}.{method.name}" == name:
                    return method.client_streaming, method.server_streaming
    raise KeyError(name)


class Caller:
    """Somebody who makes raw calls: a channel and the metadata of each call."""

    def __init__(self, channel, token=None):
        self.channel = channel
        self.metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self.told = ""  # the sentence of the last error

    def call(self, name, *requests, timeout=60 * TIME_FACTOR):
        """(code, reason, replies) of a call with messages as requests."""
        method = contract.method(name)
        many, stream = streaming(name)
        kind = {(False, False): "unary_unary", (False, True): "unary_stream",
                (True, False): "stream_unary"}[many, stream]
        start = getattr(self.channel, kind)(
            method.path, method.request.SerializeToString,
            method.reply.FromString)
        self.told = ""
        try:
            reply = start(iter(requests) if many else requests[0],
                          metadata=self.metadata, timeout=timeout)
            return grpc.StatusCode.OK, "", list(reply) if stream else [reply]
        except grpc.RpcError as error:
            self.told = error.details()
            return error.code(), modbound.errors.from_rpc(error).reason, []

    def get(self, job):
        return self.call("JobService.GetJob", request("JobService.GetJob",
                                                      id=job))


def request(name, **fields):
    return contract.method(name).request(**fields)


def quality_job(matrix=None, **inputs):
    """A message Job of kind quality."""
    job = contract.message("Job")()
    job.spec.quality.SetInParent()
    arrays = {"labels": (LABELS, 3)} if "labels" not in inputs else {}
    if matrix is not None:
        arrays["matrix"] = (matrix, 2)
    for name, (array, dtype) in arrays.items():
        field = job.inputs[name]
        field.dtype = dtype
        field.shape.extend(array.shape)
        setattr(field, "inline", array.tobytes())
    for name, array in inputs.items():
        job.inputs[name].CopyFrom(array)
    return job


class SecurityTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="modbound_tls_")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.lab_ca = Authority(os.path.join(cls.folder, "lab"))
        cls.other_ca = Authority(os.path.join(cls.folder, "other"))
        names = "DNS:localhost,IP:127.0.0.1"
        cls.server_pair = cls.lab_ca.sign("server", "/CN=lab", names)

    def serve(self, *flags):
        server = Server(flags=flags)
        self.addCleanup(server.close)
        return server

    def tls_flags(self, pair=None):
        cert, key = pair or self.server_pair
        return f"--tls_cert={cert}", f"--tls_key={key}"

    def token(self, server, *arguments, owner="alice"):
        """A new token, made while the server runs or not."""
        return self.run_token(server, "create", owner, *arguments).strip()

    def run_token(self, server, *arguments):
        done = subprocess.run(
            [PROGRAM, "token", *arguments, f"--data_dir={server.data_dir}"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def revoke(self, server, token):
        self.run_token(server, "revoke", token.split("_")[1])

    def token_file(self, token):
        path = os.path.join(self.folder, token[:20])
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="ascii") as file:
            file.write(token + "\n")
        return path

    def channel(self, address, ca=None, pair=None, name=None):
        """A channel with a connection of its own: TLS with `ca` (an Authority
        or a file), to a server that is taken for `name`."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        if name is not None:
            options.append(("grpc.ssl_target_name_override", name))
        if ca is None:
            channel = grpc.insecure_channel(address, options)
        else:
            parts = [ca if isinstance(ca, str) else ca.cert]
            parts += [pair[1], pair[0]] if pair else []
            credentials = []
            for part in parts:
                with open(part, "rb") as file:
                    credentials.append(file.read())
            channel = grpc.secure_channel(
                address, grpc.ssl_channel_credentials(*credentials), options)
        self.addCleanup(channel.close)
        return channel

    def info(self, channel, token=None):
        code, _, replies = Caller(channel, token).call(
            "ServerService.GetServerInfo",
            request("ServerService.GetServerInfo"))
        return code, replies[0].owner if replies else None

    def refuse(self, *flags):
        """A start that must fail with exit code 2; its one line."""
        done = subprocess.run(
            [PROGRAM, f"--data_dir={self.folder}/refused",
             "--listen=127.0.0.1:0", *flags],
            capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Amodboundd: [^\n]+\n\Z")
        self.assertFalse(os.path.exists(f"{self.folder}/refused"))
        return done.stderr

    def audit(self, server):
        """Records of the audit log, whose chain must hold."""
        path = os.path.join(server.data_dir, "audit.log")
        previous, records = "0" * 64, []
        with open(path, "rb") as file:
            for number, line in enumerate(file.read().splitlines(), 1):
                record = json.loads(line)
                self.assertEqual(record["number"], number)
                self.assertEqual(record["previous"], previous)
                previous = hashlib.sha256(line).hexdigest()
                records.append(record)
        return records


class StartTest(SecurityTest):
    """What a server does not start with."""

    def test_other_machines_need_tls_and_a_name(self):
        tls = self.tls_flags()
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "lab.example:0"):
            with self.subTest(address=address):
                listen = f"--listen={address}"
                for flags in ((), ("--require_tokens",), tls):
                    self.assertIn("listen", self.refuse(listen, *flags))
        server = Server(flags=(*tls, "--require_tokens"), address="0.0.0.0:0")
        self.addCleanup(server.close)
        port = server.address.rsplit(":", 1)[1]
        code, _ = self.info(self.channel(f"127.0.0.1:{port}", self.lab_ca))
        self.assertEqual(code, grpc.StatusCode.UNAUTHENTICATED)

    def test_tls_files_are_checked(self):
        cert, key = self.server_pair
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        old = self.lab_ca.sign("old", "/CN=lab", start=now - 2 * day,
                               end=now - day)
        early = self.lab_ca.sign("early", "/CN=lab", start=now + day,
                                 end=now + 2 * day)
        other_key = self.lab_ca.sign("key", "/CN=lab")[1]
        locked = os.path.join(self.folder, "locked.key")
        openssl("ec", "-in", key, "-aes256", "-passout", "pass:secret", "-out",
                locked)
        os.chmod(locked, 0o600)
        text = os.path.join(self.folder, "text")
        with open(text, "w", encoding="utf-8") as file:
            file.write("no certificate")
        os.chmod(text, 0o600)
        for flags, word in (
                ((f"--tls_cert={cert}",), "tls_key"),
                ((f"--tls_key={key}",), "tls_cert"),
                ((f"--client_ca={cert}",), "client_ca"),
                (self.tls_flags((f"{cert}.none", key)), "cannot be read"),
                (self.tls_flags((cert, f"{key}.none")), "cannot be read"),
                (self.tls_flags((text, key)), "no PEM certificate"),
                (self.tls_flags((cert, text)), "no PEM private key"),
                (self.tls_flags((cert, locked)), "passphrase"),
                (self.tls_flags((cert, other_key)), "not the key"),
                (self.tls_flags(old), "expired"),
                (self.tls_flags(early), "not valid yet"),
                ((*self.tls_flags(), f"--client_ca={text}"), "client_ca"),
                ((*self.tls_flags(), f"--client_ca={old[0]}"), "expired")):
            with self.subTest(word=word, flags=flags):
                self.assertIn(word, self.refuse(*flags))

    def test_a_key_that_others_may_read_is_refused(self):
        cert, key = self.lab_ca.sign("open", "/CN=lab")
        for mode, good in ((0o604, False), (0o644, False), (0o660, False),
                           (0o600, True), (0o640, True), (0o400, True)):
            with self.subTest(mode=oct(mode)):
                os.chmod(key, mode)
                if good:
                    self.serve(*self.tls_flags((cert, key)))
                else:
                    self.assertIn("open to others",
                                  self.refuse(*self.tls_flags((cert, key))))


class ReadmeTest(SecurityTest):
    """README, "On a lab's machine", as far as no root is needed."""

    def run_block(self, marker, folder):
        """Runs the commands that follow <!-- marker -->."""
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
            rest = file.read().split(f"<!-- {marker} -->")[1]
        commands = rest.split("```sh\n")[1].split("```")[0]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=folder,
            env={**os.environ, "HOST": "localhost"}, check=False,
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def certificates(self, name):
        """A folder with what the first block makes."""
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        self.run_block("certificates", folder)
        return folder

    def test_its_client_certificate_is_taken_and_taken_back(self):
        folder = self.certificates("readme_client")
        self.run_block("client certificate", folder)

        def path(name):
            return os.path.join(folder, name)

        def info(*flags):
            server = self.serve(
                *self.tls_flags((path("tls.pem"), path("tls.key"))),
                f"--client_ca={path('ca.pem')}", *flags)
            port = server.address.rsplit(":", 1)[1]
            return self.info(self.channel(
                f"localhost:{port}", path("ca.pem"),
                (path("alice.pem"), path("alice.key"))))

        self.assertEqual(info(), (grpc.StatusCode.OK, "alice"))
        self.run_block("revocation list", folder)
        self.assertIn(info(f"--client_crl={path('clients.crl')}")[0], REFUSED)

    def test_its_certificates_serve(self):
        folder = self.certificates("readme")
        self.assertEqual(
            stat.S_IMODE(os.stat(os.path.join(folder, "tls.key")).st_mode),
            0o600)
        config = os.path.join(folder, "modboundd.conf")
        with open(os.path.join(SOURCE, "deploy/systemd/modboundd.conf"),
                  encoding="utf-8") as file:
            text = file.read().replace("/etc/modbound", folder)
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        server = self.serve(f"--config={config}")
        path = self.token_file(self.token(server))
        port = server.address.rsplit(":", 1)[1]
        done = server.cli("--server", f"localhost:{port}", "--ca",
                          os.path.join(folder, "ca.pem"), "--token-file", path,
                          "info", "--json")
        self.assertEqual(json.loads(done.stdout)["owner"], "alice")
        self.assertEqual(
            self.info(self.channel(f"localhost:{port}",
                                   os.path.join(folder, "ca.pem")))[0],
            grpc.StatusCode.UNAUTHENTICATED)

    def test_its_unit_is_one(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze")
        with open(os.path.join(SOURCE, "deploy/systemd/modboundd.service"),
                  encoding="utf-8") as file:
            unit = file.read().replace("/usr/local/bin", BIN)
        with open(os.path.join(SOURCE, "deploy/systemd/modboundd.conf"),
                  encoding="utf-8") as file:
            self.assertIn("\nrequire_tokens=true\n", file.read())
        path = os.path.join(self.folder, "modboundd.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(unit)
        done = subprocess.run(["systemd-analyze", "verify", path],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class TlsTest(SecurityTest):
    """Test 31: no handshake, no call."""

    def serve(self, *flags):
        """One that counts calls."""
        return super().serve("--metrics_listen=127.0.0.1:0", *flags)

    def calls(self, server):
        """Calls that have reached it so far, of any method."""
        return sum(int(float(count))
                   for name, count in server.metrics().items()
                   if name.startswith("modbound_rpcs_total{"))

    def refused(self, server, *bad, good):
        """A handshake like `bad` is refused, no call is seen, and one like
        `good` is served after it; both are arguments of channel()."""
        before = self.calls(server)
        code, _ = self.info(self.channel(server.address, *bad))
        self.assertEqual(code, grpc.StatusCode.UNAVAILABLE)
        self.served(server, before, *good)

    def served(self, server, before, *good):
        """A new connection is served, and its call is the one after `before`
        of them: what came in between was no call."""
        self.assertEqual(
            self.info(self.channel(server.address, *good))[0],
            grpc.StatusCode.OK)
        give_up = time.monotonic() + 10 * TIME_FACTOR
        while self.calls(server) <= before and time.monotonic() < give_up:
            time.sleep(0.01)
        self.assertEqual(self.calls(server), before + 1)

    def test_a_client_takes_the_right_server_only(self):
        server = self.serve(*self.tls_flags())
        good = (self.lab_ca,)
        self.assertEqual(self.info(self.channel(server.address, *good)),
                         (grpc.StatusCode.OK, "local"))
        self.refused(server, good=good)  # no TLS
        self.refused(server, self.other_ca, good=good)
        pair = self_signed(self.folder, "alone", "lab")
        alone = self.serve(*self.tls_flags(pair))
        self.refused(alone, self.lab_ca, good=(pair[0],))
        elsewhere = self.serve(*self.tls_flags(self.lab_ca.sign(
            "elsewhere", "/CN=127.0.0.1", "DNS:other.example.org")))
        self.refused(elsewhere, self.lab_ca,
                     good=(self.lab_ca, None, "other.example.org"))
        fault_row(31, "no TLS, wrong authority, self-signed, wrong host: 4 of 4 "
                  "handshakes refused, no call counted, the next client served")

    def test_a_server_whose_certificate_expires_is_not_taken(self):
        end = (datetime.datetime.now(datetime.timezone.utc) +
               datetime.timedelta(seconds=5 * TIME_FACTOR))
        server = self.serve(*self.tls_flags(self.lab_ca.sign(
            "short", "/CN=lab", "DNS:localhost,IP:127.0.0.1", end=end)))
        self.assertEqual(self.info(self.channel(server.address, self.lab_ca))[0],
                         grpc.StatusCode.OK)
        while datetime.datetime.now(datetime.timezone.utc) < end:
            time.sleep(0.05)
        time.sleep(1.1)  # certificates count whole seconds
        before = self.calls(server)
        self.assertEqual(self.info(self.channel(server.address, self.lab_ca))[0],
                         grpc.StatusCode.UNAVAILABLE)
        # No client would take it now; it still runs.
        self.assertEqual(self.calls(server), before)

    def test_a_server_takes_the_right_clients_only(self):
        server = self.serve(*self.tls_flags(),
                            f"--client_ca={self.lab_ca.cert}")
        alice = self.lab_ca.sign("alice", "/CN=alice")
        self.assertEqual(
            self.info(self.channel(server.address, self.lab_ca, alice)),
            (grpc.StatusCode.OK, "alice"))
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        good = (self.lab_ca, alice)
        self.refused(server, self.lab_ca, good=good)
        for pair in (self.other_ca.sign("alice", "/CN=alice"),
                     self_signed(self.folder, "self", "alice"),
                     self.lab_ca.sign("late", "/CN=alice",
                                      start=now - 2 * day, end=now - day)):
            self.refused(server, self.lab_ca, pair, good=good)
        fault_row(31, "no client certificate, one of another authority, "
                  "self-signed, expired: 4 of 4 handshakes refused, no call "
                  "counted, the next client served")
        # One that the authority signed but that names no owner gets no further.
        for pair in (self.lab_ca.sign("local", "/CN=local"),
                     self.lab_ca.sign("odd", "/CN=a b")):
            self.assertEqual(
                self.info(self.channel(server.address, self.lab_ca, pair))[0],
                grpc.StatusCode.UNAUTHENTICATED)
        by_dns = self.lab_ca.sign("dns", "/", "DNS:pc7.lab.example.org")
        self.assertEqual(
            self.info(self.channel(server.address, self.lab_ca, by_dns)),
            (grpc.StatusCode.OK, "pc7.lab.example.org"))

    def test_a_revoked_certificate_is_taken_no_more(self):
        authority = Authority(os.path.join(self.folder, "revoking"))
        pairs = {name: authority.sign(name, f"/CN={name}")
                 for name in ("alice", "bob", "carol")}
        crl = authority.revoke(pairs["carol"][0])
        server = self.serve(*self.tls_flags(), f"--client_ca={authority.cert}",
                            f"--client_crl={crl}")
        channels = {name: self.channel(server.address, self.lab_ca, pair)
                    for name, pair in pairs.items()}

        def codes():
            return {name: self.info(channel)[0]
                    for name, channel in channels.items()}

        good, bad = grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED
        self.assertEqual(codes(), {"alice": good, "bob": good, "carol": bad})
        # While the server runs, on a connection that is open, with a stream.
        job = contract.message("Job")()
        job.spec.train.task.name = 1
        job.spec.train.max_steps = 100000
        job.spec.train.target_accuracy = 1
        bob = Caller(channels["bob"])
        job = bob.call("JobService.SubmitJob", request(
            "JobService.SubmitJob", job=job))[2][0].id
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            stream = pool.submit(bob.call, "JobService.WatchJob", request(
                "JobService.WatchJob", id=job))
            authority.revoke(pairs["bob"][0])
            begin = time.monotonic()
            while codes() != {"alice": good, "bob": bad, "carol": bad}:
                self.assertLess(time.monotonic() - begin, 10 * TIME_FACTOR)
            self.assertEqual(stream.result()[0], bad)
        fault_row(31, "revoked client certificate: UNAUTHENTICATED before the "
                  "handler, also on an open connection and its stream")
        # What is no list changes nothing.
        with open(crl, "w", encoding="utf-8") as file:
            file.write("nothing")
        time.sleep(1.5)
        self.assertEqual(codes(), {"alice": good, "bob": bad, "carol": bad})
        self.assertIn("event=client_crl_not_read", server.log())
        for name, text in (("none", None), ("text", "text"),
                           ("others", self.other_ca.revoke())):
            path = text if name == "others" else f"{self.folder}/{name}.crl"
            if name == "text":
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertIn("client_crl", self.refuse(
                *self.tls_flags(), f"--client_ca={authority.cert}",
                f"--client_crl={path}"))
        self.assertIn("client_crl", self.refuse(*self.tls_flags(),
                                                f"--client_crl={crl}"))

    def test_tls_1_2_is_the_least(self):
        server = self.serve(*self.tls_flags())
        for version, good in (("-tls1", False), ("-tls1_1", False),
                              ("-tls1_2", True), ("-tls1_3", True)):
            with self.subTest(version=version):
                before = self.calls(server)
                done = subprocess.run(
                    ["openssl", "s_client", "-connect", server.address, version,
                     "-cipher", "DEFAULT@SECLEVEL=0", "-alpn", "h2", "-CAfile",
                     self.lab_ca.cert], stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, errors="replace",
                    check=False, timeout=60)
                self.assertEqual("Verify return code: 0" in done.stdout and
                                 "Cipher is (NONE)" not in done.stdout, good,
                                 done.stdout + done.stderr)
                self.served(server, before, self.lab_ca)
        fault_row(31, "TLS 1.0 and 1.1 refused, 1.2 and 1.3 taken")


class TokenTest(SecurityTest):
    """Test 32: only a good token opens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(flags=("--require_tokens",))
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.plain = self.channel(self.server.address)

    def test_a_token_is_its_owners(self):
        for owner in ("alice", "bob"):
            self.assertEqual(
                self.info(self.plain, self.token(self.server, owner=owner)),
                (grpc.StatusCode.OK, owner))

    def refusals(self, server, least):
        """Records of refused calls, once there are so many."""
        give_up = time.monotonic() + 10 * TIME_FACTOR
        while True:
            found = [record for record in self.audit(server)
                     if record["event"] == "refused"]
            if len(found) >= least or time.monotonic() > give_up:
                return found
            time.sleep(0.01)

    def test_everything_else_is_refused_and_noted(self):
        # Its own: refusals are noted one by one up to a burst of 50.
        server = self.serve("--require_tokens")
        channel = self.channel(server.address)
        good = self.token(server)
        expired = self.token(server, "--expires", "1s")
        revoked = self.token(server)
        self.revoke(server, revoked)
        other = self.token(server, owner="bob")
        bound = self.token(server, "--certificate", "alice-pc")
        time.sleep(1.1)
        tokens = ["none", expired, revoked, bound, good[:-1], good + "0",
                  good.upper(), good.replace("mb1_", "mb2_"),
                  good[:-1] + ("0" if good[-1] != "0" else "1"),
                  good[:21] + other[21:], "x" * 4000]
        bad = [(), *((f"Bearer {token}",) for token in tokens), ("",), (good,),
               (f"Basic {good}",), (f"Bearer  {good}",), ("Bearer",),
               (f"Bearer {good}", f"Bearer {good}")]
        for number, values in enumerate(bad, 1):
            with self.subTest(values=[value[:30] for value in values]):
                caller = Caller(channel)
                caller.metadata = tuple(("authorization", value)
                                        for value in values)
                code, reason, _ = caller.get("j")
                self.assertIn(code, REFUSED)
                # One record each, about this attempt.
                records = self.refusals(server, number)
                self.assertEqual(len(records), number)
                record = records[-1]
                self.assertEqual(record["verdict"], f"{code.name} {reason}")
                self.assertEqual(record["rpc"],
                                 "/modbound.v1.JobService/GetJob")
                self.assertEqual(record["not_noted"], "0")
        self.assertEqual(self.info(channel, good),
                         (grpc.StatusCode.OK, "alice"))
        time.sleep(0.2)
        self.assertEqual(len(self.refusals(server, len(bad))), len(bad))
        for token, word in ((expired, "expired"), (revoked, "revoked")):
            told = [record for record in records
                    if record["token"] == token.split("_")[1]]
            self.assertEqual(len(told), 1)
            self.assertIn(word, told[0]["message"])
        # No secret anywhere: log, audit log, store.
        secrets = [token.split("_")[2].encode()
                   for token in (good, expired, revoked, other, bound)]
        paths = [server.log_path]
        for base, _, names in os.walk(server.data_dir):
            paths += [os.path.join(base, name) for name in names]
        for path in paths:
            with open(path, "rb") as file:
                data = file.read()
            for secret in secrets:
                self.assertNotIn(secret, data, path)
        fault_row(32, f"{len(bad)} bad tokens and headers: all refused, one "
                  "audit record each, expired and revoked ones by name, no "
                  f"secret in any of {len(paths)} files")

    def test_health_is_open_and_reflection_is_not(self):
        health = self.plain.unary_unary(HEALTH)
        self.assertEqual(health(b"", timeout=20), b"\x08\x01")
        reflect = self.plain.stream_stream(REFLECTION)
        ask = b"\x3a\x00"  # list_services
        with self.assertRaises(grpc.RpcError) as refused:
            list(reflect(iter([ask]), timeout=20))
        self.assertEqual(refused.exception.code(),
                         grpc.StatusCode.UNAUTHENTICATED)
        token = self.token(self.server)
        replies = list(reflect(
            iter([ask]), timeout=20,
            metadata=(("authorization", f"Bearer {token}"),)))
        self.assertIn(b"modbound.v1.JobService", replies[0])

    def test_a_revoked_token_ends_open_streams_within_seconds(self):
        token = self.token(self.server)
        caller = Caller(self.plain, token)
        spec = contract.message("Job")()
        spec.spec.train.task.name = 1
        spec.spec.train.max_steps = 100000
        spec.spec.train.target_accuracy = 1
        code, _, jobs = caller.call(
            "JobService.SubmitJob", request("JobService.SubmitJob", job=spec))
        self.assertEqual(code, grpc.StatusCode.OK)
        job = jobs[0].id
        ended = []

        def watch():
            begin = time.monotonic()
            ended.append((caller.call("JobService.WatchJob",
                                      request("JobService.WatchJob", id=job)),
                          time.monotonic() - begin))

        thread = threading.Thread(target=watch)
        thread.start()
        time.sleep(0.3)
        revoked = time.monotonic()
        self.revoke(self.server, token)
        self.assertIn(caller.get(job)[0], REFUSED)
        thread.join(30 * TIME_FACTOR)
        self.assertLess(time.monotonic() - revoked, 10 * TIME_FACTOR)
        self.assertEqual(ended[0][0][0], grpc.StatusCode.UNAUTHENTICATED)
        again = Caller(self.plain, self.token(self.server))
        self.assertEqual(again.call("JobService.CancelJob", request(
            "JobService.CancelJob", id=job))[0], grpc.StatusCode.OK)

    def test_guesses_are_slowed_down_and_others_are_not(self):
        good = self.token(self.server)
        bad = good[:-1] + ("0" if good[-1] != "0" else "1")
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            for code, _ in pool.map(
                    lambda _: self.info(self.plain, bad), range(60)):
                self.assertIn(code, REFUSED)
        begin = time.monotonic()
        for _ in range(5):  # every two seconds one may be answered at once
            self.assertIn(self.info(self.plain, bad)[0], REFUSED)
        self.assertGreater(time.monotonic() - begin, 1.5)
        times = []
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            guesses = [pool.submit(self.info, self.plain, bad)
                       for _ in range(20)]
            for _ in range(20):
                begin = time.monotonic()
                self.assertEqual(self.info(self.plain, good)[0],
                                 grpc.StatusCode.OK)
                times.append(time.monotonic() - begin)
            for guess in guesses:
                self.assertIn(guess.result()[0], REFUSED)
        self.assertLess(sorted(times)[10], 0.5 * TIME_FACTOR)

    def test_tokens_are_made_whether_the_server_runs_or_not(self):
        server = self.serve("--require_tokens")
        server.stop()
        token = self.token(server)
        listed = [json.loads(line) for line in
                  self.run_token(server, "list", "--json").splitlines()]
        self.assertEqual([(one["id"], one["owner"], one["state"])
                          for one in listed],
                         [(token.split("_")[1], "alice", "valid")])
        server.start()
        self.assertEqual(self.info(self.channel(server.address), token),
                         (grpc.StatusCode.OK, "alice"))
        for arguments, word in ((("create",), "owner"),
                                (("create", "a b"), "owner"),
                                (("create", "a", "--expires", "x"), "expires"),
                                (("revoke", "0"), "token"), ((), "subcommand")):
            done = subprocess.run(
                [PROGRAM, "token", *arguments, f"--data_dir={server.data_dir}"],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(word, done.stderr.lower())

    def test_a_bound_token_comes_with_its_certificate_only(self):
        server = self.serve(*self.tls_flags(), "--require_tokens",
                            f"--client_ca={self.lab_ca.cert}")
        token = self.token(server, "--certificate", "pc-1")
        free = self.token(server, owner="bob")
        for name, owner in (("pc-1", "alice"), ("pc-2", None)):
            channel = self.channel(server.address, self.lab_ca,
                                   self.lab_ca.sign(name, f"/CN={name}"))
            code, found = self.info(channel, token)
            self.assertEqual(found, owner)
            self.assertEqual(code, grpc.StatusCode.OK if owner else
                             grpc.StatusCode.PERMISSION_DENIED)
            self.assertEqual(self.info(channel, free),
                             (grpc.StatusCode.OK, "bob"))
            # Where tokens are required a certificate is not enough.
            self.assertEqual(self.info(channel)[0],
                             grpc.StatusCode.UNAUTHENTICATED)


class OwnershipTest(SecurityTest):
    """Tests 33 and 34: every RPC, for everybody, on everything."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(flags=("--require_tokens",))
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        channel = self.channel(self.server.address)
        self.alice = Caller(channel, self.token(self.server, owner="alice"))
        self.bob = Caller(channel, self.token(self.server, owner="bob"))
        self.nobody = Caller(channel)
        bad = self.token(self.server)
        self.liar = Caller(channel, bad[:-1] + ("0" if bad[-1] != "0" else "1"))
        self.job = self.submit(self.alice, quality_job(MATRIX)).id
        self.wait(self.alice, self.job)
        self.bobs = self.submit(self.bob, quality_job(MATRIX)).id
        # Bytes that alice alone has sent.
        self.secret = numpy.random.default_rng(id(self)).normal(size=(4, 4))
        self.secret += self.secret.T
        self.artifact = self.upload(self.alice, self.secret)

    def submit(self, caller, job, **fields):
        code, reason, jobs = caller.call(
            "JobService.SubmitJob",
            request("JobService.SubmitJob", job=job, **fields))
        self.assertEqual(code, grpc.StatusCode.OK, reason)
        return jobs[0]

    def wait(self, caller, job):
        caller.call("JobService.WatchJob", request("JobService.WatchJob",
                                                   id=job))

    def upload_messages(self, array, upload_id="", parts=1):
        upload = contract.message("UploadRequest")
        header = upload()
        header.header.dtype = 2
        header.header.shape.extend(array.shape)
        header.header.upload_id = upload_id
        data = array.tobytes()[:array.nbytes // parts]
        chunk = upload()
        chunk.chunk.data = data
        chunk.chunk.crc32 = zlib.crc32(data)
        return header, chunk

    def upload(self, caller, array):
        code, reason, replies = caller.call("ArtifactService.Upload",
                                            *self.upload_messages(array))
        self.assertEqual(code, grpc.StatusCode.OK, reason)
        return replies[0].array.artifact

    def array_of(self, digest, shape=(4, 4)):
        array = contract.message("Array")(dtype=2, shape=shape)
        array.artifact = digest
        return array

    def output_of(self, job, name="quality"):
        array = contract.message("Array")()
        array.output.job = job
        array.output.output = name
        return array

    @staticmethod
    def job_with(array):
        """A quality job of a matrix that an Array names."""
        job = contract.message("Job")()
        job.CopyFrom(quality_job())
        job.inputs["matrix"].CopyFrom(array)
        return job

    @staticmethod
    def graph_of(job):
        """A graph of one's own array, then of the given job."""
        graph = request("JobService.SubmitGraph")
        graph.nodes.add(name="a").job.CopyFrom(quality_job(MATRIX))
        graph.nodes.add(name="b").job.CopyFrom(job)
        return graph

    def requests(self, job, artifact, upload):
        """RPC -> requests on a job, an artifact and an upload; a new RPC must
        come here."""
        array = self.array_of(artifact)
        named = self.job_with(array)
        return {
            "JobService.SubmitJob": [request("JobService.SubmitJob",
                                             job=named)],
            "JobService.SubmitGraph": [self.graph_of(named)],
            "JobService.GetJob": [request("JobService.GetJob", id=job)],
            "JobService.ListJobs": [request("JobService.ListJobs")],
            "JobService.WatchJob": [request("JobService.WatchJob", id=job)],
            "JobService.CancelJob": [request("JobService.CancelJob", id=job)],
            "JobService.DeleteJob": [request("JobService.DeleteJob", id=job)],
            "JobService.ReproduceJob": [
                request("JobService.ReproduceJob", id=job)],
            "JobService.ExplainJob": [
                request("JobService.ExplainJob", id=job)],
            "JobService.GetLogs": [request("JobService.GetLogs", id=job)],
            "ArtifactService.Upload": list(self.upload_messages(MATRIX)),
            "ArtifactService.QueryUpload": [
                request("ArtifactService.QueryUpload", upload_id=upload)],
            "ArtifactService.Download": [
                request("ArtifactService.Download", array=array)],
            "ArtifactService.StatArtifact": [
                request("ArtifactService.StatArtifact", artifact=artifact)],
            "ArtifactService.FindMissing": [
                request("ArtifactService.FindMissing", artifacts=[artifact])],
            "ServerService.GetServerInfo": [
                request("ServerService.GetServerInfo")],
            "ServerService.GetQueueState": [
                request("ServerService.GetQueueState")],
            "ServerService.ListKinds": [request("ServerService.ListKinds")],
        }

    def test_every_rpc_wants_a_name(self):
        requests = self.requests(self.job, self.artifact, "u")
        self.assertEqual(set(requests), set(rpcs()), "a new RPC needs a row")
        for name, messages in requests.items():
            for caller in (self.nobody, self.liar):
                with self.subTest(rpc=name):
                    code, reason, replies = caller.call(name, *messages)
                    self.assertEqual(code, grpc.StatusCode.UNAUTHENTICATED)
                    self.assertEqual(reason, "UNAUTHENTICATED")
                    self.assertEqual(replies, [])
        self.assertEqual(self.alice.get(self.job)[0], grpc.StatusCode.OK)

    # RPCs whose answer does not depend on whose the objects are.
    SAME_FOR_ALL = {"JobService.ListJobs", "ArtifactService.Upload",
                    "ServerService.GetServerInfo",
                    "ServerService.GetQueueState", "ServerService.ListKinds"}

    @staticmethod
    def without(text, *names):
        """A sentence with the names in it blanked."""
        for name in names:
            text = text.replace(name, "")
        return text

    def test_what_is_others_is_as_if_it_were_not_there(self):
        half = self.upload_messages(MATRIX, "half", parts=2)
        self.assertEqual(self.alice.call("ArtifactService.Upload", *half)[1],
                         "BAD_CHUNK")
        absent = hashlib.sha256(os.urandom(8)).hexdigest()
        theirs = self.requests(self.job, self.artifact, "half")
        nowhere = self.requests("j000000000000000000", absent, "none")
        for name in set(rpcs()) - self.SAME_FOR_ALL:
            with self.subTest(rpc=name):
                code, reason, replies = self.bob.call(name, *theirs[name])
                told = self.without(self.bob.told, self.job, self.artifact,
                                    "half")
                blank = [reply.SerializeToString().replace(
                    self.artifact.encode(), b"") for reply in replies]
                code_2, reason_2, replies_2 = self.bob.call(name,
                                                            *nowhere[name])
                self.assertEqual((code, reason), (code_2, reason_2))
                self.assertEqual(told, self.without(
                    self.bob.told, "j000000000000000000", absent, "none"))
                self.assertEqual(blank, [
                    reply.SerializeToString().replace(absent.encode(), b"")
                    for reply in replies_2])
                if name != "ArtifactService.FindMissing":
                    self.assertEqual(code, grpc.StatusCode.NOT_FOUND)
                else:
                    self.assertEqual(list(replies[0].missing), [self.artifact])
        # And the owner finds all of it as it was.
        mine = self.requests(self.job, self.artifact, "half")
        for name in sorted(set(rpcs()) - {"JobService.DeleteJob"}):
            with self.subTest(own=name):
                code, reason, replies = self.alice.call(name, *mine[name])
                self.assertEqual(code, grpc.StatusCode.OK, reason)
        self.assertEqual(self.alice.call(
            "JobService.DeleteJob", *mine["JobService.DeleteJob"])[0],
            grpc.StatusCode.OK)
        fault_row(33, f"{len(rpcs())} of {len(rpcs())} RPCs: nobody and a liar "
                  "refused, own objects reached, another's as absent, down "
                  "to the sentence")

    def test_outputs_of_others_are_no_inputs_and_not_downloaded(self):
        own = self.output_of(self.job)
        absent = "j000000000000000000"
        told = []
        for array in (own, self.output_of(absent)):
            job = self.job_with(array)
            for name, ask in (
                    ("JobService.SubmitJob",
                     request("JobService.SubmitJob", job=job)),
                    ("JobService.SubmitGraph", self.graph_of(job)),
                    ("ArtifactService.Download",
                     request("ArtifactService.Download", array=array))):
                with self.subTest(rpc=name, job=array.output.job):
                    code, reason, _ = self.bob.call(name, ask)
                    self.assertEqual(
                        (code, reason),
                        (grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND"))
                    told.append(self.without(self.bob.told, self.job, absent))
        self.assertEqual(told[:3], told[3:])
        code, _, replies = self.alice.call(
            "ArtifactService.Download",
            request("ArtifactService.Download", array=own))
        self.assertEqual(code, grpc.StatusCode.OK)
        numpy.testing.assert_allclose(numpy.frombuffer(replies[0].data), 0.5)
        # By its digest, which bob may have been told.
        digest = self.alice.get(self.job)[2][0].outputs["quality"].artifact
        self.bobs_digest = self.bob.call(
            "ArtifactService.StatArtifact",
            request("ArtifactService.StatArtifact", artifact=digest))
        self.wait(self.bob, self.bobs)
        # bob's own job has the same bytes as output: now they are his as well.
        self.assertEqual(self.bob.call(
            "ArtifactService.StatArtifact",
            request("ArtifactService.StatArtifact", artifact=digest))[0],
            grpc.StatusCode.OK)

    def test_who_sends_the_bytes_may_read_them(self):
        stat_it = request("ArtifactService.StatArtifact",
                          artifact=self.artifact)
        self.assertEqual(self.bob.call("ArtifactService.StatArtifact",
                                       stat_it)[1], "ARTIFACT_NOT_FOUND")
        self.assertEqual(self.upload(self.bob, self.secret), self.artifact)
        self.assertEqual(self.bob.call("ArtifactService.StatArtifact",
                                       stat_it)[0], grpc.StatusCode.OK)

    def test_lists_hold_ones_own_jobs(self):
        for caller, own in ((self.alice, "alice"), (self.bob, "bob")):
            _, _, pages = caller.call("JobService.ListJobs",
                                      request("JobService.ListJobs"))
            self.assertTrue(pages[0].jobs)
            self.assertEqual({job.owner for job in pages[0].jobs}, {own})

    def test_page_tokens_are_for_one_owner_and_filter(self):
        for caller in (self.alice, self.bob):
            for _ in range(3):
                self.submit(caller, quality_job(MATRIX))
        token = self.alice.call(
            "JobService.ListJobs",
            request("JobService.ListJobs", page_size=1))[2][0].next_page_token
        self.assertTrue(token)
        one = request("JobService.ListJobs", page_size=1, page_token=token)
        self.assertEqual(self.alice.call("JobService.ListJobs", one)[0],
                         grpc.StatusCode.OK)
        other = request("JobService.ListJobs", page_size=1, page_token=token)
        other.filter.kinds.append("quality")
        for caller, ask in ((self.bob, one), (self.alice, other)):
            code, reason, replies = caller.call("JobService.ListJobs", ask)
            self.assertEqual((code, reason, replies), (
                grpc.StatusCode.INVALID_ARGUMENT, "BAD_TOKEN", []))

    def test_resume_tokens_are_for_one_job_and_owner(self):
        self.wait(self.bob, self.bobs)
        events = self.alice.call("JobService.WatchJob", request(
            "JobService.WatchJob", id=self.job))[2]
        token = events[0].resume_token
        code, reason, replies = self.bob.call("JobService.WatchJob", request(
            "JobService.WatchJob", id=self.bobs, resume_token=token))
        self.assertEqual((code, reason, replies), (
            grpc.StatusCode.INVALID_ARGUMENT, "BAD_TOKEN", []))
        code, reason, replies = self.bob.call("JobService.WatchJob", request(
            "JobService.WatchJob", id=self.job, resume_token=token))
        self.assertEqual((code, reason, replies), (
            grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND", []))
        fault_row(34, "page and resume tokens of another owner, filter or job: "
                  "refused, no data")

    def test_request_ids_are_each_owners(self):
        jobs = [self.submit(caller, quality_job(MATRIX), request_id="same").id
                for caller in (self.alice, self.alice, self.bob)]
        self.assertEqual(jobs[0], jobs[1])
        self.assertNotEqual(jobs[0], jobs[2])

    def test_changes_are_noted(self):
        job = self.submit(self.alice, quality_job(MATRIX), request_id="noted")
        self.wait(self.alice, job.id)
        self.bob.call("JobService.CancelJob",
                      request("JobService.CancelJob", id=job.id))
        self.alice.call("JobService.DeleteJob",
                        request("JobService.DeleteJob", id=job.id))
        time.sleep(0.3)
        told = [(record["event"], record["owner"], record["verdict"])
                for record in self.audit(self.server)
                if record.get("job") == job.id]
        self.assertEqual(told, [
            ("submit", "alice", "OK"),
            ("cancel", "bob", "NOT_FOUND JOB_NOT_FOUND"),
            ("delete", "alice", "OK")])


class LimitTest(SecurityTest):
    """Test 35: a limit is reached and never exceeded."""

    def test_an_owner_has_so_many_streams(self):
        server = self.serve("--require_tokens", "--max_streams_per_owner=10")
        alice = Caller(self.channel(server.address), self.token(server))
        job = contract.message("Job")()
        job.spec.train.task.name = 1
        job.spec.train.max_steps = 100000
        job.spec.train.target_accuracy = 1
        job = alice.call("JobService.SubmitJob", request(
            "JobService.SubmitJob", job=job))[2][0].id
        watch = request("JobService.WatchJob", id=job)
        method = contract.method("JobService.WatchJob")
        open_streams, refused, lock = [], [], threading.Lock()

        def open_one(_):
            stream = alice.channel.unary_stream(
                method.path, method.request.SerializeToString,
                method.reply.FromString)(watch, metadata=alice.metadata,
                                         timeout=60 * TIME_FACTOR)
            try:
                next(stream)
                with lock:
                    open_streams.append(stream)
            except grpc.RpcError as error:
                with lock:
                    refused.append(error)

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            list(pool.map(open_one, range(100)))
        self.assertEqual(len(open_streams), 10)
        for error in refused:
            found = modbound.errors.from_rpc(error)
            self.assertEqual((found.code, found.reason),
                             ("RESOURCE_EXHAUSTED", "TOO_MANY"))
            self.assertIn("10 open streams", str(found))
        bob = Caller(alice.channel, self.token(server, owner="bob"))
        self.assertEqual(bob.call("JobService.WatchJob", watch)[1],
                         "JOB_NOT_FOUND")
        open_streams.pop().cancel()
        begin = time.monotonic()
        while len(open_streams) < 10:
            self.assertLess(time.monotonic() - begin, 20 * TIME_FACTOR)
            open_one(0)
        for stream in open_streams:
            stream.cancel()

    def test_an_owner_makes_so_many_requests_a_second(self):
        server = self.serve("--require_tokens", "--max_requests_per_second=5")
        channel = self.channel(server.address)
        alice = self.token(server)
        bob = self.token(server, owner="bob")
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            codes = [code for code, _ in pool.map(
                lambda _: self.info(channel, alice), range(100))]
        passed = time.monotonic() - begin
        good = codes.count(grpc.StatusCode.OK)
        self.assertEqual(codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED),
                         100 - good)
        self.assertGreaterEqual(good, 10)
        self.assertLessEqual(good, 10 + 5 * passed + 1)
        self.assertEqual(self.info(channel, bob)[0], grpc.StatusCode.OK)
        # A client waits and comes through.
        with modbound.connect(server.address,
                              token_file=self.token_file(alice)) as lab:
            for _ in range(8):
                self.assertEqual(lab.info().owner, "alice")

    def test_large_metadata_is_refused(self):
        server = self.serve()
        channel = self.channel(server.address)
        caller = Caller(channel)
        caller.metadata = (("x-large", "x" * 60000),)
        self.assertEqual(caller.get("j")[0],
                         grpc.StatusCode.RESOURCE_EXHAUSTED)
        # gRPC may hang up on who sends that; then they come back.
        codes = [self.info(channel)[0] for _ in range(3)]
        self.assertIn(grpc.StatusCode.OK, codes)


class ClientTest(SecurityTest):
    """The command line and Python, with files as a user has them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(flags=(
            f"--tls_cert={cls.server_pair[0]}",
            f"--tls_key={cls.server_pair[1]}", "--require_tokens"))
        cls.addClassCleanup(cls.server.close)

    def cli(self, *arguments, code=0):
        done = self.server.cli(*arguments, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_the_command_line_gets_in_with_a_token(self):
        path = self.token_file(self.token(self.server))
        done = self.cli("--ca", self.lab_ca.cert, "--token-file", path, "info",
                        "--json")
        self.assertEqual(json.loads(done.stdout)["owner"], "alice")
        self.assertEqual(done.stderr, "")
        done = subprocess.run(
            [os.path.join(BIN, "modbound"), "info", "--json"],
            env={**os.environ, "MODBOUND_SERVER": self.server.address,
                 "MODBOUND_CA": self.lab_ca.cert, "MODBOUND_TOKEN_FILE": path},
            capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(done.stdout)["owner"], "alice")

    def test_refused_identities_exit_five(self):
        good = self.token(self.server)
        bad = self.token_file(good[:-2] + "00" if good[-2:] != "00" else "11")
        ca = ("--ca", self.lab_ca.cert)
        self.cli(*ca, "info", code=5)
        self.cli(*ca, "--token-file", bad, "info", code=5)
        begin = time.monotonic()
        done = self.cli("--ca", self.other_ca.cert, "info", code=5)
        self.assertLess(time.monotonic() - begin, 5 * TIME_FACTOR)
        self.assertIn("certificate", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_used_wrongly_exits_two(self):
        path = self.token_file(self.token(self.server))
        empty = os.path.join(self.folder, "empty")
        with open(empty, "w", encoding="utf-8"):
            pass
        os.chmod(empty, 0o600)
        ca = self.lab_ca.cert
        for arguments in (
                ("--token-file", f"{path}.none", "--ca", ca),
                ("--token-file", empty, "--ca", ca),
                ("--ca", empty), ("--ca", f"{ca}.none"),
                ("--ca", ca, "--client-cert", ca), ("--client-cert", ca),
                ("--client-cert", ca, "--client-key", ca),
                ("--server", "192.0.2.1:1", "--token-file", path)):
            with self.subTest(arguments=arguments):
                self.cli(*arguments, "info", code=2)

    def test_a_token_file_that_others_may_read_is_warned_of(self):
        token = self.token(self.server)
        path = self.token_file(token)
        os.chmod(path, 0o644)
        done = self.cli("--ca", self.lab_ca.cert, "--token-file", path, "info")
        self.assertIn(path, done.stderr)
        self.assertNotIn(token, done.stderr)
        with self.assertWarnsRegex(UserWarning, path):
            with modbound.connect(self.server.address, token_file=path,
                                  ca=self.lab_ca.cert) as lab:
                lab.info()

    def test_python_gets_in_and_says_why_not(self):
        path = self.token_file(self.token(self.server))
        with modbound.connect(self.server.address, token_file=path,
                              ca=self.lab_ca.cert) as lab:
            self.assertEqual(lab.info().owner, "alice")
            job = lab.quality(matrix=MATRIX, labels=LABELS).wait(60)
            numpy.testing.assert_allclose(job.arrays["quality"], 0.5)
        for files, error in (
                ({"ca": self.lab_ca.cert}, modbound.Unauthenticated),
                ({"ca": self.other_ca.cert}, modbound.Unauthenticated),
                ({"ca": path}, modbound.InvalidArgument),
                ({"client_cert": path, "client_key": path},
                 modbound.InvalidArgument)):
            with self.subTest(files=files), self.assertRaises(error):
                with modbound.connect(self.server.address, **files) as lab:
                    lab.info()
        with self.assertRaisesRegex(modbound.InvalidArgument, "unencrypted"):
            modbound.connect("lab.example.org:50061", token_file=path).info()

    def test_client_certificates(self):
        server = self.serve(*self.tls_flags(),
                            f"--client_ca={self.lab_ca.cert}")
        cert, key = self.lab_ca.sign("carol", "/CN=carol")
        with modbound.connect(server.address, ca=self.lab_ca.cert,
                              client_cert=cert, client_key=key) as lab:
            self.assertEqual(lab.info().owner, "carol")
        done = server.cli("--ca", self.lab_ca.cert, "--client-cert", cert,
                          "--client-key", key, "info", "--json")
        self.assertEqual(json.loads(done.stdout)["owner"], "carol")
        done = server.cli("--ca", self.lab_ca.cert, "info", check=False)
        self.assertIn(done.returncode, (5, 6), done.stderr)

    def test_the_audit_log_is_the_owners_alone(self):
        path = os.path.join(self.server.data_dir, "audit.log")
        self.token(self.server)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)


if __name__ == "__main__":
    unittest.main()
