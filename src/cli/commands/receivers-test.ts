import * as z from 'zod';
import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { findReceiver } from '../client/receiver-resource.ts';
import { pathTo } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';

const Answer = z.looseObject({
  outcome: z.string().nullish(),
  message: z.string().nullish(),
  from: z.number().nullish(),
  to: z.number().nullish(),
});

/** Asks what a trigger would do now; nothing is changed. @throws CliError */
export async function testCommand(
  nameOrId: string,
  options: ConnectionOptions & { readonly json?: true },
  context: CliContext,
): Promise<void> {
  const client = connectToService(options, context);
  const receiver = await findReceiver(client, nameOrId);
  const answer = await client.call('POST', pathTo('receivers', receiver.id), {
    query: { action: 'test' },
    body: {},
  });
  if (options.json) {
    context.print(JSON.stringify(answer, undefined, 2));
    return;
  }
  const { outcome, message, from, to } = Answer.parse(answer ?? {});
  const step = typeof from === 'number' && typeof to === 'number' ? ` ${String(from)} -> ${String(to)}` : '';
  context.print(
    `${receiver.name}: ${outcome ?? 'tested'}${step}${message ? `: ${message}` : ''} (nothing was changed)`,
  );
}
