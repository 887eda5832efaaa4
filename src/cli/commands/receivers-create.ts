import { parse, YAMLParseError } from 'yaml';
import { usageError } from '../cli-error.ts';
import { bodyOf } from '../client/apply-plan.ts';
import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { reasonOf } from '../client/receiver-file.ts';
import { madeSecrets, parseReceiver } from '../client/receiver-resource.ts';
import type { CliContext } from '../context.ts';

export interface CreateOptions extends ConnectionOptions {
  readonly driver: string;
  readonly set?: readonly string[];
  readonly format?: string;
  readonly signature?: string;
  readonly json?: true;
}

/** Makes one receiver and prints its trigger URL. @throws CliError */
export async function createCommand(name: string, options: CreateOptions, context: CliContext): Promise<void> {
  const config = Object.fromEntries((options.set ?? []).map(readAssignment));
  const client = connectToService(options, context);
  const body = bodyOf({
    name,
    driver: options.driver,
    config,
    ...(options.format !== undefined && { format: options.format }),
    ...(options.signature !== undefined && { signature: { kind: options.signature } }),
  });
  const answer = await client.call('POST', '/receivers', { body });
  const receiver = parseReceiver(answer);
  if (options.json) {
    context.print(JSON.stringify(answer, undefined, 2));
    return;
  }
  context.print(`created ${receiver.name} (${receiver.id}); whoever knows this URL may trigger it:`);
  context.print(receiver.url ?? '(the service does not show the URL to you)');
  for (const secret of madeSecrets(receiver))
    context.print(`and it must prove who it is with this secret, shown only now: ${secret}`);
}

/** `amount=1` is a number, `action=up` a text, `hostSelector={tier: web}` a map: values are read as YAML. */
function readAssignment(text: string): readonly [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`--set "${text}" has no value; write it as --set amount=1`);
  try {
    return [text.slice(0, at), parse(text.slice(at + 1))];
  } catch (error) {
    const reason = error instanceof YAMLParseError ? reasonOf(error) : 'it is no YAML';
    throw usageError(`--set "${text}" cannot be read: ${reason}`);
  }
}
