"""pgqueuer on PostgreSQL, with uvloop."""

import json
import logging
from datetime import timedelta

import asyncpg
import uvloop
from pgqueuer import AsyncpgDriver, PgQueuer, Queries

from common import URL, ran, run, setting


class Peer:
    name = "pgqueuer"

    async def connect(self):
        self.connection = await asyncpg.connect(URL)
        self.queries = Queries(AsyncpgDriver(self.connection))
        await self.queries.install()
        return self

    @staticmethod
    def payload(number):
        return json.dumps({"number": number}).encode()

    async def submit(self, number):
        await self.queries.enqueue("bench", self.payload(number))

    async def submit_many(self, numbers):
        count = len(numbers)
        payloads = [self.payload(number) for number in numbers]
        await self.queries.enqueue(["bench"] * count, payloads, [0] * count)

    async def work(self, purpose):
        worker = PgQueuer(AsyncpgDriver(await asyncpg.connect(URL)))

        @worker.entrypoint("bench")
        async def bench(job):
            json.loads(job.payload)
            ran()

        batch = setting("batch", 100 if purpose == "drain" else 10)
        await worker.run(batch_size=batch, dequeue_timeout=timedelta(seconds=2))

    async def all_finished(self, _tasks):
        """A finished job leaves this table."""
        return await self.connection.fetchval("select count(*) from pgqueuer") == 0


async def main():
    await run(await Peer().connect())


logging.disable(logging.CRITICAL)
uvloop.run(main())
