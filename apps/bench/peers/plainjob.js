'use strict';
// plainjob on better-sqlite3: its adds are synchronous, and "concurrency" is several workers in one process.
const path = require('node:path');
const Database = require('better-sqlite3');
const { main, payload, percentiles, stopwatch } = require('./lib');

const quiet = { debug() {}, info() {}, warn() {}, error: console.error };

// plainjob asks for a write-ahead log with synchronous=NORMAL itself; said here again, as the comparison rests on it.
async function open({ folder }) {
  const { better, defineQueue, defineWorker } = await import('plainjob');
  const database = new Database(path.join(folder, 'queue.db'));
  const queue = defineQueue({ connection: better(database), logger: quiet });
  database.pragma('synchronous = NORMAL');
  return { queue, defineWorker };
}

function addInBulk(queue, n) {
  for (let done = 0; done < n; done += 1000) queue.addMany('job', Array(Math.min(1000, n - done)).fill(payload));
}

const fill = async (context) => addInBulk((await open(context)).queue, context.jobs);

async function addSingly(context) {
  const { queue } = await open(context);
  const us = [];
  const elapsed = stopwatch();
  for (let i = 0; i < context.jobs; i++) {
    const start = performance.now();
    queue.add('job', payload);
    us.push((performance.now() - start) * 1000);
  }
  return { ...elapsed(context.jobs), ...percentiles(us) };
}

async function addBulk(context) {
  const { queue } = await open(context);
  const elapsed = stopwatch();
  addInBulk(queue, context.jobs);
  return elapsed(context.jobs);
}

async function drain(context, concurrency) {
  const { queue, defineWorker } = await open(context);
  return new Promise((resolve) => {
    let left = context.jobs;
    const elapsed = stopwatch();
    const onCompleted = () => {
      if (--left === 0) resolve(elapsed(context.jobs));
    };
    const options = { queue, logger: quiet, onCompleted };
    for (let i = 0; i < concurrency; i++) defineWorker('job', async () => {}, options).start();
  });
}

const drainWith = (concurrency) => ({ jobs: 50000, fill: {}, run: (context) => drain(context, concurrency) });

main({
  name: 'plainjob',
  modes: ['normal'],
  fill,
  workloads: {
    W1: { jobs: 20000, run: addSingly },
    'W2.bulk1000': { jobs: 50000, run: addBulk },
    'W3.c1': drainWith(1),
    'W3.c10': drainWith(10),
  },
});
