import { stringify } from 'yaml';
import * as z from 'zod';
import { CliError, usageError } from '../cli-error.ts';
import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { findReceiver } from '../client/receiver-resource.ts';
import { pathTo } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';
import { formatTable } from '../table.ts';

export interface ListExecutionsOptions extends ConnectionOptions {
  readonly receiver?: string;
  readonly outcome?: string;
  readonly state?: string;
  readonly limit: string;
  readonly json?: true;
}

export interface ShowExecutionOptions extends ConnectionOptions {
  readonly json?: true;
}

const ExecutionResource = z.looseObject({
  id: z.string(),
  receiverName: z.string().nullish(),
  state: z.string().nullish(),
  outcome: z.string().nullish(),
  message: z.string().nullish(),
  from: z.number().nullish(),
  to: z.number().nullish(),
  acceptedAt: z.string().nullish(),
});

/** Prints the history, the newest first. @throws CliError */
export async function listExecutions(options: ListExecutionsOptions, context: CliContext): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) {
    throw usageError(`--limit "${options.limit}" is not a whole number above 0; write it as --limit 20`);
  }
  const client = connectToService(options, context);
  const receiver = options.receiver === undefined ? undefined : await findReceiver(client, options.receiver);
  const query = {
    limit: String(Math.min(limit, 100)),
    receiverId: receiver?.id,
    outcome: options.outcome,
    state: options.state,
  };
  const executions = (await client.list('/executions', query, limit)).map(parseExecution);
  if (options.json) {
    context.print(JSON.stringify(executions, undefined, 2));
    return;
  }
  if (executions.length === 0) {
    context.print('no executions');
    return;
  }
  const rows = executions.map((execution) => [
    execution.id,
    execution.acceptedAt ?? '',
    execution.receiverName ?? '',
    execution.outcome ?? execution.state ?? '',
    typeof execution.from === 'number' && typeof execution.to === 'number'
      ? `${String(execution.from)} -> ${String(execution.to)}`
      : '',
    execution.message ?? '',
  ]);
  context.print(formatTable(['ID', 'ACCEPTED', 'RECEIVER', 'OUTCOME', 'CHANGE', 'MESSAGE'], rows));
}

/** Prints one execution whole. @throws CliError */
export async function showExecution(id: string, options: ShowExecutionOptions, context: CliContext): Promise<void> {
  const client = connectToService(options, context);
  const execution = parseExecution(await client.call('GET', pathTo('executions', id)));
  if (options.json) {
    context.print(JSON.stringify(execution, undefined, 2));
    return;
  }
  const shown = Object.entries(execution).filter(([name]) => !['links', 'actions', 'type'].includes(name));
  context.print(stringify(Object.fromEntries(shown)).trimEnd());
}

/** @throws CliError when the answer is something else. */
export function parseExecution(answer: unknown): z.infer<typeof ExecutionResource> {
  const parsed = ExecutionResource.safeParse(answer);
  if (!parsed.success) throw new CliError('the answer is not an execution; does --url name this service?');
  return parsed.data;
}
