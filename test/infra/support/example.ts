import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../../infra/src/config/mistake.ts';
import type { Mistake } from '../../../infra/src/config/mistake.ts';
import { readConfiguration } from '../../../infra/src/config/read.ts';
import type { Configuration } from '../../../infra/src/config/shape.ts';

const exampleFile = join(import.meta.dirname, '../../../infra/infra.config.example.json');

/** JSON that a test may bend: what the example file holds, each time a copy of its own. */
export type Json = Record<string, unknown>;

export function exampleJson(): Json {
  return JSON.parse(readFileSync(exampleFile, 'utf8')) as Json;
}

/** A copy with the value at a path (`pools.0.labels`) replaced; undefined removes it. */
export function changed(path: string, value: unknown, from: Json = exampleJson()): Json {
  const copy = structuredClone(from);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const holder = keys.reduce<Json>((object, key) => object[key] as Json, copy);
  if (value === undefined) Reflect.deleteProperty(holder, last);
  else holder[last] = value;
  return copy;
}

/** Reads a configuration as the program does, on a fixed day and with no trigger URL in the environment. */
export function configure(
  json: Json = exampleJson(),
  environment: Readonly<Record<string, string>> = {},
): Configuration {
  return readConfiguration({ name: 'test.json', text: JSON.stringify(json), environment, now: new Date('2026-11-24') });
}

/** What is wrong with a configuration; empty when nothing is. */
export function mistakesIn(json: Json, environment: Readonly<Record<string, string>> = {}): readonly Mistake[] {
  try {
    configure(json, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes;
    throw error;
  }
}

/** The paths and problems of a changed example, as `path: problem`. */
export function complaintsAfter(path: string, value: unknown): string[] {
  return mistakesIn(changed(path, value)).map((mistake) => `${mistake.path}: ${mistake.problem}`);
}
