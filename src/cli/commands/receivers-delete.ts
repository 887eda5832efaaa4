import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { findReceiver } from '../client/receiver-resource.ts';
import { pathTo } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';

/** Deletes the receiver with this name or id. @throws CliError */
export async function deleteCommand(nameOrId: string, options: ConnectionOptions, context: CliContext): Promise<void> {
  const client = connectToService(options, context);
  const receiver = await findReceiver(client, nameOrId);
  await client.call('DELETE', pathTo('receivers', receiver.id));
  context.print(`deleted ${receiver.name} (${receiver.id})`);
}
