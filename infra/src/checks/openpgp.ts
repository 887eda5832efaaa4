/** A key block could not be read as OpenPGP; the message says where it stopped making sense. */
export class KeyUnreadable extends Error {}

export interface Subkey {
  readonly algorithm: number;
  readonly createdSeconds: number;
  /** Key flags of its binding signature (RFC 4880 §5.2.3.21). */
  flags: number;
  /** Seconds after creation; 0 when it never ends. */
  lifetimeSeconds: number;
  isRevoked: boolean;
}

export interface PublicKey {
  readonly isSecret: boolean;
  readonly primary: Subkey;
  readonly subkeys: readonly Subkey[];
}

const tag = { signature: 2, secretKey: 5, publicKey: 6, secretSubkey: 7, publicSubkey: 14 };
const signatureType = { keyRevocation: 0x20, subkeyRevocation: 0x28 };
const subpacketType = { keyLifetime: 9, keyFlags: 27 };

/** Reads a binary export of one key (RFC 4880), as far as deciding what it may encrypt takes. Signatures are not verified. */
export function parsePublicKey(bytes: Buffer): PublicKey {
  let primary: Subkey | undefined;
  let isSecret = false;
  const subkeys: Subkey[] = [];
  for (const packet of packets(bytes)) {
    switch (packet.tag) {
      case tag.publicKey:
      case tag.secretKey:
        if (primary) throw new KeyUnreadable('it holds more than one key');
        primary = readKey(packet.body);
        isSecret = packet.tag === tag.secretKey;
        break;
      case tag.publicSubkey:
      case tag.secretSubkey:
        subkeys.push(readKey(packet.body));
        break;
      case tag.signature:
        if (primary) applySignature(packet.body, subkeys.at(-1) ?? primary);
        break;
      default:
    }
  }
  if (!primary) throw new KeyUnreadable('it holds no key');
  return { isSecret, primary, subkeys };
}

interface Packet {
  readonly tag: number;
  readonly body: Buffer;
}

function* packets(bytes: Buffer): Generator<Packet> {
  let at = 0;
  while (at < bytes.length) {
    const header = byteAt(bytes, at);
    if ((header & 0x80) === 0) throw new KeyUnreadable(`byte ${at} begins no OpenPGP packet`);
    const isNewFormat = (header & 0x40) !== 0;
    const { length, width } = isNewFormat
      ? newFormatLength(bytes, at + 1)
      : oldFormatLength(bytes, at + 1, header & 0x03);
    const start = at + 1 + width;
    if (start + length > bytes.length) throw new KeyUnreadable('it is cut short');
    yield { tag: isNewFormat ? header & 0x3f : (header >> 2) & 0x0f, body: bytes.subarray(start, start + length) };
    at = start + length;
  }
}

interface Length {
  readonly length: number;
  readonly width: number;
}

function newFormatLength(bytes: Buffer, at: number): Length {
  const first = byteAt(bytes, at);
  if (first < 192) return { length: first, width: 1 };
  if (first < 224) return { length: (first - 192) * 256 + byteAt(bytes, at + 1) + 192, width: 2 };
  if (first === 255) return { length: numberAt(bytes, at + 1, 4), width: 5 };
  throw new KeyUnreadable('a key comes in no partial packets');
}

function oldFormatLength(bytes: Buffer, at: number, kind: number): Length {
  if (kind === 3) throw new KeyUnreadable('a key packet has a length');
  const width = 2 ** kind;
  return { length: numberAt(bytes, at, width), width };
}

function readKey(body: Buffer): Subkey {
  const version = byteAt(body, 0);
  if (version !== 4) throw new KeyUnreadable(`it is a key of version ${version}, where the provider reads version 4`);
  return {
    createdSeconds: numberAt(body, 1, 4),
    algorithm: byteAt(body, 5),
    flags: 0,
    lifetimeSeconds: 0,
    isRevoked: false,
  };
}

function applySignature(body: Buffer, key: Subkey): void {
  // Third parties may have signed with an older version; what a key may do stands in its own version 4 signatures.
  if (byteAt(body, 0) !== 4) return;
  const type = byteAt(body, 1);
  if (type === signatureType.keyRevocation || type === signatureType.subkeyRevocation) {
    key.isRevoked = true;
    return;
  }
  const hashed = body.subarray(6, 6 + numberAt(body, 4, 2));
  for (const subpacket of subpackets(hashed)) {
    if (subpacket.tag === subpacketType.keyFlags) key.flags = byteAt(subpacket.body, 0);
    if (subpacket.tag === subpacketType.keyLifetime) key.lifetimeSeconds = numberAt(subpacket.body, 0, 4);
  }
}

function* subpackets(bytes: Buffer): Generator<Packet> {
  let at = 0;
  while (at < bytes.length) {
    const first = byteAt(bytes, at);
    const width = first < 192 ? 1 : first < 255 ? 2 : 5;
    const length =
      width === 1
        ? first
        : width === 2
          ? (first - 192) * 256 + byteAt(bytes, at + 1) + 192
          : numberAt(bytes, at + 1, 4);
    const start = at + width;
    if (length < 1 || start + length > bytes.length) throw new KeyUnreadable('a signature is cut short');
    yield { tag: byteAt(bytes, start) & 0x7f, body: bytes.subarray(start + 1, start + length) };
    at = start + length;
  }
}

function byteAt(bytes: Buffer, at: number): number {
  return numberAt(bytes, at, 1);
}

function numberAt(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) throw new KeyUnreadable('it is cut short');
  return bytes.readUIntBE(at, width);
}
