#!/usr/bin/env node
import { currentEnvironment } from './config/environment.ts';
import type { CliContext } from './cli/context.ts';
import { runCommandLine } from './cli/program.ts';

const context: CliContext = {
  environment: currentEnvironment(),
  print: (line) => void process.stdout.write(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
  onSignal(callback) {
    process.on('SIGINT', callback).on('SIGTERM', callback);
    return () => void process.off('SIGINT', callback).off('SIGTERM', callback);
  },
  startService: async (config) => (await import('./cli/service.ts')).startService(config),
  startSandbox: async (options) => (await import('./cli/started-sandbox.ts')).startDemoSandbox(options),
};

const exitCode = await runCommandLine(process.argv.slice(2), context);
// A second signal, or what did not close in time, must not keep the program alive; what was printed is written first.
process.stdout.write('', () => process.exit(exitCode));
