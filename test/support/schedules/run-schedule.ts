import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import fetch from 'node-fetch';
import type { Submission, Submitted } from '../../../src/executions/submission.ts';
import type { Timing } from '../../../src/executions/timing.ts';
import { connectRancher } from '../../../src/rancher/server.ts';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { openPostgresStore } from '../../../src/storage/postgres-store.ts';
import { openSqliteStore } from '../../../src/storage/sqlite-store.ts';
import type { Store } from '../../../src/storage/store.ts';
import type { StoredExecution } from '../../../src/storage/stored-execution.ts';
import { startMortalReplica, type MortalReplica } from './mortal-replica.ts';
import type { Happening, Schedule } from './schedule.ts';

/** Everything a hundredth as long, in the same proportions. */
const timing: Partial<Timing> & { readonly rancherTimeoutMs: number; readonly lateWriteMs: number } = {
  rancherTimeoutMs: 150,
  leaseMs: 500,
  // Not in proportion: a machine that stood still for half a minute is no fault of what is tried here.
  sendWithinMs: 100_000,
  lateWriteMs: 1_500,
  lookAgainMs: 25,
  answerWithinMs: 20_000,
  sweepEveryMs: 60,
  retryFirstMs: 10,
  retryLongestMs: 80,
  pollEveryMs: 60,
  followEveryMs: 500,
};
const longestLateMs = 600;
const quietWithinMs = 120_000;

/** Where schedules run: many at once on one Rancher, each with a service and a database of its own. */
export interface Stage {
  readonly sandbox: Sandbox;
  readonly directory: string;
  /** A fresh database's URL. */
  readonly createDatabase: () => Promise<string>;
}

type Trigger = Extract<Happening, { readonly kind: 'trigger' }>;

/** Runs one schedule to its end. @throws Error naming the invariant that does not hold */
export async function runSchedule(stage: Stage, schedule: Schedule): Promise<void> {
  const { sandbox } = stage;
  const serviceId = sandbox.addService({ projectId: '1a5', scale: schedule.start });
  const onService = new RegExp(`/services/${serviceId}$`);
  const scale = (): number => Number(sandbox.inspect(serviceId)?.['scale']);
  const server = connectRancher({
    url: sandbox.url,
    credentials: sandbox.project.keys.project,
    timeoutMs: timing.rancherTimeoutMs,
  });
  const rancher = server.project('1a5');
  const database = await openDatabase(stage, schedule);
  const replicas: MortalReplica[] = [];
  // One that crashes twice before it is back comes up twice.
  const all: MortalReplica[] = [];
  const comingUp: Promise<void>[] = [];
  const answered: Submitted[] = [];
  const storing: Promise<void>[] = [];
  const stores: Store[] = [];
  const start = async (index: number): Promise<void> => {
    const store = await database.connect();
    stores[index] = store;
    const replica = startMortalReplica({ store, rancher, timing });
    replicas[index] = replica;
    all.push(replica);
  };
  for (let index = 0; index < schedule.replicas; index += 1) await start(index);

  const make = async (happening: Happening): Promise<void> => {
    if (happening.afterMs > 0) await pause(happening.afterMs);
    if (happening.kind === 'fault') {
      sandbox.faults.add({ method: happening.method, path: onService, fault: happening.fault });
      return;
    }
    const index = happening.replica % schedule.replicas;
    const replica = replicas[index];
    if (happening.kind === 'trigger') {
      // Refused or broken off: the history says whether it was stored.
      const submitted = replica?.executions.submit(submission(serviceId, happening));
      submitted?.then(
        (one) => answered.push(one),
        () => undefined,
      );
      // One turn of the event loop later it is on its way to the store.
      if (replica !== undefined) storing.push(pause(1).then(() => replica.stored()));
      return;
    }
    const store = stores[index];
    if (replica !== undefined && store !== undefined) {
      replica.die();
      storing.push(replica.stored().then(() => database.disconnect(store)));
    }
    const comesUp = pause(happening.downMs).then(() => start(index));
    comingUp.push(comesUp);
    // Whoever has the only process waits for it; the others go on meanwhile.
    if (schedule.replicas === 1) await comesUp;
  };

  let expected = schedule.start;
  let counted = 0;
  try {
    for (const { byHand, happenings } of schedule.phases) {
      if (byHand !== null) {
        await setByHand(sandbox, serviceId, byHand);
        expected = byHand;
      }
      for (const happening of happenings) await make(happening);
      await Promise.all([...comingUp, ...storing]);
      const history = await untilFinished(database.observer);
      for (const execution of history.slice(counted)) expected += checkedStep(execution);
      counted = history.length;
      const isLate = happenings.some(({ kind }) => kind === 'fault' || kind === 'crash');
      if (isLate) await pause(longestLateMs);
      await untilEqual(scale, expected);
      // Before a hand comes, nothing of ours may be looked after any more (design §5, limits).
      if (isLate && schedule.phases.length > 1) await pause(timing.lateWriteMs);
    }
    checkAnswers(answered, await database.observer.listExecutions({ projectId: '1a5', limit: 1_000 }));
  } finally {
    for (const replica of all) replica.die();
    await pause(timing.rancherTimeoutMs);
    await server.close();
    await database.close();
  }
}

interface OpenDatabase {
  /** What a replica that starts gets. */
  connect(): Promise<Store>;
  /** A dead one's connections would use up what PostgreSQL has for all of them. */
  disconnect(store: Store): Promise<void>;
  readonly observer: Store;
  close(): Promise<void>;
}

async function openDatabase(stage: Stage, { engine }: Schedule): Promise<OpenDatabase> {
  if (engine === 'sqlite') {
    const store = await openSqliteStore(join(stage.directory, `${randomUUID()}.sqlite`));
    return {
      async connect() {
        // What opening the file does once no other process can have it.
        await store.endAllLeases();
        return store;
      },
      disconnect: async () => undefined,
      observer: store,
      close: () => store.close(),
    };
  }
  const url = await stage.createDatabase();
  const opened = new Set<Store>();
  const connect = async (): Promise<Store> => {
    const store = await openPostgresStore({ url });
    opened.add(store);
    return store;
  };
  return {
    connect,
    async disconnect(store) {
      if (opened.delete(store)) await store.close();
    },
    observer: await connect(),
    async close() {
      await Promise.all([...opened].map((store) => store.close()));
    },
  };
}

async function untilFinished(store: Store): Promise<readonly StoredExecution[]> {
  const untilMs = performance.now() + quietWithinMs;
  for (;;) {
    const history = await store.listExecutions({ projectId: '1a5', limit: 1_000 });
    const open = history.filter(({ state }) => state !== 'finished');
    if (open.length === 0) return history.toSorted((one, other) => one.seq - other.seq);
    if (performance.now() > untilMs)
      throw new Error(`accepted and not finished: ${open.map(({ id, message }) => `${id} ${message}`).join(', ')}`);
    await pause(25);
  }
}

/** By how much an execution changed the scale. */
function checkedStep({ id, outcome, from, to, receiverName, code, message }: StoredExecution): number {
  if (outcome === undefined || !['scaled', 'unchanged', 'limit-reached'].includes(outcome))
    throw new Error(`execution ${id} ended ${outcome ?? 'without an outcome'} ${code ?? ''} ${message}`);
  if (from === undefined || to === undefined) throw new Error(`execution ${id} has no from and to`);
  const [action, min, max] = receiverName.split(' ');
  const step = to - from;
  if (outcome !== 'scaled' && step !== 0) throw new Error(`execution ${id} is ${outcome} and changed ${String(step)}`);
  if ((action === 'up' && step < 0) || (action === 'down' && step > 0))
    throw new Error(`execution ${id} turned ${action ?? ''} round: from ${String(from)} to ${String(to)}`);
  if ((step > 0 && to > Number(max)) || (step < 0 && to < Number(min)))
    throw new Error(`execution ${id} left its bounds ${String(min)} to ${String(max)}: ${String(to)}`);
  return step;
}

async function untilEqual(scale: () => number, expected: number): Promise<void> {
  const untilMs = performance.now() + timing.lateWriteMs;
  while (scale() !== expected) {
    if (performance.now() > untilMs)
      throw new Error(`the history adds up to ${String(expected)}, and the scale is ${String(scale())}`);
    await pause(20);
  }
}

/** What callers were told is what the history says, and the same event counted once. */
function checkAnswers(answered: readonly Submitted[], history: readonly StoredExecution[]): void {
  const stored = new Map(history.map((execution) => [execution.id, execution]));
  for (const { execution } of answered) {
    const found = stored.get(execution.id);
    if (found === undefined) throw new Error(`execution ${execution.id} was answered and is not in the history`);
    if (execution.state === 'finished' && (execution.from !== found.from || execution.to !== found.to))
      throw new Error(`a caller of ${found.id} was told ${String(execution.to)}, the history says ${String(found.to)}`);
  }
  const events = history.filter(({ reason }) => reason.startsWith('event')).map(({ reason }) => reason);
  if (new Set(events).size !== events.length) throw new Error(`an event counted twice: ${events.join(', ')}`);
}

function submission(serviceId: string, trigger: Trigger): Submission {
  const { action, amount, min, max, onLimit, event } = trigger;
  return {
    projectId: '1a5',
    receiverId: '1go1',
    // The history keeps no config, and the bounds are checked by it.
    receiverName: `${action} ${String(min)} ${String(max)}`,
    driver: 'scaleService',
    config: { serviceId, action, amount, min, max, onLimit, cooldownSeconds: 0 },
    format: 'generic',
    signal:
      event === null
        ? { says: 'fire', reason: 'called' }
        : { says: 'fire', reason: `event ${String(event)}`, dedupeKey: String(event) },
    repeatAfterSeconds: 600,
    idempotencyKey: undefined,
    body: Buffer.from(''),
    wait: 'applied',
  };
}

async function setByHand({ url, project }: Sandbox, serviceId: string, scale: number): Promise<void> {
  const { accessKey, secretKey } = project.keys.owner;
  // The query keeps faults that nobody has met yet from the hand.
  const answer = await fetch(`${url}/v2-beta/projects/1a5/services/${serviceId}?by=hand`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`,
    },
    body: JSON.stringify({ scale }),
  });
  await answer.text();
  if (!answer.ok) throw new Error(`the hand was refused with ${String(answer.status)}`);
}
