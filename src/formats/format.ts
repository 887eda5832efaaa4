import type * as z from 'zod';
import type { Signal } from '../domain/signal.ts';
import type { ParsedTrigger } from './parsed-trigger.ts';

/**
 * One sender's dialect: reads a body into a signal and nothing else. It does no I/O, knows no driver and picks no status.
 * One file each, registered in `formats.ts`; `docs/formats.md` has one row for each.
 */
export interface Format<Settings> {
  /** The file's name, the name in the API (`receiver.format`) and the label in metrics. */
  readonly id: string;
  /** What the body must be before `read` is called: anything else is PAYLOAD_MALFORMED. */
  readonly body: 'any' | 'json' | 'form';
  /** The receiver's `formatSettings` for this format; strict, so a misspelt setting is refused. */
  readonly Settings: z.ZodType<Settings>;
  /** Whether this body can only be from this sender. `auto` acts on such bodies and treats the rest as `generic`. */
  recognises(trigger: ParsedTrigger): boolean;
  /** @throws ServiceError PAYLOAD_MALFORMED naming the field that is missing or of the wrong type. */
  read(trigger: ParsedTrigger, settings: Settings): Signal;
}

/** A format as the list holds it; `read` is only ever given what its own `Settings` parsed. */
export type AnyFormat = Format<unknown>;
