// What the Node programs share. The command line, the line that is printed, and where clocks begin
// and end are those of the Rust programs (bench/common).

import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const BULK = 1000;
const LOOK_EVERY_MS = 2;
const SETTLE_IN_MS = 1500;
const PAUSE_MS = 15;

export const url = process.env.BENCH_DATABASE_URL;

const [measure, count, ...words] = process.argv.slice(2);
const tasks = Number(count);
const given = new Map(words.map((word) => word.split('=')));
const used = [];

// A setting's value. What is asked for is told with the figures.
export function setting(name, standard) {
  const value = Number(given.get(name) ?? standard);
  used.push(`${name}=${value}`);
  return value;
}

// Told by each handler.
let handled = 0;
let first;
let started = () => {};
export function ran() {
  const now = performance.now();
  first ??= now;
  handled += 1;
  started(now);
}

// Measures a peer: { name, submit, submitMany, work, allFinished }.
export async function run(peer) {
  try {
    const figures = await measures[measure](peer);
    const line = { peer: peer.name, engine: 'postgres', measure, settings: used.join(' '), tasks };
    console.log(JSON.stringify({ ...line, ...figures }));
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}

const measures = {
  async 'submit-one'(peer) {
    const usage = startUsage();
    const begun = performance.now();
    for (let number = 0; number < tasks; number += 1) await peer.submit(number);
    return rate(performance.now() - begun, usage);
  },

  async bulk(peer) {
    const usage = startUsage();
    const begun = performance.now();
    await submitAll(peer);
    return rate(performance.now() - begun, usage);
  },

  async drain(peer) {
    await submitAll(peer);
    const usage = startUsage();
    await peer.work('drain');
    while (handled < tasks) await sleep(LOOK_EVERY_MS);
    while (!(await peer.allFinished(tasks))) await sleep(LOOK_EVERY_MS);
    return rate(performance.now() - first, usage);
  },

  async 'pick-up'(peer) {
    const usage = startUsage();
    await peer.work('pick-up');
    await sleep(SETTLE_IN_MS);
    const waits = [];
    // The first one finds the worker still starting and is not counted.
    for (let number = 0; number <= tasks; number += 1) {
      await sleep(PAUSE_MS);
      const start = new Promise((resolve) => { started = resolve; });
      await peer.submit(number);
      const stored = performance.now();
      const wait = Math.max(0, (await start) - stored);
      if (number > 0) waits.push(wait);
    }
    waits.sort((one, other) => one - other);
    const part = (share) => Number(waits[Math.ceil(share * waits.length) - 1].toFixed(3));
    return { ...resources(usage), p50_ms: part(0.5), p99_ms: part(0.99) };
  },
};

async function submitAll(peer) {
  for (let start = 0; start < tasks; start += BULK) {
    const length = Math.min(BULK, tasks - start);
    await peer.submitMany(Array.from({ length }, (_, index) => start + index));
  }
}

function rate(milliseconds, usage) {
  const seconds = milliseconds / 1000;
  return { seconds, per_second: Math.round(tasks / seconds), ...resources(usage) };
}

function startUsage() {
  // From here on the peak of memory is a new one. Where this is forbidden the old one stays.
  try { fs.writeFileSync('/proc/self/clear_refs', '5'); } catch { /* The old one stays. */ }
  return { processor: process.cpuUsage(), begun: performance.now() };
}

function resources({ processor, begun }) {
  const { user, system } = process.cpuUsage(processor);
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)[1]);
  const cores = (user + system) / 1000 / (performance.now() - begun);
  return {
    peak_memory_mb: Number((kilobytes / 1024).toFixed(2)),
    own_cores: Number(cores.toFixed(2)),
  };
}
