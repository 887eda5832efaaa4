import fc from 'fast-check';
import type { Fault } from '../../../src/sandbox/faults.ts';

/** One thing that happens, `afterMs` after the one before it. */
export type Happening =
  | {
      readonly kind: 'trigger';
      readonly afterMs: number;
      readonly replica: number;
      readonly action: 'up' | 'down';
      readonly amount: number;
      readonly min: number;
      readonly max: number;
      readonly onLimit: 'reject' | 'clamp';
      /** The same event may be told several times. */
      readonly event: number | null;
    }
  | { readonly kind: 'fault'; readonly afterMs: number; readonly method: 'GET' | 'PUT'; readonly fault: Fault }
  /** Dies without a word and is started again. */
  | { readonly kind: 'crash'; readonly afterMs: number; readonly replica: number; readonly downMs: number };

/** A quiet moment in which somebody may set the scale by hand, and what happens after it. */
interface Phase {
  readonly byHand: number | null;
  readonly happenings: readonly Happening[];
}

export interface Schedule {
  readonly engine: 'sqlite' | 'postgres';
  readonly replicas: number;
  readonly start: number;
  readonly phases: readonly Phase[];
}

const afterMs = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 400 }));
const when = fc.constantFrom('before-acting' as const, 'after-acting' as const);
const replica = fc.integer({ min: 0, max: 2 });

const trigger: fc.Arbitrary<Happening> = fc
  .record({
    kind: fc.constant('trigger' as const),
    afterMs,
    replica,
    action: fc.constantFrom('up' as const, 'up' as const, 'down' as const),
    amount: fc.integer({ min: 1, max: 3 }),
    min: fc.integer({ min: 0, max: 3 }),
    room: fc.integer({ min: 1, max: 12 }),
    onLimit: fc.constantFrom('reject' as const, 'clamp' as const),
    event: fc.option(fc.integer({ min: 0, max: 2 }), { freq: 3 }),
  })
  .map(({ room, ...rest }) => ({ ...rest, max: rest.min + room }));

const fault: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('fault' as const),
  afterMs,
  method: fc.constantFrom('PUT' as const, 'PUT' as const, 'PUT' as const, 'GET' as const),
  fault: fc.oneof<fc.Arbitrary<Fault>[]>(
    fc.record({ kind: fc.constant('reset' as const), when }),
    fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(500, 503), when }),
    fc.constant({ kind: 'conflict' as const }),
    fc.record({ kind: fc.constant('delay' as const), ms: fc.integer({ min: 20, max: 300 }), when }),
    fc.record({ kind: fc.constant('late' as const), afterMs: fc.integer({ min: 20, max: 500 }) }),
    fc.constant({ kind: 'hang' as const }),
  ),
});

const crash: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('crash' as const),
  afterMs,
  replica,
  downMs: fc.integer({ min: 0, max: 100 }),
});

const happening = fc.oneof(
  { weight: 6, arbitrary: trigger },
  { weight: 3, arbitrary: fault },
  { weight: 1, arbitrary: crash },
);

/** Triggers, faults, crashes and hands on one service, served by one to three replicas. */
export const anySchedule: fc.Arbitrary<Schedule> = fc
  .record({
    engine: fc.constantFrom('sqlite' as const, 'postgres' as const),
    replicas: fc.integer({ min: 1, max: 3 }),
    start: fc.integer({ min: 0, max: 6 }),
    phases: fc.array(
      fc.record({
        byHand: fc.option(fc.integer({ min: 0, max: 8 }), { freq: 2 }),
        happenings: fc.array(happening, { minLength: 1, maxLength: 14 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  })
  // Only one process can have a SQLite file.
  .map((schedule) => (schedule.engine === 'sqlite' ? { ...schedule, replicas: 1 } : schedule));
