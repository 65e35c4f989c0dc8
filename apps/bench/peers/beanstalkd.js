'use strict';
// beanstalkd without its log: everything in memory. Its client is C++, lest Node be what is measured.
const { spawn } = require('node:child_process');
const path = require('node:path');
const { main } = require('./lib');

main({
  name: 'beanstalkd',
  modes: ['memory'],
  startServer: ({ port }) => spawn('beanstalkd', ['-l', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' }),
  command: (step, { port, workload, jobs }) => [
    path.join(__dirname, 'beanstalkd_client'),
    `${port}`,
    step === 'fill' ? 'fill' : workload,
    `${jobs}`,
  ],
  workloads: {
    W1: { jobs: 20000 },
    'W2.conc100': { jobs: 50000 },
    'W3.c10': { jobs: 50000, fill: {} },
    'W3.c100': { jobs: 50000, fill: {} },
  },
});
