"""Certificates for tests, made by the openssl program."""

import datetime
import os
import subprocess

_CONFIG = """
[ca]
default_ca = lab
[lab]
dir = {folder}
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
crlnumber = {folder}/crlnumber
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = optional
[req]
distinguished_name = name
prompt = no
[name]
"""


def openssl(*arguments):
    """Runs openssl; its standard output."""
    done = subprocess.run(["openssl", *arguments], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}:\n{done.stderr}")
    return done.stdout


def _time(moment):
    return moment.strftime("%Y%m%d%H%M%SZ")


class Authority:
    """One that signs certificates; all files are in a folder of its own."""

    def __init__(self, folder, name="Lab authority"):
        os.makedirs(folder)
        self.folder = folder
        self.cert = os.path.join(folder, "ca.pem")
        self._key = os.path.join(folder, "ca.key")
        self._config = os.path.join(folder, "config")
        with open(self._config, "w", encoding="utf-8") as file:
            file.write(_CONFIG.format(folder=folder))
        for file, text in (("index", ""), ("serial", "01\n"),
                           ("crlnumber", "01\n")):
            with open(os.path.join(folder, file), "w",
                      encoding="utf-8") as made:
                made.write(text)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                "-keyout", self._key, "-out", self.cert)

    def sign(self, file, subject, names="", start=None, end=None):
        """(certificate, key) as paths. names: "DNS:localhost,IP:127.0.0.1"."""
        cert = os.path.join(self.folder, f"{file}.pem")
        key = os.path.join(self.folder, f"{file}.key")
        request = os.path.join(self.folder, f"{file}.csr")
        extensions = ["-addext", f"subjectAltName={names}"] if names else []
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-config", self._config,
                "-subj", subject, *extensions, "-keyout", key, "-out", request)
        now = datetime.datetime.now(datetime.timezone.utc)
        openssl("ca", "-batch", "-notext", "-config", self._config, "-cert",
                self.cert, "-keyfile", self._key, "-startdate",
                _time(start or now - datetime.timedelta(days=1)), "-enddate",
                _time(end or now + datetime.timedelta(days=30)), "-in",
                request, "-out", cert)
        return cert, key


    def revoke(self, *certs):
        """Revokes certificates; the path of the list, always the same."""
        for cert in certs:
            openssl("ca", "-batch", "-config", self._config, "-cert", self.cert,
                    "-keyfile", self._key, "-revoke", cert)
        path = os.path.join(self.folder, "ca.crl")
        openssl("ca", "-batch", "-config", self._config, "-cert", self.cert,
                "-keyfile", self._key, "-gencrl", "-crldays", "30", "-out",
                f"{path}.new")
        os.rename(f"{path}.new", path)
        return path


def self_signed(folder, file, name):
    """(certificate, key) that no authority signed."""
    cert = os.path.join(folder, f"{file}.pem")
    key = os.path.join(folder, f"{file}.key")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            f"/CN={name}", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
            cert)
    return cert, key
