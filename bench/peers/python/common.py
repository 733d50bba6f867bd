"""What the Python programs share.

The command line, the line that is printed, and where clocks begin and end are those of the Rust
programs (bench/common).
"""

import asyncio
import json
import math
import os
import re
import sys
import time

BULK = 1000
LOOK_EVERY = 0.002
SETTLE_IN = 1.5
PAUSE = 0.015

URL = os.environ["BENCH_DATABASE_URL"]
MEASURE = sys.argv[1]
TASKS = int(sys.argv[2])
GIVEN = dict(word.split("=", 1) for word in sys.argv[3:])
USED = []


def setting(name, standard):
    """A setting's value. What is asked for is told with the figures."""
    value = int(GIVEN.get(name, standard))
    USED.append(f"{name}={value}")
    return value


class Ran:
    """Told by each handler."""

    count = 0
    first = None
    starts = asyncio.Queue()


def ran():
    now = time.perf_counter()
    Ran.first = Ran.first or now
    Ran.count += 1
    if MEASURE == "pick-up":
        Ran.starts.put_nowait(now)


class Usage:
    """What this process uses: processor time and memory."""

    def __init__(self):
        self.begun = time.perf_counter()
        self.processor = time.process_time()
        try:
            # From here on the peak of memory is a new one.
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass

    def told(self):
        with open("/proc/self/status") as file:
            kilobytes = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
        cores = (time.process_time() - self.processor) / (time.perf_counter() - self.begun)
        return {"peak_memory_mb": round(kilobytes / 1024, 2), "own_cores": round(cores, 2)}


async def run(peer):
    """Measures a peer: an object with name, submit, submit_many, work and all_finished."""
    measures = {"submit-one": submit_one, "bulk": bulk, "drain": drain, "pick-up": pick_up}
    figures = await measures[MEASURE](peer)
    line = {"peer": peer.name, "engine": "postgres", "measure": MEASURE}
    line |= {"settings": " ".join(USED), "tasks": TASKS}
    print(json.dumps(line | figures), flush=True)
    # Workers may still run: nobody waits for them.
    os._exit(0)


async def submit_one(peer):
    usage, begun = Usage(), time.perf_counter()
    for number in range(TASKS):
        await peer.submit(number)
    return rate(time.perf_counter() - begun, usage)


async def bulk(peer):
    usage, begun = Usage(), time.perf_counter()
    await submit_all(peer)
    return rate(time.perf_counter() - begun, usage)


async def submit_all(peer):
    for first in range(0, TASKS, BULK):
        await peer.submit_many(range(first, min(TASKS, first + BULK)))


async def drain(peer):
    await submit_all(peer)
    usage = Usage()
    worker = asyncio.create_task(peer.work("drain"))
    while Ran.count < TASKS:
        if worker.done():
            worker.result()
            raise RuntimeError(f"the worker ended after {Ran.count} tasks")
        await asyncio.sleep(LOOK_EVERY)
    while not await peer.all_finished(TASKS):
        await asyncio.sleep(LOOK_EVERY)
    return rate(time.perf_counter() - Ran.first, usage)


async def pick_up(peer):
    usage = Usage()
    worker = asyncio.create_task(peer.work("pick-up"))
    await asyncio.sleep(SETTLE_IN)
    waits = []
    # The first one finds the worker still starting and is not counted.
    for number in range(TASKS + 1):
        await asyncio.sleep(PAUSE)
        await peer.submit(number)
        stored = time.perf_counter()
        start = await asyncio.wait_for(Ran.starts.get(), 30)
        if number > 0:
            waits.append(max(0.0, start - stored) * 1e3)
    worker.cancel()
    waits.sort()
    part = lambda share: round(waits[math.ceil(share * len(waits)) - 1], 3)
    return usage.told() | {"p50_ms": part(0.5), "p99_ms": part(0.99)}


def rate(seconds, usage):
    return {"seconds": seconds, "per_second": round(TASKS / seconds)} | usage.told()
