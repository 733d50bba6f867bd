"""procrastinate on PostgreSQL."""

import asyncio
import logging

import procrastinate

from common import URL, ran, run, setting

CONNECTOR = procrastinate.PsycopgConnector(conninfo=URL, min_size=4, max_size=20)
APP = procrastinate.App(connector=CONNECTOR)
UNFINISHED = "select count(*) as left from procrastinate_jobs where status <> 'succeeded'"


@APP.task(name="bench")
async def bench(number):
    ran()


class Peer:
    name = "procrastinate"

    async def submit(self, number):
        await bench.defer_async(number=number)

    async def submit_many(self, numbers):
        await bench.batch_defer_async(*[{"number": number} for number in numbers])

    async def work(self, purpose):
        concurrency = setting("concurrency", 20 if purpose == "drain" else 10)
        await APP.run_worker_async(concurrency=concurrency, install_signal_handlers=False)

    async def all_finished(self, _tasks):
        row = await CONNECTOR.execute_query_one_async(UNFINISHED)
        return row["left"] == 0


async def main():
    async with APP.open_async():
        await APP.schema_manager.apply_schema_async()
        await run(Peer())


logging.disable(logging.CRITICAL)
asyncio.run(main())
