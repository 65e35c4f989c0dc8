'use strict';
// Graphile Worker as its documentation tunes it: a local queue, and completions in batches. Nothing fences them, and the
// jobs are deleted.
const { EventEmitter } = require('node:events');
const { Logger, makeWorkerUtils, run } = require('graphile-worker');
const { main, payload, stopwatch } = require('./lib');

const quiet = new Logger(() => () => {});

async function fill({ url, jobs }) {
  const utils = await makeWorkerUtils({ connectionString: url, logger: quiet });
  await utils.migrate();
  const spec = { identifier: 'job', payload };
  for (let done = 0; done < jobs; done += 1000) await utils.addJobs(Array(Math.min(1000, jobs - done)).fill(spec));
}

function drain({ url, jobs }, concurrency) {
  const worker = {
    localQueue: { size: Math.max(500, concurrency), ttl: 60000 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
  return new Promise((resolve, reject) => {
    let left = jobs;
    const events = new EventEmitter();
    const elapsed = stopwatch();
    events.on('job:complete', ({ error }) => {
      if (error) reject(error);
      if (--left === 0) resolve(elapsed(jobs));
    });
    run({
      connectionString: url,
      concurrency,
      maxPoolSize: Math.min(concurrency + 2, 20),
      pollInterval: 100,
      noHandleSignals: true,
      logger: quiet,
      events,
      preset: { worker },
      taskList: { job: async () => {} },
    }).catch(reject);
  });
}

main({
  name: 'graphile',
  modes: ['tuned'],
  fill,
  workloads: { 'W3.c100': { jobs: 50000, fill: {}, run: (context) => drain(context, 100) } },
});
