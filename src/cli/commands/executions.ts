import type { Command } from 'commander';
import { withConnectionOptions } from '../client/connection-options.ts';
import type { CliContext } from '../context.ts';
import type { ListExecutionsOptions, ShowExecutionOptions } from './executions-read.ts';

/** `executions list | show`. */
export function addExecutionCommands(program: Command, context: CliContext): void {
  const executions = program.command('executions').description('read the history of triggers');
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
}
