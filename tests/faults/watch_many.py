"""Many watchers in one process, for watchers_test.py.

Usage: watch_many.py ADDRESS WATCHERS < jobs: a JSON list of lists of ids.
Watcher i follows the jobs of list i % len one after another. Prints one JSON
object: delays (seconds from an event to its arrival), events, gaps, doubles,
unfinished.
"""

import asyncio
import json
import sys
import time

import grpc

from modbound import contract


class Watchers:

    def __init__(self, channel, lists):
        method = contract.method("JobService.WatchJob")
        self.request = method.request
        self.watch_job = channel.unary_stream(
            method.path, method.request.SerializeToString,
            method.reply.FromString)
        self.lists = lists
        self.told = {"delays": [], "events": 0, "gaps": 0, "doubles": 0,
                     "unfinished": 0, "snapshots": 0}

    async def follow(self, number):
        for job in self.lists[number % len(self.lists)]:
            await self.follow_job(job)

    async def follow_job(self, job):
        sequence, state = None, 0
        async for event in self.watch_job(self.request(id=job)):
            self.told["events"] += 1
            what = event.WhichOneof("event")
            if what == "snapshot":
                self.told["snapshots"] += 1
                self.told["doubles"] += sequence is not None
                state = event.snapshot.state
                sequence = event.sequence
                continue
            self.told["delays"].append(time.time() - event.time.seconds -
                                       event.time.nanos / 1e9)
            expected = sequence + (what == "state_change")
            self.told["gaps"] += event.sequence > expected
            self.told["doubles"] += event.sequence < expected
            sequence = event.sequence
            if what == "state_change":
                state = event.state_change.state
        self.told["unfinished"] += state < 4


async def main():
    lists = json.load(sys.stdin)
    async with grpc.aio.insecure_channel(sys.argv[1]) as channel:
        watchers = Watchers(channel, lists)
        print("ready", flush=True)
        await asyncio.gather(*(watchers.follow(i)
                               for i in range(int(sys.argv[2]))))
    print(json.dumps(watchers.told))


if __name__ == "__main__":
    asyncio.run(main())
