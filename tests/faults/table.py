"""Prints the table of fault tests. Usage: table.py [--full] ROWS

ROWS holds a line "number<TAB>figure" for each figure that a test gave
(tests/support/fault_row.h, tests/integration/fault_row.py). Ends with 1 when a
row has none: its test failed or did not run. --full: also rows that only
deploy/test.sh --full gives.
"""

import sys
import textwrap

# What each test asks; tests that give no figure end in failure of ctest.
ROWS = {
    1: "kill -9 at random points: 0 lost, 0 duplicated, 0 stuck, back < 5 s",
    2: "kill at every failpoint: each reached, store verifies after",
    3: "lost and torn writes that were not synced: boots, nothing missing",
    4: "history of clients: submit, get, cancel linearizable",
    5: "allocation N fails: RESOURCE_EXHAUSTED or OK, no crash, no half state",
    6: "I/O call N fails: clean error, store verifies",
    7: "full disk: DISK_FULL, cancel and delete work, recovers by itself",
    8: "database damaged: never a crash, never silently empty",
    9: "damaged or missing array behind a cache hit: found, run again",
    10: "network file system, two servers: refused with the reason",
    11: "worker killed, stopped, crashed, out of memory, hanging: right cause",
    12: "rescue races completion: a terminal state never changes",
    13: "cancel in each state, cancel storm: idempotent, nothing left",
    14: "goes on from a checkpoint after a kill: the same bytes",
    15: "one request id from many clients: one job; changed body refused",
    16: "equal job again: < 50 ms, same digest; same bytes at any cores",
    17: "wall clock jumps: no early timeout, no negative duration, order kept",
    18: "many jobs queued: submit p99 < 25 ms, list page p99 < 50 ms",
    19: "many watchers, some slow: no gap, none twice, memory bounded",
    20: "watcher cut and resumed: union of events is the log",
    21: "fairness: a neighbour starts within one slot; usage ratio 1 +- .1",
    22: "grants never exceed the machine, nobody starves",
    23: "graphs: cycles refused, long chain, SKIPPED spreads right",
    24: "large upload and download, cut many times: resumes, hash equal",
    25: "bad chunks: refused, partial uploads removed, quota not leaked",
    26: "mutated requests for every RPC: 0 crashes, leaks, hangs > 1 s",
    27: "oversized requests: refused before allocation, RSS + < 16 MiB",
    28: "bad science input: named or documented, no hang",
    29: "bad strings: refused, no path outside the store",
    30: "HTTP/2 floods: others answered, no descriptor leaked",
    31: "TLS: every bad handshake refused, no handler entered",
    32: "tokens: every bad one refused and audited",
    33: "every RPC x role x object: as the table says; other's = absent",
    34: "page and resume tokens of others: INVALID_ARGUMENT",
    35: "limits at, one above, in parallel: never exceeded, named",
    39: "SIGTERM under load: not ready < 1 s, work kept, exit 0",
    40: "collection while reading and submitting: no live array removed",
    41: "sanitizers: ASan + UBSan over everything, TSan over what has no gRPC",
    42: "soak: flat memory, threads and descriptors, store verifies",
    44: "counters equal the store",
    101: "no-op jobs of 8 clients: >= raw single-row commits",
    102: "the same with syncs of 5 ms: >= 4 x raw commits",
    103: "GetJob p50 < .5 ms; no-op job to result p50 < 10 ms + its syncs",
}
# Rows of deploy/test.sh --full alone.
FULL = {41}


def main():
    *flags, path = sys.argv[1:]
    figures = {}
    with open(path, encoding="utf-8") as rows:
        for line in rows:
            number, figure = line.rstrip("\n").split("\t", 1)
            figures.setdefault(int(number), []).append(figure)
    asked_for = set(ROWS) if "--full" in flags else set(ROWS) - FULL
    missing = asked_for - set(figures)
    for number, asked in ROWS.items():
        name = f"{number:3d}" if number < 100 else "  b"
        print(f"{name}  {asked}")
        none = "NOT SHOWN" if number in asked_for else "not run: --full"
        for figure in figures.get(number, [none]):
            print(textwrap.indent(textwrap.fill(figure, 100), " " * 9))
    print(f"{len(asked_for - missing)} of {len(asked_for)} rows shown")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
