import { isMap, LineCounter, parseDocument, stringify, type Document } from 'yaml';
import * as z from 'zod';
import { CliError } from '../cli-error.ts';
import { configOf, type ReceiverResource } from './receiver-resource.ts';

/** A receiver as it is written in a file: everything of it except its id, key and address. */
const ReceiverSpec = z.strictObject({
  name: z.string().min(1),
  driver: z.string().min(1),
  config: z.record(z.string(), z.unknown()),
  state: z.enum(['active', 'paused']).optional(),
  format: z.string().min(1).optional(),
  formatSettings: z.record(z.string(), z.unknown()).optional(),
  repeatAfterSeconds: z.number().int().min(0).optional(),
  /** Without its secrets: a file is passed around. One that is applied where there is none yet has a secret made. */
  signature: z
    .strictObject({
      kind: z.string(),
      header: z.string().optional(),
      timestampHeader: z.string().optional(),
      toleranceSeconds: z.number().optional(),
    })
    .optional(),
  allowedSources: z.array(z.string()).optional(),
  rateLimit: z.strictObject({ triggers: z.number(), perSeconds: z.number() }).optional(),
});

export type ReceiverSpec = z.infer<typeof ReceiverSpec>;

/** The fields beside name, driver, config and state; they are called the same in a file and in the API. */
export const optionFields = [
  'format',
  'formatSettings',
  'repeatAfterSeconds',
  'signature',
  'allowedSources',
  'rateLimit',
] as const;

/** An option of a receiver as a file would have it. */
export function optionOf(receiver: ReceiverResource, field: (typeof optionFields)[number]): unknown {
  const value = receiver[field];
  if (field !== 'signature' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'secrets'));
}

const ReceiverDocument = z.strictObject({ receivers: z.array(ReceiverSpec) });

/** What a receiver would look like in a file. */
function describeReceiver(receiver: ReceiverResource): ReceiverSpec {
  const options = optionFields.flatMap((field) => {
    const value = optionOf(receiver, field);
    const isDefault = value === undefined || value === null || JSON.stringify(value) === '{}';
    return isDefault ? [] : [[field, value] as const];
  });
  return {
    name: receiver.name,
    driver: receiver.driver,
    config: configOf(receiver),
    ...(receiver.state === 'paused' && { state: 'paused' }),
    ...Object.fromEntries(options),
  };
}

/**
 * YAML of many receivers, in the order of their names; no key and no address is in it. Those that the service itself cannot
 * read would be refused again wherever the file is applied: they are named in comments instead.
 */
export function writeReceivers(receivers: readonly ReceiverResource[]): string {
  const unusable = receivers.filter((receiver) => receiver.state === 'error');
  const comments = unusable.map(({ name, id, transitioningMessage }) => {
    const reason = transitioningMessage ?? 'it cannot be used';
    return `# not exported: ${JSON.stringify(name)} (${id}): ${reason.replaceAll(/\s+/g, ' ')}\n`;
  });
  const usable = receivers.filter((receiver) => receiver.state !== 'error');
  for (const { name, id } of usable.filter((receiver) => (receiver['callback'] ?? null) !== null)) {
    comments.push(`# not exported: the callback of ${JSON.stringify(name)} (${id}), whose address is a secret\n`);
  }
  return `${comments.join('')}${stringify({ receivers: usable.map(describeReceiver) })}`;
}

/**
 * Reads a file of receivers.
 * @throws CliError naming file, line and path of everything that is wrong: not YAML, unknown, missing and wrong fields, a name twice.
 */
export function readReceivers(text: string, fileName: string): readonly ReceiverSpec[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const complaints = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    const [reason] = error.message.split(/ at line \d+/);
    return `${fileName}:${String(line)}:${String(col)}: ${reason ?? error.message}`;
  });
  if (complaints.length > 0) throw new CliError(complaints.join('\n'));

  const parsed = ReceiverDocument.safeParse(toPlain(document, fileName));
  if (!parsed.success) {
    throw new CliError(parsed.error.issues.map((issue) => explain(issue, document, lines, fileName)).join('\n'));
  }
  const { receivers } = parsed.data;
  const twice = receivers.find(({ name }, index) => receivers.findIndex((other) => other.name === name) !== index);
  if (twice) throw new CliError(`${fileName}: two receivers are called "${twice.name}"; give each its own name`);
  return receivers;
}

/** An alias that is used again and again grows beyond any memory; the library refuses that only here. */
function toPlain(document: Document, fileName: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new CliError(`${fileName}: ${error instanceof Error ? error.message : 'its aliases cannot be resolved'}`, {
      cause: error,
    });
  }
}

function explain(issue: z.core.$ZodIssue, document: Document, lines: LineCounter, fileName: string): string {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
  const where = `${fileName}${lineOf(document, path, lines)}: ${spell(path)}`;
  if (issue.code !== 'unrecognized_keys') return `${where}: ${issue.message}`;
  const fields = issue.keys.map((key) => `"${key}"`).join(', ');
  return `${where}: unknown field ${fields}; known are ${knownFields(path).join(', ')}`;
}

function knownFields(path: readonly (string | number)[]): readonly string[] {
  return Object.keys((path.length === 0 ? ReceiverDocument : ReceiverSpec).shape);
}

function spell(path: readonly (string | number)[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part, at) => (typeof part === 'number' ? `[${String(part)}]` : `${at === 0 ? '' : '.'}${part}`))
    .join('');
}

/** The line of the nearest part of the path that is there. */
function lineOf(document: Document, path: readonly (string | number)[], lines: LineCounter): string {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
    const start = node?.range?.[0];
    if (start !== undefined) return `:${String(lines.linePos(start).line)}`;
  }
  return isMap(document.contents) ? ':1' : '';
}
