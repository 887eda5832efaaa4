import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';

/** What is asked for at each scrape; each may fail, and then its figure is absent from that scrape. */
export interface MetricSources {
  unfinished(): Promise<{ readonly count: number; readonly oldestAgeMs?: number }>;
  /** Receivers by what can be done with them. */
  receivers(): Promise<Readonly<Record<ReceiverState, number>>>;
  /** The checks of `/readyz`. */
  checks(): Promise<readonly { readonly name: string; readonly state: 'ok' | 'warning' | 'failed' }[]>;
}

const receiverStates = ['active', 'paused', 'unusable'] as const;
type ReceiverState = (typeof receiverStates)[number];

/** How an attempt to carry out a change ended. */
export type AttemptResult = 'done' | 'under-way' | 'superseded' | 'failed' | 'dropped' | 'in-doubt' | 'not-read';

/** Told what happens; every label is of a closed set, so nobody outside can make the set of series grow. */
export interface Metrics {
  /** A trigger was answered; `accepted`: it is stored and not finished yet. */
  triggered(trigger: {
    readonly driver: string;
    readonly format: string;
    readonly outcome: Outcome | 'accepted';
  }): void;
  /** A call of a trigger URL that was not accepted. */
  refused(code: ErrorCode): void;
  /** From acceptance to the end. */
  executionEnded(outcome: Outcome, seconds: number): void;
  attempted(result: AttemptResult): void;
  /** A lane's holder took everything that waited there. */
  roundOpened(round: { readonly waitedMs: readonly number[] }): void;
  rancherCalled(call: { readonly operation: string; readonly code: string; readonly ms: number }): void;
  readonly contentType: string;
  /** The text of `/metrics`. */
  read(): Promise<string>;
}

const prefix = 'receiver_hooks_';

/** The metrics of one running service, on a registry of their own. */
export function createMetrics(version: string, sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const triggers = new Counter({
    name: `${prefix}triggers_total`,
    help: 'Triggers answered, by driver, format and outcome (accepted: stored, not finished when answered)',
    labelNames: ['driver', 'format', 'outcome'],
    registers,
  });
  const refused = new Counter({
    name: `${prefix}triggers_refused_total`,
    help: 'Calls of a trigger URL that were not accepted, by error code',
    labelNames: ['code'],
    registers,
  });
  const executions = new Histogram({
    name: `${prefix}execution_seconds`,
    help: 'From the acceptance of a trigger to its end, by outcome',
    labelNames: ['outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 60, 300, 1_800],
    registers,
  });
  const attempts = new Counter({
    name: `${prefix}attempts_total`,
    help: 'Attempts to carry out a change, by how each ended',
    labelNames: ['result'],
    registers,
  });
  const depth = new Histogram({
    name: `${prefix}lane_depth`,
    help: 'Triggers that waited on a target when a round began',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000],
    registers,
  });
  const wait = new Histogram({
    name: `${prefix}lane_wait_seconds`,
    help: 'How long a trigger waited on its target before a round took it',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 600],
    registers,
  });
  const rancherCalls = new Histogram({
    name: `${prefix}rancher_call_seconds`,
    help: 'Calls to Rancher, by operation and result',
    labelNames: ['operation', 'code'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  new Gauge({
    name: `${prefix}build_info`,
    help: 'Always 1; the version of the service and of Node',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1);
  for (const gauge of scrapedGauges(sources)) registry.registerMetric(gauge);

  return {
    triggered: (labels) => triggers.inc(labels),
    refused: (code) => refused.inc({ code }),
    executionEnded: (outcome, seconds) => executions.observe({ outcome }, seconds),
    attempted: (result) => attempts.inc({ result }),
    roundOpened({ waitedMs }) {
      depth.observe(waitedMs.length);
      for (const ms of waitedMs) wait.observe(Math.max(0, ms) / 1000);
    },
    rancherCalled: ({ operation, code, ms }) => rancherCalls.observe({ operation, code }, ms / 1000),
    contentType: registry.contentType,
    read: () => registry.metrics(),
  };
}

/** A figure that cannot be had is left out: an old one would look as if all were well, and the other figures matter most just then. */
function scrapedGauges(sources: MetricSources): readonly Gauge[] {
  return [
    new Gauge({
      name: `${prefix}unfinished_executions`,
      help: 'Executions that are accepted and not finished',
      registers: [],
      async collect() {
        this.remove();
        await sources.unfinished().then(
          ({ count }) => this.set(count),
          () => undefined,
        );
      },
    }),
    new Gauge({
      name: `${prefix}oldest_unfinished_execution_seconds`,
      help: 'Age of the oldest execution that is not finished; 0 when there is none',
      registers: [],
      async collect() {
        this.remove();
        await sources.unfinished().then(
          ({ oldestAgeMs = 0 }) => this.set(oldestAgeMs / 1000),
          () => undefined,
        );
      },
    }),
    new Gauge({
      name: `${prefix}receivers`,
      help: 'Receivers in the environments asked for so far, by state',
      labelNames: ['state'],
      registers: [],
      async collect() {
        this.reset();
        await sources.receivers().then(
          (counts) => {
            for (const state of receiverStates) this.set({ state }, counts[state]);
          },
          () => undefined,
        );
      },
    }),
    new Gauge({
      name: `${prefix}check_ok`,
      help: 'The checks of /readyz: 1 ok or warning, 0 failed',
      labelNames: ['check'],
      registers: [],
      async collect() {
        this.reset();
        await sources.checks().then(
          (checks) => {
            for (const { name, state } of checks) this.set({ check: name }, state === 'failed' ? 0 : 1);
          },
          () => undefined,
        );
      },
    }),
  ];
}
