import type { Command } from 'commander';
import { withConnectionOptions } from '../client/connection-options.ts';
import type { CliContext } from '../context.ts';
import type { ConnectionOptions } from '../client/connection-options.ts';
import type { ListExecutionsOptions, ShowExecutionOptions } from './executions-read.ts';

/** `executions list | show | retry | cancel`. */
export function addExecutionCommands(program: Command, context: CliContext): void {
  const executions = program.command('executions').description('read the history of triggers, and act on it');
  withConnectionOptions(executions.command('list').description('list executions, the newest first'))
    .option('--receiver <name-or-id>', 'only those of one receiver')
    .option('--outcome <outcome>', 'only those with this outcome, as scaled or failed')
    .option('--state <state>', 'only those in this state: waiting, under-way or finished')
    .option('--limit <n>', 'how many', '20')
    .option('--json', 'print what the API answers')
    .action(async (options: ListExecutionsOptions) => {
      await (await import('./executions-read.ts')).listExecutions(options, context);
    });
  withConnectionOptions(executions.command('show <id>').description('show one execution with its items and attempts'))
    .option('--json', 'print what the API answers')
    .action(async (id: string, options: ShowExecutionOptions) => {
      await (await import('./executions-read.ts')).showExecution(id, options, context);
    });
  withConnectionOptions(
    executions.command('retry <id>').description('ask once more for what an execution was asked for, as a new one'),
  ).action(async (id: string, options: ConnectionOptions) => {
    await (await import('./executions-act.ts')).retryExecution(id, options, context);
  });
  withConnectionOptions(
    executions.command('cancel <id>').description('end an execution of which nothing was begun'),
  ).action(async (id: string, options: ConnectionOptions) => {
    await (await import('./executions-act.ts')).cancelExecution(id, options, context);
  });
}
