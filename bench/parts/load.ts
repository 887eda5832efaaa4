import { Agent, request } from 'node:http';

/** One answered trigger. */
export interface Answer {
  readonly status: number;
  /** `outcome` of the body, or its error code; empty when it says neither. */
  readonly said: string;
  readonly ms: number;
}

/** A caller with connections of its own that are kept alive. Nothing is tried twice: what a caller sees is what counts. */
export interface Load {
  /** With a body, which is sent as JSON, or without one. */
  post(url: string, body?: object): Promise<Answer>;
  close(): void;
}

/** Makes a caller with at most `connections` at a time. */
export function createLoad({ connections }: { readonly connections: number }): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  return {
    post: (url, body) =>
      new Promise((resolve, reject) => {
        const startedMs = performance.now();
        const text = body === undefined ? '' : JSON.stringify(body);
        const headers = {
          'content-length': String(Buffer.byteLength(text)),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        };
        const outgoing = request(url, { method: 'POST', agent, headers }, (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const ms = performance.now() - startedMs;
            resolve({ status: incoming.statusCode ?? 0, said: whatItSays(Buffer.concat(chunks).toString('utf8')), ms });
          });
        });
        outgoing.on('error', reject);
        outgoing.end(text);
      }),
    close: () => agent.destroy(),
  };
}

/** Calls `once` for 0 to `count` - 1, `concurrency` of them at a time, each as soon as one before has ended. */
export async function inParallel<T>(
  { count, concurrency }: { readonly count: number; readonly concurrency: number },
  once: (index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await once(index);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

/** `200 scaled: 198, 409 SUPERSEDED: 2`: every kind of answer with its number. */
export function countAnswers(answers: readonly Answer[]): string {
  const counts = new Map<string, number>();
  for (const { status, said } of answers) {
    const kind = `${String(status)} ${said}`.trim();
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${kind}: ${String(count)}`).join(', ');
}

function whatItSays(text: string): string {
  try {
    const body = JSON.parse(text) as { readonly outcome?: string; readonly code?: string; readonly state?: string };
    return body.outcome ?? body.code ?? body.state ?? '';
  } catch {
    return '';
  }
}
