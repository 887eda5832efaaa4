import { sql, type RawBuilder } from 'kysely';
import { storable, type Engine } from '../engine.ts';

/** The columns of rows given to a statement, and their types. */
export type GivenColumns<Row> = { readonly [Column in keyof Row & string]: 'text' | 'whole' };

type GivenRow<Row> = { readonly [Column in keyof Row & string]: string | number | null };

/** Rows as the one parameter that `givenRows` reads. */
export function asParameter<Row>(rows: readonly GivenRow<Row>[]): string {
  return JSON.stringify(rows, (_name, value: unknown) => storable(value));
}

/**
 * Rows as one parameter, to stand after `from`: a statement over a thousand of them is one round trip and has the same text, and so
 * the same plan, as one over a single row. Values are text, whole numbers or null; `json` is made by `asParameter`.
 */
export function givenRows<Row>(engine: Engine, columns: GivenColumns<Row>, json: string): RawBuilder<unknown> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  if (engine.name === 'sqlite') {
    const picked = names.map((name) => sql`value ->> ${sql.lit(name)} as ${sql.ref(name)}`);
    return sql`(select ${sql.join(picked)} from json_each(${json})) as given`;
  }
  const typed = names.map((name) => sql`${sql.ref(name)} ${sql.raw(columns[name] === 'text' ? 'text' : 'bigint')}`);
  return sql`json_to_recordset(cast(${json} as json)) as given(${sql.join(typed)})`;
}
