import type { Mistake } from './mistake.ts';
import { ConfigurationError } from './mistake.ts';
import { Configuration } from './shape.ts';
import { shapeMistakes } from './shape-mistakes.ts';
import { checks } from '../checks/checks.ts';
import { withoutUnknownKeys } from './unknown-keys.ts';

export interface ConfigurationSource {
  /** The file's name as the user gave it, for messages. */
  readonly name: string;
  readonly text: string;
  /** Trigger URLs come from here (`TF_VAR_trigger_url_<pool>_<up|down>`), because they are secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Keys that have run out by then are refused. */
  readonly now: Date;
}

/**
 * Reads a configuration and checks that it makes sense. Throws `ConfigurationError` with every mistake found: what is wrong
 * in one part does not hide what is wrong in another.
 */
export function readConfiguration(source: ConfigurationSource): Configuration {
  const raw = parseJson(source);
  const parsed = Configuration.safeParse(raw);
  const mistakes = parsed.success ? [] : shapeMistakes(parsed.error, raw);
  const understood = parsed.success ? raw : withoutUnknownKeys(raw, parsed.error);
  mistakes.push(...senseMistakes(understood, source));
  if (!parsed.success || mistakes.length > 0) throw new ConfigurationError(source.name, mistakes);
  return parsed.data;
}

function senseMistakes(raw: unknown, { environment, now }: ConfigurationSource): Mistake[] {
  return checks.flatMap((check) => check(raw, { environment, now }));
}

function parseJson({ name, text }: ConfigurationSource): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(name, [
      {
        path: '(the whole file)',
        value: text.slice(0, 20),
        problem,
        remedy: 'write JSON, as infra.config.example.json is',
      },
    ]);
  }
}
