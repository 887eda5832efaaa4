import type { Trigger } from '../domain/signal.ts';

/** One call of a trigger URL, as the HTTP edge took it apart; nothing in it is trusted yet. */
export interface TriggerRequest {
  /** From the query or a form body (`?key=&projectId=`) or from the path (`/endpoint/<projectId>/<key>`). */
  readonly projectId: string | undefined;
  readonly key: string | undefined;
  /** Old hooks: `?token=<RS256 JWT>`. */
  readonly token: string | undefined;
  /** `Idempotency-Key` header. */
  readonly idempotencyKey: string | undefined;
  /** `respond-async`: answer 202 as soon as it is stored (`Prefer: respond-async`); `settled`: `?wait=settled`. */
  readonly wait: 'applied' | 'settled' | 'respond-async';
  /** `?dryRun=true`: say what would happen, store and change nothing. */
  readonly dryRun: boolean;
  readonly trigger: Trigger;
  /** The `Authorization` header: only for what a receiver demands, never for a format to read. */
  readonly authorization?: string;
  /** Who called, as far as it can be known; absent behind Rancher's proxy. */
  readonly sourceAddress?: string;
}

/** What the caller is told; the HTTP edge only writes it down. */
export interface TriggerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Takes a trigger to its answer. Throws ServiceError for everything that was not accepted. */
export interface RouterHandler {
  handle(request: TriggerRequest): Promise<TriggerAnswer>;
}
