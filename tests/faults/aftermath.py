"""What must hold of a store once its server, which met a fault, has stopped."""

import os
import re
import sqlite3

from service import verify


def faults_of(data_dir):
    """Sentences about what is wrong with a store whose jobs have all ended.

    Damage and contradictions as `modboundd --verify` finds them, and files that
    nobody needs any more.
    """
    verified = verify(data_dir)
    found = []
    if verified.returncode != 0:
        found.append(f"--verify: {verified.stdout}{verified.stderr}")
    if not re.search(r"\b0 files to be removed", verified.stdout):
        found.append(f"arrays without rows: {verified.stdout}")
    for folder, allowed in (("attempts", set()), ("spare", set()),
                            ("checkpoints", set()),
                            ("artifacts/staging", set()),
                            ("uploads", {"boot"}),
                            ("logs", _jobs(data_dir))):
        path = os.path.join(data_dir, folder)
        names = set(os.listdir(path)) if os.path.isdir(path) else set()
        found += [f"left behind: {folder}/{name}"
                  for name in sorted(names - allowed)]
    found += [f"left behind: {name}" for name in os.listdir(data_dir)
              if name.endswith(".part")]
    return found


def _jobs(data_dir):
    store = sqlite3.connect(os.path.join(data_dir, "modbound.sqlite3"))
    try:
        return {job for job, in store.execute("SELECT id FROM job")}
    finally:
        store.close()
