import { readFileSync } from 'node:fs';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callerOf } from './caller.ts';
import type { Answer } from './caller.ts';

export interface RecordedCase {
  readonly recording: string;
  readonly as: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly rawBody?: string;
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Readonly<Record<string, unknown>>;
    readonly items?: number;
    readonly columns?: readonly string[];
    readonly actions?: readonly string[];
  };
}

/** Reads a fixture of recorded cases. */
export function recordings(name: string): { readonly cases: readonly RecordedCase[] } {
  return fixture(name) as { readonly cases: readonly RecordedCase[] };
}

/** Reads a fixture of another shape; the test that uses it knows which. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/cattle/${name}.json`, import.meta.url), 'utf8'));
}

/** Rewrites the recorded server's names (its project, its service, …) to those of the sandbox. */
export type Names = readonly (readonly [recorded: RegExp, here: string])[];

/** Sends a recorded request to the sandbox as the same kind of caller. */
export async function replay(sandbox: Sandbox, recorded: RecordedCase, names: Names = []): Promise<Answer> {
  const { method, headers, body, rawBody } = recorded;
  return callerOf(sandbox.url, keyOf(sandbox, recorded.as))(translated(recorded.path, sandbox, names), {
    method,
    ...(headers === undefined ? {} : { headers: parsed(headers, sandbox, names) }),
    ...(body === undefined ? {} : { body: parsed(body, sandbox, names) }),
    ...(rawBody === undefined ? {} : { rawBody }),
  });
}

/** A recorded value with the sandbox's URL, project and ids in it. */
export function parsed<T>(value: T, sandbox: Sandbox, names: Names = []): T {
  return JSON.parse(translated(JSON.stringify(value), sandbox, names)) as T;
}

function translated(text: string, sandbox: Sandbox, names: Names): string {
  const all: Names = [
    [/http:\/\/localhost:8081/g, sandbox.url],
    [/1a18\b/g, sandbox.project.projectId],
    [/1a24\b/g, sandbox.otherProject.projectId],
    ...names,
  ];
  return all.reduce((result, [recorded, here]) => result.replace(recorded, here), text);
}

function keyOf({ project, otherProject, adminKey }: Sandbox, as: string): typeof adminKey | undefined {
  const keys = {
    'project-key': project.keys.project,
    'project-key (other project)': otherProject.keys.project,
    'environment-agent-key': project.keys.environment,
    'owner user': project.keys.owner,
    'member user': project.keys.member,
    restricted: project.keys.restricted,
    readonly: project.keys.readonly,
    superadmin: adminKey,
    admin: adminKey,
  };
  return as in keys ? keys[as as keyof typeof keys] : undefined;
}
