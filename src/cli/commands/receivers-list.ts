import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { configOf, listReceivers, type ReceiverResource } from '../client/receiver-resource.ts';
import type { CliContext } from '../context.ts';
import { formatTable } from '../table.ts';

interface ListOptions extends ConnectionOptions {
  readonly showUrls?: true;
  readonly json?: true;
}

/** Prints the project's receivers. @throws CliError */
export async function listCommand(options: ListOptions, context: CliContext): Promise<void> {
  const receivers = await listReceivers(connectToService(options, context));
  if (options.json) {
    context.print(JSON.stringify(receivers, undefined, 2));
    return;
  }
  if (receivers.length === 0) {
    context.print('no receivers yet; "receivers create" makes one');
    return;
  }
  const urls = options.showUrls === true;
  const rows = receivers.map((receiver) => [
    receiver.id,
    receiver.name,
    receiver.driver,
    describeState(receiver),
    describeConfig(receiver),
    ...(urls ? [receiver.url ?? ''] : []),
  ]);
  context.print(formatTable(['ID', 'NAME', 'DRIVER', 'STATE', 'CONFIG', ...(urls ? ['URL'] : [])], rows));
}

/** What waits for an adoption says so: nothing else in the list would. */
function describeState({ state, provenance }: ReceiverResource): string {
  return `${state ?? ''}${provenance === 'unverified' ? ' (unverified)' : ''}`;
}

function describeConfig(receiver: ReceiverResource): string {
  if (receiver.state === 'error') return receiver.transitioningMessage ?? '';
  return Object.entries(configOf(receiver))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
