import type { Database } from '../engine.ts';

/** See `Store.installationId`. */
export async function installationId(db: Database, proposed: string): Promise<string> {
  await db
    .insertInto('installation')
    .values({ only: 1, id: proposed })
    .onConflict((conflict) => conflict.column('only').doNothing())
    .execute();
  const { id } = await db.selectFrom('installation').select('id').executeTakeFirstOrThrow();
  return id;
}
