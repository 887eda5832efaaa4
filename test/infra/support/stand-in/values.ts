import { decode, encode, ExtensionCodec } from '@msgpack/msgpack';

/** A value Terraform does not know yet. On the wire it is an extension of type 0 (12 when it comes with refinements). */
export class Unknown {
  toJSON(): string {
    return '(unknown)';
  }
}
export const unknown = new Unknown();

/** The values of one block: what configuration, plan and state are made of. */
export type Values = Readonly<Record<string, unknown>>;

/** A value as the protocol carries it. */
export interface WireValue {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}

const extensionCodec = new ExtensionCodec();
for (const type of [0, 12]) {
  extensionCodec.register({
    type,
    encode: (value) => (type === 0 && value instanceof Unknown ? new Uint8Array([0]) : null),
    decode: () => unknown,
  });
}

/** Reads values; null is a resource that does not exist. */
export function readValues(wire: WireValue | null | undefined): Values | null {
  if (!wire?.msgpack || wire.msgpack.length === 0) return null;
  return decode(wire.msgpack, { extensionCodec }) as Values | null;
}

export function writeValues(values: Values | null): WireValue {
  return { msgpack: Buffer.from(encode(values, { extensionCodec })) };
}
