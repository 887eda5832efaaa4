import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { configOf, findReceiver } from '../client/receiver-resource.ts';
import { pathTo } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';

/** Prints what the receiver does and makes it the service's own. The service asks Rancher whether the caller may do by hand what it does. @throws CliError */
export async function adoptCommand(nameOrId: string, options: ConnectionOptions, context: CliContext): Promise<void> {
  const client = connectToService(options, context);
  const receiver = await findReceiver(client, nameOrId);
  if (receiver['provenance'] === 'ours') {
    context.print(`${receiver.name} (${receiver.id}) is the service's own already; nothing was changed`);
    return;
  }
  context.print(`${receiver.name}: ${receiver.driver} ${JSON.stringify(configOf(receiver))}`);
  await client.call('POST', pathTo('receivers', receiver.id), { query: { action: 'adopt' }, body: {} });
  context.print(`adopted ${receiver.name} (${receiver.id})`);
}
