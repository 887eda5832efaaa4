import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';

interface Terminal {
  readonly pid: number | undefined;
  readonly onData: (listener: (text: string) => void) => void;
  readonly onExit: (listener: (ended: { readonly exitCode: number }) => void) => void;
  readonly write: (text: string) => void;
}
type Spawn = (file: string, args: readonly string[], options: { readonly cwd: string }) => Terminal;

// The way cdktf-cli finds it: under the name of the native module, by require.
const { spawn } = createRequire(import.meta.url)('@cdktf/node-pty-prebuilt-multiarch') as { readonly spawn: Spawn };

function start(script: string): { readonly terminal: Terminal; readonly end: Promise<{ code: number; text: string }> } {
  const terminal = spawn(process.execPath, ['-e', script], { cwd: process.cwd() });
  const chunks: string[] = [];
  terminal.onData((text) => chunks.push(text));
  const end = new Promise<{ code: number; text: string }>((settled) => {
    terminal.onExit(({ exitCode }) => settled({ code: exitCode, text: chunks.join('') }));
  });
  return { terminal, end };
}

describe('infra/terminal', () => {
  it('passes on both streams and the exit code', async () => {
    const { end } = start('console.log("out"); console.error("err"); process.exitCode = 3');
    const { code, text } = await end;
    expect([code, text.includes('out'), text.includes('err')]).toEqual([3, true, true]);
  });

  it('answers a question', async () => {
    const { terminal, end } = start('process.stdin.once("data", (d) => { console.log("got " + d); process.exit(0); })');
    terminal.write('yes\n');
    await expect(end).resolves.toEqual({ code: 0, text: 'got yes\n\n' });
  });

  it('takes Ctrl+C as an interrupt', async () => {
    const { terminal, end } = start(
      'process.on("SIGINT", () => process.exit(7)); console.log("up"); setInterval(() => {}, 1000)',
    );
    terminal.onData(() => terminal.write('\u0003'));
    await expect(end).resolves.toMatchObject({ code: 7 });
  });

  it('ends with 127 when the program is not there', async () => {
    const terminal = spawn('no-such-program', [], { cwd: process.cwd() });
    const code = await new Promise<number>((settled) => terminal.onExit(({ exitCode }) => settled(exitCode)));
    expect(code).toBe(127);
  });
});
