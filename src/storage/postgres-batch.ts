import pg from 'pg';

/** One statement of a batch, and who is told of it. */
export interface Statement {
  /** Under which it is prepared on the connection; empty: not at all. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly (string | null)[];
  /** Whether its rows are wanted. */
  readonly isRead: boolean;
  readonly answered: (result: Pick<pg.QueryResult, 'command' | 'rowCount' | 'rows'>) => void;
  readonly failed: (error: unknown) => void;
}

/** What a batch needs of its connection. */
export interface BatchContext {
  /** Names of the statements that the server has prepared. */
  readonly prepared: Set<string>;
  readonly types: { getTypeParser(oid: number, format: 'text'): (text: string) => unknown };
}

// The parts of the driver's connection that its own queries are made of; its published types know an older shape of them.
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  close(statement: { readonly type: 'S'; readonly name: string }): void;
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(portal: { readonly statement: string; readonly values: readonly (string | null)[] }): void;
  describe(portal: { readonly type: 'P'; readonly name: string }): void;
  execute(portal: { readonly portal: string; readonly rows: number }): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/**
 * Statements that are sent in one piece with one barrier (`Sync`) behind them, and so are answered in one piece: with a barrier behind
 * each, as the driver's own queries have, PostgreSQL sends each answer by itself, and to be woken for it costs more than the statement.
 * After one that fails PostgreSQL passes over the rest (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING),
 * so that all of them fail by its reason.
 */
export class PostgresBatch extends pg.Query {
  readonly #statements: readonly Statement[];
  readonly #context: BatchContext;
  #current = 0;
  #rows: Record<string, unknown>[] = [];
  #fields: readonly Field[] = [];
  /** The driver's, for its time limit. */
  declare callback?: (error: unknown) => void;

  constructor(statements: readonly Statement[], context: BatchContext) {
    super({ text: '' });
    this.#statements = statements;
    this.#context = context;
  }

  override submit = (connection: unknown): null => {
    const wire = connection as Wire;
    wire.stream.cork();
    for (const statement of this.#statements) this.#write(wire, statement);
    wire.sync();
    wire.stream.uncork();
    return null;
  };

  #write(wire: Wire, { name, text, values, isRead }: Statement): void {
    const { prepared } = this.#context;
    if (!prepared.has(name)) {
      // Of an earlier attempt that failed it is not known whether its name is taken.
      if (name !== '') wire.close({ type: 'S', name });
      wire.parse({ name, text });
      if (name !== '') prepared.add(name);
    }
    wire.bind({ statement: name, values });
    if (isRead) wire.describe({ type: 'P', name: '' });
    wire.execute({ portal: '', rows: 0 });
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#fields = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: this.#context.types.getTypeParser(dataTypeID, 'text'),
    }));
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    // Of a statement that is not read nobody has said what its rows are made of.
    if (this.#statements[this.#current]?.isRead !== true) return;
    const row: Record<string, unknown> = {};
    for (const [index, { name, parse }] of this.#fields.entries()) {
      const value = values[index] ?? null;
      row[name] = value === null ? null : parse(value);
    }
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [, command = '', count] = /^(\w+)(?: \d+)*?(?: (\d+))?$/.exec(text) ?? [];
    const rowCount = count === undefined ? null : Number(count);
    this.#statements[this.#current]?.answered({ command, rowCount, rows: this.#rows });
    this.#current += 1;
    this.#rows = [];
  }

  handleReadyForQuery(): void {
    this.callback?.(undefined);
  }

  /** Of the server, or of the connection. */
  handleError(error: unknown): void {
    for (const { name, failed } of this.#statements.slice(this.#current)) {
      this.#context.prepared.delete(name);
      failed(error);
    }
    this.callback?.(error);
  }
}
