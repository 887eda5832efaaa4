'use strict';

// cdktf-cli starts terraform in a pseudo-terminal from a native module of 161 MB that has no binary for Node 24, none
// for Node 22 on ARM or Windows, and an install script that downloads or compiles. Terraform itself asks and answers over
// pipes just as well, so npm is given this package under that name: as a workspace it satisfies the CLI's dependency.

const { spawn: spawnChild } = require('node:child_process');

const interrupt = '\u0003';

/**
 * The part of the pseudo-terminal contract that cdktf-cli 0.21 uses (`@cdktf/cli-core`, models/pty-process): text of both
 * streams in one, keystrokes in, Ctrl+C as an interrupt, the exit code at the end (127 when the program is not there).
 */
exports.spawn = function spawn(file, args, options) {
  const child = spawnChild(file, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
  const dataListeners = [];
  const exitListeners = [];
  let exited = false;

  const emitData = (text) => dataListeners.forEach((listener) => listener(text));
  const emitExit = (exitCode) => {
    if (exited) return;
    exited = true;
    exitListeners.forEach((listener) => listener({ exitCode }));
  };

  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', emitData);
  }
  // Terraform may end before the answer to its question is written; that is its exit code's business, not a crash of the CLI.
  child.stdin.on('error', () => {});
  child.on('error', (error) => {
    emitData(`${error.message}\n`);
    emitExit(127);
  });
  child.on('close', (exitCode) => emitExit(exitCode ?? 1));

  return {
    pid: child.pid,
    onData: (listener) => dataListeners.push(listener),
    onExit: (listener) => exitListeners.push(listener),
    write: (text) => (text === interrupt ? child.kill('SIGINT') : child.stdin.write(text)),
    kill: (signal) => child.kill(signal),
  };
};
