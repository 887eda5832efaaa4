import { startService } from '../../src/cli/service.ts';
import type { ServiceConfig } from '../../src/config/config.ts';
import type { Timing } from '../../src/executions/timing.ts';

/** What the parent process asks for, as JSON in the first argument. */
export interface Doom {
  readonly config: ServiceConfig;
  readonly timing: Partial<Timing>;
  /** The step at which the process kills itself, and at which occurrence of it (from 1). */
  readonly dieAt?: { readonly step: string; readonly occurrence: number };
}

// A process of its own: the real service that dies by SIGKILL, without a chance to tidy up, at a named step.
const { config, timing, dieAt } = JSON.parse(process.argv[2] ?? '') as Doom;
let seen = 0;
const service = await startService(config, {
  timing,
  reached(step) {
    if (step !== dieAt?.step) return;
    seen += 1;
    if (seen === dieAt.occurrence) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(`listening ${String(service.port)}\n`);
process.on('SIGTERM', () => void service.close().then(() => process.exit(0)));
