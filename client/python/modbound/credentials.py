"""Who we are, and how we know the server: tokens and certificates."""

import collections
import ipaddress
import os
import re
import stat
import warnings

import grpc

from modbound import address, errors

# Paths of files, or None: token_file holds the token, the others are PEM. With
# `ca`, the authorities of the server's certificate, the connection is TLS.
Files = collections.namedtuple("Files", "token_file ca client_cert client_key")

_TOKEN = re.compile(r"mb1_[0-9a-z_]+")


def find(token_file=None, ca=None, client_cert=None, client_key=None):
    """Files from the arguments, the environment, or the config file."""
    return Files(*(address.setting(name, given) for name, given in (
        ("token_file", token_file), ("ca", ca), ("client_cert", client_cert),
        ("client_key", client_key))))


def channel(module, server, files):
    """(channel, metadata of every call). module: grpc or grpc.aio."""
    metadata = _metadata(server, files)
    if not files.ca:
        if files.client_cert or files.client_key:
            raise errors.InvalidArgument(
                "client_cert needs ca, which makes the connection TLS",
                "MISSING_FIELD", "ca")
        return module.insecure_channel(
            server, options=address.CHANNEL_OPTIONS), metadata
    if bool(files.client_cert) != bool(files.client_key):
        raise errors.InvalidArgument(
            "client_cert and client_key go together", "MISSING_FIELD",
            "client_key" if files.client_cert else "client_cert")
    roots = _read("ca", files.ca)
    if b"BEGIN CERTIFICATE" not in roots:
        # Without any, gRPC would take the system's authorities instead.
        raise errors.InvalidArgument(
            f"ca: {files.ca} holds no PEM certificate", "BAD_TEXT", "ca")
    own = (_read("client_key", files.client_key),
           _read("client_cert", files.client_cert)
           ) if files.client_cert else (None, None)
    return module.secure_channel(
        server, grpc.ssl_channel_credentials(roots, *own),
        options=address.CHANNEL_OPTIONS), metadata


def is_local(server):
    """Whether only this machine answers at the address."""
    if server.startswith("unix:"):
        return True
    host = server.rpartition(":")[0]
    if host == "localhost":
        return True
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return found.is_loopback


def _metadata(server, files):
    if not files.token_file:
        return ()
    if not files.ca and not is_local(server):
        raise errors.InvalidArgument(
            f"the token would travel to {server} unencrypted: give ca",
            "MISSING_FIELD", "ca")
    token = _read("token_file", files.token_file).decode(errors="replace").strip()
    if not _TOKEN.fullmatch(token):
        raise errors.InvalidArgument(
            f"token_file: {files.token_file} holds no token (mb1_...)",
            "BAD_TEXT", "token_file")
    mode = os.stat(files.token_file).st_mode
    if stat.S_ISREG(mode) and mode & 0o077:
        warnings.warn(
            f"others on this machine may read the token in {files.token_file}:"
            " chmod 600 it", stacklevel=2)
    return (("authorization", f"Bearer {token}"),)


def _read(name, path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise errors.InvalidArgument(f"{name}: {error}", "BAD_TEXT",
                                     name) from None
