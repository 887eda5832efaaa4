import {
  createQueryId,
  type Compilable,
  type OperationNodeSource,
  type QueryResult,
  type RawBuilder,
  type RootOperationNode,
} from 'kysely';
import type { Asked, Engine, Tx } from './engine.ts';

/** What a statement is given each time, by name. */
type Values = Readonly<Record<string, string | number | null>>;

/** Takes the place of a value while a statement is built. */
class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Made part of a text it would be sent as that, and the value never. */
  toJSON(): never {
    throw new TypeError(`a statement is built without its values, ${this.name} cannot be made part of a text`);
  }

  [Symbol.toPrimitive](): never {
    return this.toJSON();
  }
}

/** The places of all values there may be; which there are nobody knows, so they can only be asked for by name. */
const places: unknown = new Proxy(
  {},
  {
    get: (_target, name) => new Place(String(name)),
    ownKeys() {
      throw new TypeError('a statement is built without its values: name each of them, there is no rest');
    },
  },
);

type Built<Row> = (Compilable<Row> & OperationNodeSource) | RawBuilder<Row>;

interface Compiled {
  readonly query: RootOperationNode;
  readonly sql: string;
  /** Places, and values that are always the same. */
  readonly parameters: readonly unknown[];
}

/** Carries a statement out, and resolves with what it answered. */
export interface Statement<Given, Row> {
  (tx: Tx, engine: Engine, given: Given): Promise<QueryResult<Row>>;
  /** Resolves once it is asked, and what is asked next is carried out after it. */
  readonly ask: (tx: Tx, engine: Engine, given: Given) => Promise<Asked<QueryResult<Row>>>;
}

/**
 * A statement of everyday, built and compiled once for each engine: to do so costs as much as to carry one out. `build` sees places
 * instead of values, so it can put them somewhere and do nothing else with them.
 */
export function statement<Given extends Values, Row>(
  build: (given: Given, context: { readonly tx: Tx; readonly engine: Engine }) => Built<Row>,
): Statement<Given, Row> {
  const compiledFor = new Map<Engine['name'], Compiled>();
  const compile = (tx: Tx, engine: Engine): Compiled => {
    const query = build(places as Given, { tx, engine }).toOperationNode() as RootOperationNode;
    const compiled = tx.getExecutor().compileQuery(query, createQueryId());
    compiledFor.set(engine.name, compiled);
    return compiled;
  };
  const ask: Statement<Given, Row>['ask'] = (tx, engine, given) => {
    const { query, sql, parameters } = compiledFor.get(engine.name) ?? compile(tx, engine);
    const values = parameters.map((value) => (value instanceof Place ? given[value.name] : value));
    const asked = { query, queryId: createQueryId(), sql, parameters: values };
    // The connection is given back once the statement is asked: kept until it is answered, the next one would leave only then.
    return tx.getExecutor().provideConnection(async (connection) => ({ answer: connection.executeQuery<Row>(asked) }));
  };
  const carryOut = async (tx: Tx, engine: Engine, given: Given): Promise<QueryResult<Row>> => {
    const { answer } = await ask(tx, engine, given);
    return answer;
  };
  return Object.assign(carryOut, { ask });
}
