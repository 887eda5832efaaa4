import * as z from 'zod';
import { mostCooldownSeconds } from '../domain/scale-step.ts';
import { shown } from '../domain/shown.ts';
import type { Signal } from '../domain/signal.ts';
import type { ResourceField } from './driver.ts';

/** `problem` names the value in the old service's words; the bounds are added. */
const wholeNumber = (
  problem: (value: string) => string,
  { atLeast, atMost }: { readonly atLeast: number; readonly atMost: number },
) =>
  z.custom<number>(
    (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= atLeast && value <= atMost,
    {
      error: ({ input }) =>
        `${problem(given(input))} a whole number from ${String(atLeast)} to ${String(atMost)} is needed`,
    },
  );

/** A number left out was 0 for the old service, and its message says so. */
const given = (value: unknown): string => (value === undefined ? '0' : shown(value));

// Rancher itself accepts 3,000,000,000 containers (recording b_scale_huge); nobody means that.
const mostContainers = 100_000;
/** Receivers of the old service hold figures like 1,000,000 where their owner wanted no bound. */
const highestBound = 2 ** 31 - 1;

/** The lowest figure; below 1 only where a driver can come back from zero. */
export const minimumScale = ({ atLeast }: { readonly atLeast: 0 | 1 }) =>
  wholeNumber((value) => `Minimum scale not provided/invalid; ${value} is none,`, { atLeast, atMost: mostContainers });

/** The fields that both scaling drivers share, in the order in which the old service complains about them. */
export const scaleShape = {
  action: z.custom<'up' | 'down'>((value) => value === 'up' || value === 'down', {
    error: (issue) =>
      issue.input === undefined || issue.input === '' || issue.input === null
        ? 'Scale action not provided; use up or down'
        : `Invalid action ${typeof issue.input === 'string' ? issue.input : JSON.stringify(issue.input)}; use up or down`,
  }),
  amount: wholeNumber((value) => `Invalid amount: ${value};`, { atLeast: 1, atMost: mostContainers }),
  min: minimumScale({ atLeast: 1 }),
  max: wholeNumber((value) => `Maximum scale not provided/invalid; ${value} is none,`, {
    atLeast: 1,
    atMost: highestBound,
  }),
  onLimit: z
    .enum(['reject', 'clamp'], {
      error: (issue) => `Invalid onLimit ${JSON.stringify(issue.input)}; use reject or clamp`,
    })
    .default('reject'),
  // Absent stays absent: what the installation sets holds then, also when it is changed later.
  cooldownSeconds: wholeNumber((value) => `Invalid cooldownSeconds: ${value};`, {
    atLeast: 0,
    atMost: mostCooldownSeconds,
  }).optional(),
  amountFrom: z
    .enum(['config', 'sender'], {
      error: (issue) => `Invalid amountFrom ${JSON.stringify(issue.input)}; use config or sender`,
    })
    .default('config'),
};

/** What is said of a `max` that leaves no room above `min`; the old service's words first. */
export function notAbove({ min, max }: { readonly min: number; readonly max: number }): string {
  return `Max must be greater than min; max is ${String(max)} and min ${String(min)}`;
}

/** What the installation sets for scaling receivers that leave it out. */
export interface ScaleDefaults {
  /** 0 to `mostCooldownSeconds`; 0: none. */
  readonly cooldownSeconds: number;
}

/** Where the operator has set nothing. */
export const noScaleDefaults: ScaleDefaults = { cooldownSeconds: 0 };

/** What a signal and the installation may change about a receiver's step. */
interface SteppingConfig {
  readonly action: 'up' | 'down';
  readonly amount: number;
  readonly amountFrom: 'config' | 'sender';
  readonly cooldownSeconds?: number | undefined;
}

/**
 * The step that one signal asks of a receiver: an alarm that is over turns it round, the sender's amount counts where the
 * receiver lets it, and the installation's cooldown where it has none of its own. Everything else stays, `min`, `max` and
 * `onLimit` above all: no sender gets past the bounds.
 */
export function stepFor<Config extends SteppingConfig>(
  config: Config,
  signal: Signal,
  defaults: ScaleDefaults,
): Config & ScaleDefaults {
  const reversed = config.action === 'up' ? 'down' : 'up';
  return {
    ...config,
    action: signal.direction === 'reverse' ? reversed : config.action,
    amount: config.amountFrom === 'sender' ? (signal.amount ?? config.amount) : config.amount,
    cooldownSeconds: config.cooldownSeconds ?? defaults.cooldownSeconds,
  };
}

/** Their part of the API schema: the old service's fields as it describes them, and ours. */
export const scaleFields: Readonly<Record<string, ResourceField>> = {
  type: { type: 'string', create: true },
  action: { type: 'enum', create: true, update: true, options: ['up', 'down'] },
  amount: { type: 'int', create: true, update: true, min: 1 },
  min: { type: 'int', create: true, update: true, default: 1, min: 1 },
  max: { type: 'int', create: true, update: true, default: 100, min: 1 },
  onLimit: { type: 'enum', create: true, update: true, default: 'reject', options: ['reject', 'clamp'] },
  // No default: Rancher's UI page writes defaults into what it makes, and such a receiver would no longer follow the installation.
  cooldownSeconds: { type: 'int', create: true, update: true, min: 0, max: mostCooldownSeconds },
  amountFrom: { type: 'enum', create: true, update: true, default: 'config', options: ['config', 'sender'] },
};
