import fetch from 'node-fetch';
import { WebSocket } from 'ws';

/** What lives on the heap, MiB, after garbage was collected, of a process that was started with `--inspect=127.0.0.1:<port>`. */
export async function readLiveHeapMib(inspectPort: number): Promise<number> {
  const targets = await fetch(`http://127.0.0.1:${String(inspectPort)}/json`);
  const [target] = (await targets.json()) as readonly { readonly webSocketDebuggerUrl: string }[];
  if (target === undefined) throw new Error('the process cannot be inspected');
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  try {
    await ask(socket, 'HeapProfiler.collectGarbage');
    const { usedSize } = (await ask(socket, 'Runtime.getHeapUsage')) as { readonly usedSize: number };
    return usedSize / 1024 / 1024;
  } finally {
    socket.close();
  }
}

/** One question at a time. */
function ask(socket: WebSocket, method: string): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('message', (message) => {
      resolve((JSON.parse((message as Buffer).toString('utf8')) as { readonly result: unknown }).result);
    });
    socket.send(JSON.stringify({ id: 1, method }));
  });
}
