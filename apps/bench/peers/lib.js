'use strict';
// What the peers share. `SCRIPT MODE WORKLOAD --jobs N` is one repetition: it starts the peer's server, fills the queue
// in one child process, measures in another one and prints one line of JSON. Fresh processes keep one repetition's
// heap, compiled code and connections out of the next one's figures.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

// 100 bytes of JSON, the same for every peer and for cofila.
const payload = { to: 'user@example.com', subject: 'Hello', n: 123456, body: 'x'.repeat(38) };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const rounded = (value, digits = 1) => Number(value.toFixed(digits));

// --- measuring, in the measured process ---

// The processor time is taken here and not from outside, so that loading the modules is left out.
function stopwatch() {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return (n) => {
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const client_cpu_us_job = rounded((user + system) / n);
    return { n, secs: rounded(ms / 1000, 4), jobs_s: Math.round((n * 1000) / ms), client_cpu_us_job };
  };
}

function percentiles(us) {
  const sorted = [...us].sort((a, b) => a - b);
  const at = (part) => rounded(sorted[Math.floor(sorted.length * part)]);
  return { p50_us: at(0.5), p90_us: at(0.9), p99_us: at(0.99), max_us: rounded(sorted.at(-1)) };
}

// --- a process seen from outside ---

function peakMb(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return rounded(Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024);
}

// Filling may need more memory than the workload does.
const resetPeak = (pid) => fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');

function cpuSeconds(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true) || socket.destroy());
    socket.on('error', () => resolve(false));
  });
}

async function untilListening(port) {
  for (let i = 0; i < 200; i++) {
    if (await listens(port)) return;
    await sleep(50);
  }
  throw new Error('the server does not listen');
}

// --- child processes ---

const children = new Set();

// A program that is not there has no process id; to kill it would kill all of our own process group.
function owned(child, name) {
  child.once('error', () => {});
  if (child.pid === undefined) throw new Error(`${name} cannot be started`);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

// By process id, and only what was started here.
async function stopAll() {
  for (const child of children) child.kill('SIGTERM');
  for (let i = 0; i < 100 && children.size > 0; i++) await sleep(50);
  for (const child of children) child.kill('SIGKILL');
}

const ownCommand = (step, context) => [process.execPath, process.argv[1], '--step', step, JSON.stringify(context)];

// One step in a process of its own, which prints its result as JSON.
function inChild(peer, step, context) {
  const [program, ...args] = (peer.command ?? ownCommand)(step, context);
  return new Promise((resolve, reject) => {
    const child = owned(spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] }), program);
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`${step} failed`))));
  });
}

async function runStep(peer, step, context) {
  const workload = peer.workloads[context.workload];
  const result = step === 'fill' ? await peer.fill(context, workload.fill) : await workload.run(context);
  fs.writeSync(1, JSON.stringify({ ...result, client_peak_mb: peakMb(process.pid) }));
  process.exit(0); // peers keep timers and connections open: there is nothing to wait for
}

// --- one repetition ---

async function repetition(peer, context) {
  const started = peer.startServer?.(context);
  const server = started ? owned(started, `the server of ${peer.name}`).pid : 0;
  if (server) await untilListening(context.port);
  if (peer.workloads[context.workload].fill) await inChild(peer, 'fill', context);
  if (server) resetPeak(server);
  const cpuBefore = server && cpuSeconds(server);
  const result = await inChild(peer, 'measure', context);
  return {
    peer: peer.name,
    mode: context.mode,
    workload: context.workload,
    ...result,
    server_peak_mb: server && peakMb(server),
    server_cpu_us_job: server && rounded(((cpuSeconds(server) - cpuBefore) * 1e6) / result.n),
  };
}

function contextOf(peer) {
  const { values, positionals } = parseArgs({ options: { jobs: { type: 'string' } }, allowPositionals: true });
  const [mode, workload = ''] = positionals;
  const known = peer.modes.includes(mode) && Object.hasOwn(peer.workloads, workload);
  const jobs = known && Number(values.jobs ?? peer.workloads[workload].jobs);
  const names = Object.keys(peer.workloads).join('|');
  if (!(jobs > 0)) throw new Error(`usage: ${peer.modes.join('|')} ${names} [--jobs N]`);
  return { mode, workload, jobs };
}

// peer: {name, modes, workloads: {NAME: {jobs, run, fill?}}, fill(context, options), startServer?(context), command?}.
// A server that is there already is named by the variable BENCH_DATABASE.
// With command(step, context) another program does what run and fill would do here.
async function main(peer) {
  if (process.argv[2] === '--step') return runStep(peer, process.argv[3], JSON.parse(process.argv[4]));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `cofila-${peer.name}.`));
  const cleanUp = async () => {
    await stopAll();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cleanUp().then(() => process.exit(130)));
  try {
    const context = { ...contextOf(peer), folder, port: await freePort(), url: process.env.BENCH_DATABASE };
    console.log(JSON.stringify(await repetition(peer, context)));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    await cleanUp();
  }
}

module.exports = { main, payload, percentiles, sleep, stopwatch };
