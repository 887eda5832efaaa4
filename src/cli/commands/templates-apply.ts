import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { carryOut } from '../templates/carry-out.ts';
import { describeFinding, describeHandOver, isUpToDate } from '../templates/describe-hand-over.ts';
import { readDriverSecret, type SecretOptions } from '../templates/driver-secret.ts';
import { withHandOver, type HandOverOptions } from '../templates/hand-over.ts';

export type ApplyTemplatesOptions = HandOverOptions & SecretOptions;

/**
 * Prints the differences, then makes Rancher and, when asked, the receivers as the outputs say. Applied again, it changes
 * nothing. @throws CliError, ConfigurationError, ServiceError
 */
export async function applyTemplates(options: ApplyTemplatesOptions, context: CliContext): Promise<void> {
  await withHandOver(options, context, async (handOver) => {
    const failures = handOver.findings.filter(({ state }) => state === 'failed');
    if (failures.length > 0) {
      throw new CliError(`${failures.map(describeFinding).join('\n')}\nnothing was changed`);
    }
    for (const finding of handOver.findings)
      if (finding.state === 'warning') context.printError(describeFinding(finding));
    for (const line of describeHandOver(handOver)) context.print(line);
    if (isUpToDate(handOver)) {
      context.print('nothing to change');
      return;
    }
    const readSecret = (): string => readDriverSecret(options, context.environment);
    const count = await carryOut(handOver, readSecret, (line) => context.print(line));
    context.print(`${String(count)} ${count === 1 ? 'change' : 'changes'}`);
    if (handOver.receiverSteps.some(({ kind }) => kind === 'create')) {
      context.print('"receivers list --show-urls" prints the trigger URLs');
    }
  });
}
