import { readFileSync } from 'node:fs';
import { CliError } from '../cli-error.ts';
import { bodyOf, describeStep, planApply, refusalOf, type Step } from '../client/apply-plan.ts';
import { connectToService, type ConnectionOptions } from '../client/connection-options.ts';
import { readReceivers, type ReceiverFile } from '../client/receiver-file.ts';
import { listReceivers, madeSecrets, parseReceiver, type ReceiverResource } from '../client/receiver-resource.ts';
import { pathTo, type ServiceClient } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';
import { findSystemError } from '../system-errors.ts';

export interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: true;
}

/** Prints how the file differs from what there is, then creates and edits; what the file does not name stays. @throws CliError */
export async function applyCommand(options: ConnectionOptions & ApplyOptions, context: CliContext): Promise<void> {
  const client = connectToService(options, context);
  const file = readReceivers(readBytes(options.file), options.file === '-' ? 'standard input' : options.file);
  const steps = planApply(file.receivers, await listReceivers(client));
  requirePossible(steps, file);
  for (const step of steps) {
    context.print(describeStep(step));
    if (options.dryRun) continue;
    const changed = await carryOut(step, client);
    for (const secret of changed === undefined ? [] : madeSecrets(changed)) {
      context.print(`    its secret, shown only now: ${secret}`);
    }
  }
  const count = (kind: Step['kind']): string => String(steps.filter((step) => step.kind === kind).length);
  const tense = options.dryRun ? 'nothing was changed; it would be' : 'done';
  context.print(`${tense}: ${count('create')} created, ${count('edit')} edited, ${count('keep')} unchanged`);
}

/**
 * What the service would refuse is said before anything is applied: its answer names no line, and comes in the middle of the file.
 * @throws CliError with a line for each entry
 */
function requirePossible(steps: readonly Step[], file: ReceiverFile): void {
  const complaints = steps.flatMap((step, index) => {
    const refusal = refusalOf(step);
    if (refusal === undefined) return [];
    const [first = '', ...rest] = refusal.field.split('.');
    const field = first === `${step.spec.driver}Config` ? 'config' : first;
    return [`${file.placeOf(['receivers', index, field, ...rest])}: ${refusal.message}`];
  });
  if (complaints.length > 0) throw new CliError(complaints.join('\n'));
}

async function carryOut(step: Step, client: ServiceClient): Promise<ReceiverResource | undefined> {
  try {
    switch (step.kind) {
      case 'create': {
        const created = parseReceiver(await client.call('POST', '/receivers', { body: bodyOf(step.spec) }));
        if (step.spec.state === 'paused') await act(client, created.id, 'pause');
        return created;
      }
      case 'edit': {
        const path = pathTo('receivers', step.current.id);
        const isEdited = step.differences.some(({ field }) => field !== 'state');
        const edited = isEdited
          ? parseReceiver(await client.call('PUT', path, { body: bodyOf(step.spec, step.current) }))
          : undefined;
        const state = step.differences.find(({ field }) => field === 'state');
        if (state) await act(client, step.current.id, state.to === 'paused' ? 'pause' : 'resume');
        return edited;
      }
      case 'keep':
        return undefined;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `${step.spec.name}: ${reason}; what is listed above it was applied, apply again when it is put right`,
      {
        cause: error,
      },
    );
  }
}

async function act(client: ServiceClient, id: string, action: 'pause' | 'resume'): Promise<void> {
  await client.call('POST', pathTo('receivers', id), { query: { action }, body: {} });
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    const reason = findSystemError(error)?.code ?? 'unknown reason';
    throw new CliError(`the file "${file}" cannot be read (${reason}); name one that "receivers export" wrote`, {
      cause: error,
    });
  }
}
