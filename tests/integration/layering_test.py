"""Which folder may include what: proto -> nothing, core -> numeric libraries,
server -> core and proto, client -> proto; gRPC in server/rpc alone. Link lists
cannot say so: system headers stay reachable whatever is linked."""

import os
import re
import tempfile
import unittest

SOURCE = os.environ["MODBOUND_SOURCE"]

GRPC = (r"grpc", r"\.grpc\.pb\.h$", r"^server/rpc/", r"^client/")
# Folder -> what its sources must not include (patterns of include paths).
FORBIDDEN = {
    "core": (r"\.pb\.h$", r"grpc", r"^google/", r"^server/", r"^client/",
             r"sqlite", r"openssl", r"^fstream$", r"^filesystem$"),
    "server": (r"^client/",),
    "client": (r"^core/", r"^server/"),
    "proto": (r"^(?!modbound/|google/)",),
}
# Every folder of the server but rpc; a new one is covered too.
FORBIDDEN |= {f"server/{folder}": GRPC
              for folder in os.listdir(os.path.join(SOURCE, "server"))
              if folder != "rpc" and
              os.path.isdir(os.path.join(SOURCE, "server", folder))}
INCLUDE = re.compile(
    r'^\s*(?:#\s*include\s+["<]|import\s+(?:public\s+)?")([^">]+)[">]', re.M)


def includes(source, folder):
    """(file, included path) of every source below a folder."""
    for base, _, names in os.walk(os.path.join(source, folder)):
        for name in sorted(names):
            if name.endswith((".h", ".cc", ".proto")):
                path = os.path.join(base, name)
                with open(path, encoding="utf-8") as file:
                    for included in INCLUDE.findall(file.read()):
                        yield os.path.relpath(path, source), included


def violations(source):
    return [f"{path} includes {included}"
            for folder, patterns in sorted(FORBIDDEN.items())
            for path, included in includes(source, folder)
            if any(re.search(pattern, included) for pattern in patterns)]


class LayeringTest(unittest.TestCase):

    def test_no_folder_includes_what_it_must_not(self):
        self.assertEqual(violations(SOURCE), [])

    def test_each_rule_finds_what_breaks_it(self):
        bad = {
            "core/a.h": '#include "modbound/v1/job.pb.h"',
            "core/b.cc": "#include <grpcpp/grpcpp.h>",
            "core/c.cc": '# include "server/jobs/job_queue.h"',
            "client/a.cc": '#include "core/base/error.h"',
            "client/b.h": '#include "server/rpc/status.h"',
            "server/a.cc": '#include "client/cli/run.h"',
            "proto/a.proto": 'import "core/base/error.proto";',
        }
        for folder in ("jobs", "artifacts", "executors", "analyses", "arrays",
                       "store", "errors", "files", "auth"):
            bad[f"server/{folder}/a.cc"] = '#include "modbound/v1/job.grpc.pb.h"'
        good = {
            "core/good.h": "#include <Eigen/Core>",
            "server/rpc/good.h": "#include <grpcpp/grpcpp.h>",
            "client/good.cc": '#include "modbound/v1/job.grpc.pb.h"',
            "proto/good.proto": 'import "modbound/v1/array.proto";',
        }
        with tempfile.TemporaryDirectory() as source:
            for path, text in (bad | good).items():
                path = os.path.join(source, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"// A file.\n{text}\n")
            found = {line.split()[0] for line in violations(source)}
        self.assertEqual(found, set(bad))

    def test_jobs_and_clients_know_no_analysis_by_name(self):
        kinds = ("output_lesion", "jacobian_similarity", "lesion_similarity",
                 "compare_partitions", "induced_quality", "selectivity")
        for folder in ("server/jobs", "server/rpc", "server/store",
                       "client/cli", "client/python"):
            for base, _, names in os.walk(os.path.join(SOURCE, folder)):
                for name in names:
                    if not name.endswith((".h", ".cc", ".py")):
                        continue
                    path = os.path.join(base, name)
                    with open(path, encoding="utf-8") as file:
                        text = file.read()
                    for kind in kinds:
                        self.assertNotIn(kind, text, path)


if __name__ == "__main__":
    unittest.main()
