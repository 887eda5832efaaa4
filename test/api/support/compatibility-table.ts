import { readFileSync, readdirSync } from 'node:fs';

/** One answer recorded from the old service (test/fixtures/peer). */
export interface PeerCase {
  readonly case: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly response: {
    /** 0: the connection was dropped without an answer. */
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Readonly<Record<string, unknown>>;
    readonly text?: string;
  };
}

export interface Row {
  /** `create-errors: duplicate name` */
  readonly name: string;
  readonly verdict: 'equal' | 'different';
  readonly why: string;
}

const root = new URL('../../../', import.meta.url);
const folder = new URL('test/fixtures/peer/', root);

/** Every recorded case by its name, file by file. */
export function readPeerCases(): ReadonlyMap<string, PeerCase> {
  return new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .toSorted()
      .flatMap((file) => {
        const { cases } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { cases: readonly PeerCase[] };
        return cases.map((recorded) => [`${file.replace('.json', '')}: ${recorded.case}`, recorded] as const);
      }),
  );
}

/** The rows of the tables under the headings named like the recordings. */
export function readRows(): readonly Row[] {
  const rows: Row[] = [];
  let heading = '';
  for (const line of readFileSync(new URL('docs/compatibility.md', root), 'utf8').split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3).trim();
    const cells = line.split('|').map((cell) => cell.trim());
    const [, name, verdict, why = ''] = cells;
    if (name === undefined || !isVerdict(verdict)) continue;
    rows.push({ name: `${heading}: ${name}`, verdict, why });
  }
  return rows;
}

function isVerdict(text: string | undefined): text is Row['verdict'] {
  return text === 'equal' || text === 'different';
}
