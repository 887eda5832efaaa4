import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { writeReceivers } from '../client/receiver-document.ts';
import { listReceivers } from '../client/receiver-resource.ts';
import type { CliContext } from '../context.ts';

/** Prints every receiver of the project as YAML without keys. @throws CliError */
export async function exportCommand(options: ConnectionOptions, context: CliContext): Promise<void> {
  const receivers = await listReceivers(connectToService(options, context));
  context.print(writeReceivers(receivers).trimEnd());
}
