// pg-boss (Node) on PostgreSQL. Drained by loops of fetch and complete, the quickest form that its
// documents offer: its worker polls every 0.5 s at the most.

import { PgBoss } from 'pg-boss';

import { ran, run, setting, url } from './common.mjs';

const boss = new PgBoss({ connectionString: url, max: 10 });
boss.on('error', (error) => console.error(error.message));
await boss.start();
await boss.createQueue('bench');

let completed = 0;

await run({
  name: 'pg-boss',
  submit: (number) => boss.send('bench', { number }),
  submitMany: (numbers) => boss.insert('bench', numbers.map((number) => ({ data: { number } }))),

  async work() {
    const batchSize = setting('batch', 1000);
    const loops = setting('loops', 4);
    for (let index = 0; index < loops; index += 1) loop(batchSize);
  },

  allFinished: async (tasks) => completed >= tasks,
});

async function loop(batchSize) {
  for (;;) {
    const jobs = await boss.fetch('bench', { batchSize });
    if (!jobs?.length) return;
    jobs.forEach(() => ran());
    await boss.complete('bench', jobs.map((job) => job.id));
    completed += jobs.length;
  }
}
