import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { prune } from '../templates/carry-out.ts';
import { withHandOver, type HandOverOptions } from '../templates/hand-over.ts';

/**
 * Removes templates that were made from earlier outputs of the same installation of infra and that the outputs no longer
 * name; one that a receiver or a host uses stays, and why is printed. @throws CliError, ConfigurationError, ServiceError
 */
export async function pruneTemplates(options: HandOverOptions, context: CliContext): Promise<void> {
  await withHandOver(options, context, async (handOver) => {
    if (handOver.templates.length === 0) {
      throw new CliError(
        `${options.from}: it names no template, so nothing tells which ones in Rancher are its own; remove them there by hand`,
      );
    }
    const count = await prune(handOver, (line) => context.print(line));
    context.print(count === 0 ? 'nothing was removed' : `${String(count)} removed`);
  });
}
