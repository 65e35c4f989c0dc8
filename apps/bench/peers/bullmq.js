'use strict';
// BullMQ on redis-server with an append-only file, synced every second or before every reply; or on PostgreSQL, where a
// commit waits for the disk or does not.
const { spawn } = require('node:child_process');
const { Queue, Worker, createPostgresBackend } = require('bullmq');
const { main, payload, percentiles, sleep, stopwatch } = require('./lib');

const onPostgres = ({ mode }) => mode.startsWith('postgres');
const backendOf = (context) => (onPostgres(context) ? createPostgresBackend : undefined);

function connectionTo(context) {
  if (!onPostgres(context)) return { host: '127.0.0.1', port: context.port };
  const commit = context.mode === 'postgres' ? 'on' : 'off';
  return { connectionString: context.url, options: `-c synchronous_commit=${commit}`, migrate: true };
}

const bulkOf = (size, opts = {}) => Array.from({ length: size }, () => ({ name: 'job', data: payload, opts }));

function startServer(context) {
  const { port, folder, mode } = context;
  if (onPostgres(context)) return null;
  const options = { bind: '127.0.0.1', port, dir: folder, save: '', appendonly: 'yes', appendfsync: mode };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return spawn('redis-server', args, { stdio: 'ignore' });
}

async function open(context) {
  const queue = new Queue('bench', { connection: connectionTo(context) }, backendOf(context));
  await queue.waitUntilReady();
  return queue;
}

async function addInBulk(queue, n, opts) {
  for (let done = 0; done < n; done += 1000) await queue.addBulk(bulkOf(Math.min(1000, n - done), opts));
}

const fill = async (context, opts) => addInBulk(await open(context), context.jobs, opts);

async function addSingly(context) {
  const queue = await open(context);
  for (let i = 0; i < 200; i++) await queue.add('job', payload); // V8 has compiled the path by then
  const us = [];
  const elapsed = stopwatch();
  for (let i = 0; i < context.jobs; i++) {
    const start = performance.now();
    await queue.add('job', payload);
    us.push((performance.now() - start) * 1000);
  }
  return { ...elapsed(context.jobs), ...percentiles(us) };
}

async function addFrom100(context) {
  const queue = await open(context);
  let left = context.jobs;
  const produce = async () => {
    while (left-- > 0) await queue.add('job', payload);
  };
  const elapsed = stopwatch();
  await Promise.all(Array.from({ length: 100 }, produce));
  return elapsed(context.jobs);
}

async function addBulk(context) {
  const queue = await open(context);
  const elapsed = stopwatch();
  await addInBulk(queue, context.jobs);
  return elapsed(context.jobs);
}

function workerOn(context, processor, options) {
  const connection = connectionTo(context);
  if (!onPostgres(context)) connection.maxRetriesPerRequest = null; // BullMQ insists for workers
  return new Worker('bench', processor, { connection, autorun: false, ...options }, backendOf(context));
}

// 'completed' is emitted after Redis has acknowledged it, so the clock stops after the last acknowledgement.
async function drain(context, concurrency, processor = async () => 1) {
  const worker = workerOn(context, processor, { concurrency });
  await worker.waitUntilReady();
  return new Promise((resolve, reject) => {
    let left = context.jobs;
    const elapsed = stopwatch();
    worker.on('error', reject);
    worker.on('completed', () => {
      if (--left === 0) resolve(elapsed(context.jobs));
    });
    worker.run().catch(reject);
  });
}

async function failOnce(job) {
  if (job.attemptsMade === 0) throw new Error('once');
  return 1;
}

// From the call of add() to the processor's start. Only one job is under way at a time.
async function latency(context) {
  const queue = await open(context);
  let added = 0;
  let us = [];
  const worker = workerOn(context, async () => us.push((performance.now() - added) * 1000), { concurrency: 10 });
  await worker.waitUntilReady();
  worker.run();
  await sleep(300);
  const addPaced = async (n) => {
    us = [];
    for (let i = 0; i < n; i++) {
      while (us.length < i) await sleep(1); // a slow start must not be timed from the next add
      added = performance.now();
      queue.add('job', payload);
      await sleep(20);
    }
    while (us.length < n) await sleep(5);
  };
  await addPaced(20);
  const elapsed = stopwatch();
  await addPaced(context.jobs);
  return { ...elapsed(context.jobs), ...percentiles(us) };
}

const drainWith = (concurrency) => ({ jobs: 50000, fill: {}, run: (context) => drain(context, concurrency) });

main({
  name: 'bullmq',
  modes: ['everysec', 'always', 'postgres', 'postgres_off'],
  startServer,
  fill,
  workloads: {
    W1: { jobs: 20000, run: addSingly },
    'W2.conc100': { jobs: 50000, run: addFrom100 },
    'W2.bulk1000': { jobs: 50000, run: addBulk },
    'W3.c1': drainWith(1),
    'W3.c10': drainWith(10),
    'W3.c100': drainWith(100),
    W4: { jobs: 500, run: latency },
    W6: drainWith(100), // of which the peaks of memory count
    W7: { jobs: 10000, fill: { attempts: 2 }, run: (context) => drain(context, 10, failOnce) },
  },
});
