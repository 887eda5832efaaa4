import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../../infra/src/config/shape.ts';
import { addStacks, createApp } from '../../../infra/src/program.ts';

/** Terraform JSON of one stack, without cdktf's remarks. */
export interface Synthesised {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Values>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, Values>>>>;
  readonly output?: Readonly<Record<string, Values>>;
  readonly variable?: Readonly<Record<string, Values>>;
  readonly provider?: Readonly<Record<string, readonly Values[]>>;
  readonly terraform: Values;
}
export type Values = Readonly<Record<string, unknown>>;

/** Synthesises a configuration and answers its stacks by name. */
export function synthesise(configuration: Configuration): Readonly<Record<string, Synthesised>> {
  return synthesiseApp((app) => addStacks(app, configuration));
}

/** Synthesises whatever is added to an app; throws when a guardrail objects. */
export function synthesiseApp(
  addTo: (app: ReturnType<typeof createApp>) => void,
): Readonly<Record<string, Synthesised>> {
  const outdir = mkdtempSync(join(tmpdir(), 'infra-synth-'));
  try {
    const app = createApp(outdir);
    addTo(app);
    app.synth();
    const manifest = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')) as {
      readonly stacks: Readonly<Record<string, { readonly synthesizedStackPath: string }>>;
    };
    return Object.fromEntries(
      Object.entries(manifest.stacks).map(([name, { synthesizedStackPath }]) => [
        name,
        JSON.parse(readFileSync(join(outdir, synthesizedStackPath), 'utf8'), withoutRemarks) as Synthesised,
      ]),
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function withoutRemarks(key: string, value: unknown): unknown {
  return key === '//' ? undefined : value;
}

/** All resources of a type in a stack. */
export function resources(stack: Synthesised | undefined, type: string): Values[] {
  return Object.values(stack?.resource?.[type] ?? {});
}
