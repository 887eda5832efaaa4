import { setTimeout as pause } from 'node:timers/promises';
import fetch from 'node-fetch';

export interface RetriedCall {
  /** Asked anew for each attempt: a service that was started again has another port. */
  readonly url: () => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly pauseMs?: number;
  readonly timeoutMs?: number;
  /** Which answers end it, beside a 4xx. */
  readonly isEnd: (status: number, body: Readonly<Record<string, unknown>>) => boolean;
}

/**
 * Sends the same request again until it is answered, as senders do: on a 5xx, a time-out and a broken connection, never on a 4xx.
 * Resolves to the last status.
 */
export async function callUntilAnswered(call: RetriedCall): Promise<number> {
  for (;;) {
    try {
      const answer = await fetch(call.url(), {
        method: 'POST',
        headers: { ...call.headers },
        signal: AbortSignal.timeout(call.timeoutMs ?? 10_000),
        ...(call.body === undefined ? {} : { body: call.body }),
      });
      const text = await answer.text();
      if (answer.status >= 400 && answer.status < 500) return answer.status;
      if (answer.status < 400 && call.isEnd(answer.status, JSON.parse(text) as Readonly<Record<string, unknown>>))
        return answer.status;
    } catch {
      // Dead or not yet back: exactly what a client sees.
    }
    await pause(call.pauseMs ?? 50);
  }
}
