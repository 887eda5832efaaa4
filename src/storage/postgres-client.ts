import pg from 'pg';
import { storable } from './engine.ts';
import { PostgresBatch, type Statement } from './postgres-batch.ts';

/** What kysely makes of a statement that answers nothing. */
const unread = { command: '', rowCount: null, rows: [] };

/** A transaction under way, and why one of its statements failed. */
interface Transaction {
  failure?: { readonly error: unknown };
}

// Statements with lists of ids vary in length without end; the server keeps those of everyday.
const mostPrepared = 200;
const statementNames = new Map<string, string>();

/**
 * Prepares each statement once: to parse and plan one costs PostgreSQL several times what carrying it out does. What is asked of a
 * transaction in one turn of the event loop leaves as one batch, and nobody waits for an answer that nobody reads: where one of the
 * statements that return nothing fails, PostgreSQL refuses all that follow, and whoever asks next is told the reason.
 */
export class BriefClient extends pg.Client {
  readonly #prepared = new Set<string>();
  #transaction: Transaction | undefined;
  /** Asked in this turn of the event loop, to be sent at its end. */
  #asked: Statement[] = [];

  override query(...parameters: never[]): never {
    const [text, given] = parameters as readonly unknown[];
    if (typeof text !== 'string') return super.query(...(parameters as unknown as [string])) as never;
    const values = Array.isArray(given) ? given.map(asText) : [];
    if (text === 'begin') this.#transaction = {};
    const transaction = this.#transaction;
    // Several statements in one text can only be sent so.
    if (transaction === undefined && values.length === 0) return super.query(text) as never;
    if (text === 'commit' || text === 'rollback') this.#transaction = undefined;
    const isRead = !isUnread(text);
    const answer = this.#ask({ text, values, isRead, name: nameOf(text) });
    if (transaction === undefined || text === 'rollback') return answer as never;
    if (isRead) return toldBy(transaction, answer) as never;
    answer.catch((error: unknown) => (transaction.failure ??= { error }));
    return Promise.resolve(unread) as never;
  }

  #ask(statement: Omit<Statement, 'answered' | 'failed'>): Promise<unknown> {
    if (this.#asked.length === 0) process.nextTick(() => this.#send());
    return new Promise((answered, failed) => {
      this.#asked.push({ ...statement, answered, failed });
    });
  }

  #send(): void {
    super.query(new PostgresBatch(this.#asked, { prepared: this.#prepared, types: this }));
    this.#asked = [];
  }
}

async function toldBy(transaction: Transaction, answer: Promise<unknown>): Promise<unknown> {
  const answered = await answer.catch((error: unknown) => {
    throw transaction.failure?.error ?? error;
  });
  // A commit of what has failed is answered like any other, and has rolled back.
  if (transaction.failure !== undefined) throw transaction.failure.error;
  return answered;
}

/** Statements whose only news is that they failed. How many rows one changed is not told either: `returning` counts them. */
function isUnread(text: string): boolean {
  return /^(?:begin$|set local |select pg_notify\()|^\s*(?:insert|update|delete) (?!.* returning )/s.test(text);
}

function nameOf(text: string): string {
  const known = statementNames.get(text);
  if (known !== undefined || statementNames.size >= mostPrepared) return known ?? '';
  const name = `s${String(statementNames.size)}`;
  statementNames.set(text, name);
  return name;
}

/** A value of a statement as it is sent. */
function asText(value: unknown): string | null {
  const kept = storable(value);
  if (typeof kept === 'string') return kept;
  return kept === null || kept === undefined ? null : JSON.stringify(kept);
}
