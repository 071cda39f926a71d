"""Which server to talk to."""

import json
import os

from modbound import errors

DEFAULT = "127.0.0.1:50061"


def find(server=None):
    """The argument, $MODBOUND_SERVER, the config file's "server", or DEFAULT.

    The config file is modbound/config.json in $XDG_CONFIG_HOME or ~/.config.
    """
    return setting("server", server) or DEFAULT


def setting(name, given=None):
    """The argument, the environment's MODBOUND_<NAME>, or the config file's.

    given: "" stands for "none", whatever the others say.
    """
    if given is not None:
        return os.fspath(given) or None
    return os.environ.get(f"MODBOUND_{name.upper()}") or _from_config(name)


def _from_config(name):
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    path = os.path.join(folder, "modbound", "config.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file).get(name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise errors.InvalidArgument(
            f'{path} is not a JSON object with "{name}": {error}', "BAD_TEXT",
            name) from None


# Arrays come in chunks far below this; a job with many labels stays below too.
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", 8 << 20),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A server of the lab is not behind the proxy of the web.
    ("grpc.enable_http_proxy", 0),
)
