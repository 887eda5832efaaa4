import { randomInt } from 'node:crypto';
import { ulid } from 'ulid';

const symbols = 32;

/**
 * A ULID: 48 bits of the moment, 80 of chance, in an order that is that of time. `randomInt` draws from a store of random bytes;
 * the library's own source asks the system for each of the sixteen symbols, a tenth of a millisecond in all.
 */
export function newId(): string {
  return ulid(undefined, () => randomInt(symbols) / symbols);
}
