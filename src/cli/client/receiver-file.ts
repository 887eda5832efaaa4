import { isUtf8 } from 'node:buffer';
import { isMap, isScalar, LineCounter, parseDocument, type Document, type YAMLError } from 'yaml';
import type * as z from 'zod';
import { shown } from '../../domain/shown.ts';
import { CliError } from '../cli-error.ts';
import { RateLimit, ReceiverDocument, ReceiverSpec, Signature } from './receiver-document.ts';

type Path = readonly (string | number)[];

export interface ReceiverFile {
  readonly receivers: readonly ReceiverSpec[];
  /** File, line and path of a part, as `receivers.yml:5: receivers[0].config.amount`; the line is that of the nearest part there is. */
  placeOf(path: Path): string;
}

/**
 * Reads a file of receivers.
 * @throws CliError naming file, line and path of everything that is wrong: not UTF-8, not YAML, unknown, missing and wrong fields, a name twice.
 */
export function readReceivers(bytes: Uint8Array, fileName: string): ReceiverFile {
  const text = decode(bytes, fileName);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const complaints = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return `${fileName}:${String(line)}:${String(col)}: ${reasonOf(error)}`;
  });
  if (complaints.length > 0) throw new CliError(complaints.join('\n'));
  const placeOf = (path: Path): string => `${fileName}${lineOf(document, path, lines)}: ${spell(path)}`;
  const parsed = ReceiverDocument.safeParse(toPlain(document, fileName), { reportInput: true });
  if (!parsed.success) throw new CliError(parsed.error.issues.map((issue) => explain(issue, placeOf)).join('\n'));
  const { receivers } = parsed.data;
  const twice = receivers.find(({ name }, index) => receivers.findIndex((other) => other.name === name) !== index);
  if (twice) throw new CliError(`${fileName}: two receivers are called "${twice.name}"; give each its own name`);
  return { receivers, placeOf };
}

/** Other bytes would be read as U+FFFD, and stored so. */
function decode(bytes: Uint8Array, fileName: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const line = lines.findIndex((text) => !isUtf8(Buffer.from(text, 'latin1'))) + 1;
  throw new CliError(`${fileName}:${String(line)}: it is not UTF-8; save it as that`);
}

/** What is wrong with a YAML text, without the place. */
export function reasonOf(error: YAMLError): string {
  // The library speaks of its own functions here.
  if (error.code === 'MULTIPLE_DOCS') return 'a second document begins here; put all into one';
  return error.message.split(/ at line \d+/)[0] ?? error.message;
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

function explain(issue: z.core.$ZodIssue, placeOf: ReceiverFile['placeOf']): string {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
  if (issue.code !== 'unrecognized_keys') return `${placeOf(path)}: ${remedyOf(issue)}`;
  const fields = issue.keys.map((key) => `"${key}"`).join(', ');
  return `${placeOf([...path, ...issue.keys.slice(0, 1)])}: unknown field ${fields}; known are ${knownFields(path).join(', ')}`;
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
};

/** The library's own words name no value. */
function remedyOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'it is missing';
      return `${kinds[issue.expected] ?? issue.expected} is needed, not ${shown(issue.input)}`;
    case 'invalid_value':
      return `${shown(issue.input)} will not do; use ${issue.values.map((value) => `"${String(value)}"`).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'it is empty' : `at least ${String(issue.minimum)} is needed`;
    default:
      return issue.message;
  }
}

function knownFields(path: Path): readonly string[] {
  const [, , field] = path;
  if (field === 'signature') return Object.keys(Signature.shape);
  if (field === 'rateLimit') return Object.keys(RateLimit.shape);
  return Object.keys((path.length === 0 ? ReceiverDocument : ReceiverSpec).shape);
}

function spell(path: Path): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part, at) => (typeof part === 'number' ? `[${String(part)}]` : `${at === 0 ? '' : '.'}${part}`))
    .join('');
}

/** The line of the nearest part of the path that is there; of its key, since a value may begin below it. */
function lineOf(document: Document, path: Path, lines: LineCounter): string {
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(document, path.slice(0, length));
    const start = node?.range?.[0];
    if (start !== undefined) return `:${String(lines.linePos(start).line)}`;
  }
  return isMap(document.contents) ? ':1' : '';
}

function nodeAt(document: Document, path: Path): { readonly range?: readonly number[] | null } | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return document.getIn(path, true) as ReturnType<typeof nodeAt>;
  const name = String(path.at(-1));
  const keys = parent.items.map(({ key }) => key).filter((key) => isScalar(key));
  return keys.find(({ value }) => String(value) === name);
}
