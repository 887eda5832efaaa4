import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { pathTo } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';
import { parseExecution } from './executions-read.ts';

/** Asks once more for what an execution was asked for, as a new one, and prints what became of that. @throws CliError */
export async function retryExecution(id: string, options: ConnectionOptions, context: CliContext): Promise<void> {
  const made = await act(id, 'retry', options, context);
  context.print(
    `${id} is retried as ${made.id}: ${made.outcome ?? 'accepted'}${made.message ? `, ${made.message}` : ''}`,
  );
}

/** Ends an execution of which nothing was begun. @throws CliError */
export async function cancelExecution(id: string, options: ConnectionOptions, context: CliContext): Promise<void> {
  await act(id, 'cancel', options, context);
  context.print(`cancelled ${id}; nothing was sent`);
}

async function act(id: string, action: string, options: ConnectionOptions, context: CliContext) {
  const client = connectToService(options, context);
  return parseExecution(await client.call('POST', pathTo('executions', id), { query: { action }, body: {} }));
}
