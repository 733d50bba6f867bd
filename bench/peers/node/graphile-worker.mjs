// graphile-worker (Node) on PostgreSQL. Its local queue is off by default; here it is on.

import { Logger, makeWorkerUtils, run as startWorker } from 'graphile-worker';

import { ran, run, setting, url } from './common.mjs';

const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString: url, logger });
await utils.migrate();

await run({
  name: 'graphile-worker',
  submit: (number) => utils.addJob('bench', { number }),
  submitMany: (numbers) =>
    utils.addJobs(numbers.map((number) => ({ identifier: 'bench', payload: { number } }))),

  async work(purpose) {
    const worker = { connectionString: url, pollInterval: 2000 };
    if (purpose === 'drain') {
      worker.maxPoolSize = 10;
      worker.concurrentJobs = setting('concurrency', 24);
      worker.localQueue = { size: setting('local-queue', 500) };
      worker.completeJobBatchDelay = 0;
      worker.failJobBatchDelay = 0;
    } else {
      worker.concurrentJobs = setting('concurrency', 4);
    }
    const taskList = { bench: async () => ran() };
    await startWorker({ preset: { worker }, logger, taskList, noHandleSignals: true });
  },

  // A finished job is deleted.
  async allFinished() {
    const count = 'select count(*)::int as left from graphile_worker._private_jobs';
    const { rows } = await utils.withPgClient((client) => client.query(count));
    return rows[0].left === 0;
  },
});
