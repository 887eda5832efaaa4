import { startService } from '../../../src/cli/service.ts';
import type { ServiceConfig } from '../../../src/config/config.ts';
import type { Timing } from '../../../src/executions/timing.ts';
import type { Death } from './deaths.ts';

/** What the parent process asks for, as JSON in the first argument. */
export interface Doom {
  readonly config: ServiceConfig;
  readonly timing: Partial<Timing>;
  readonly dieAt?: Death;
  /** Where it stops itself (SIGSTOP) once, right after it has looked at its clock for the last time before the bytes leave. */
  readonly stopBeforeSending?: boolean;
}

// A process of its own: the real service that dies by SIGKILL, without a chance to tidy up, at a named step.
const { config, timing, dieAt, stopBeforeSending = false } = JSON.parse(process.argv[2] ?? '') as Doom;
let seen = 0;
let isToStop = stopBeforeSending;
const service = await startService(config, {
  timing,
  mayForwardTo: async () => true,
  reached(step) {
    if (step === 'sending' && isToStop) stopAfterNextLookAtClock();
    if (step !== dieAt?.step) return;
    seen += 1;
    if (seen === dieAt.occurrence) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(`listening ${String(service.port)}\n`);
process.on('SIGTERM', () => void service.close().then(() => process.exit(0)));

function stopAfterNextLookAtClock(): void {
  isToStop = false;
  const look = performance.now.bind(performance);
  performance.now = () => {
    const seenMs = look();
    performance.now = look;
    process.kill(process.pid, 'SIGSTOP');
    return seenMs;
  };
}
