#!/usr/bin/env node
import { currentEnvironment } from './config/environment.ts';
import type { CliContext } from './cli/context.ts';
import { createOutput } from './cli/output.ts';
import { runCommandLine } from './cli/program.ts';

const output = createOutput(process.stdout, process.stderr);
const context: CliContext = {
  environment: currentEnvironment(),
  print: (line) => output.print(line),
  printError: (line) => output.printError(line),
  onSignal(callback) {
    process.on('SIGINT', callback).on('SIGTERM', callback);
    return () => void process.off('SIGINT', callback).off('SIGTERM', callback);
  },
  startService: async (config) => (await import('./cli/service.ts')).startService(config),
  startSandbox: async (options) => (await import('./cli/started-sandbox.ts')).startDemoSandbox(options),
};

const exitCode = await output.finish(await runCommandLine(process.argv.slice(2), context));
// A second signal, or what did not close in time, must not keep the program alive; what was printed is written first.
process.stderr.write('', () => process.exit(exitCode));
