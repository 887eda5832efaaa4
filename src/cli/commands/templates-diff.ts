import type { CliContext, ExitCode } from '../context.ts';
import { describeFinding, describeHandOver, describeUnnamed } from '../templates/describe-hand-over.ts';
import { withHandOver, type HandOverOptions } from '../templates/hand-over.ts';

/**
 * Prints what `apply` and `prune` would do, and what Rancher lacks; changes nothing. Exit code 1 when Rancher lacks something
 * without which `apply` refuses. @throws CliError, ConfigurationError, ServiceError
 */
export async function diffTemplates(options: HandOverOptions, context: CliContext): Promise<ExitCode> {
  return withHandOver(options, context, async (handOver) => {
    const { findings } = handOver;
    const lines = [
      ...findings.map(describeFinding),
      ...describeHandOver(handOver),
      ...describeUnnamed(handOver),
      'nothing was changed',
    ];
    for (const line of lines) context.print(line);
    return findings.some(({ state }) => state === 'failed') ? 1 : 0;
  });
}
