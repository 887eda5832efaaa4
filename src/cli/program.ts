import { Command, CommanderError, Option } from 'commander';
import type { CliContext, ExitCode } from './context.ts';
import { addExecutionCommands } from './commands/executions.ts';
import { addReceiverCommands } from './commands/receivers.ts';
import { addTemplateCommands } from './commands/templates.ts';
import { explainError } from './report-error.ts';
import { readVersion } from './version.ts';

/**
 * Runs one command line (`serve`, `receivers list`, …) and resolves to the exit code: 0 done, 1 could not be done, 2 the
 * command line makes no sense. Never throws. Each command's code is loaded only when it is called, so that `serve` loads no sandbox.
 */
export async function runCommandLine(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = createProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { text, exitCode: code } = explainError(error);
    context.printError(text);
    return code;
  }
}

function createProgram(context: CliContext, ended: (code: ExitCode) => void): Command {
  const program = new Command('receiver-hooks')
    .description('Receiver hooks for Rancher: an HTTP call becomes a scaling step, counted exactly once')
    .version(readVersion(), '-V, --version', 'print the version')
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.print(text.trimEnd()),
      writeErr: (text) => context.printError(text.trimEnd()),
    });

  program
    .command('serve')
    .description('serve the Rancher that CATTLE_URL, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY name')
    .action(async () => ended(await (await import('./commands/serve.ts')).serve(context)));
  program
    .command('try')
    .description('try it: starts a sandbox with a demo service, or serves the Rancher that CATTLE_* name')
    .action(async () => ended(await (await import('./commands/try.ts')).tryOut(context)));
  program
    .command('sandbox')
    .description('start only the sandbox, an in-process Rancher 1.6')
    .action(async () => ended(await (await import('./commands/sandbox.ts')).sandbox(context)));
  program
    .command('doctor')
    .description('check the address, the key, the rights and the place for data; one line each, with the remedy')
    .addOption(new Option('--json', 'print the checks as JSON'))
    .addOption(
      new Option('--mint-environment-key', 'make an environment API key to create hosts with, and print it this once'),
    )
    .addOption(new Option('--compat', 'list the receivers of the old service that will act differently here'))
    .action(async (options: { json?: true; mintEnvironmentKey?: true; compat?: true }) =>
      ended(await (await import('./commands/doctor.ts')).doctor(context, options)),
    );
  addReceiverCommands(program, context);
  addExecutionCommands(program, context);
  addTemplateCommands(program, context, ended);
  return program;
}
