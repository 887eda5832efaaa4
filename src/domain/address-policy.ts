// Which addresses this service may call on behalf of somebody who only owns a receiver. Pure: names are resolved elsewhere,
// once, and what is dialled is the address that was judged.

/** `refused`: never; `private`: only where the operator allows it; `public`: anybody's. */
export type AddressClass = 'public' | 'private' | 'refused';

interface Range {
  readonly first: bigint;
  readonly prefix: number;
}

// IANA special-purpose registries (RFC 6890 and its successors), and the metadata addresses of Aliyun, AWS and others.
const refusedV4 = ranges4(
  '0.0.0.0/8',
  '100.100.100.200/32',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '192.88.99.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
);
const privateV4 = ranges4('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15');
const privateV6 = ranges6(['fc00::', 7]);
const publicV6 = ranges6(['2000::', 3]);
const refusedV6 = ranges6(['2001:db8::', 32], ['2001::', 23], ['3fff::', 20], ['5f00::', 16], ['fd00:ec2::254', 128]);
/** Prefixes that carry an IPv4 address, and how far it lies from the end, in bits: what they reach is that address. */
const carriers = [
  { ...range6('::ffff:0:0', 96), shift: 0n },
  { ...range6('::', 96), shift: 0n },
  { ...range6('64:ff9b::', 96), shift: 0n },
  { ...range6('2002::', 16), shift: 80n },
];

/**
 * What may be done with an IP address, in its usual spelling. Anything that is not one is refused, spellings of old C
 * libraries (`0177.1`, `2130706433`) with it.
 */
export function classifyAddress(address: string): AddressClass {
  const v4 = parse4(address);
  if (v4 !== undefined) return classify4(v4);
  const v6 = parse6(address);
  if (v6 === undefined) return 'refused';
  const carried = carriedBy(v6);
  // `::` and `::1` are refused as 0.0.0.0/8, which they would carry.
  if (carried !== undefined) return classify4(carried);
  if (refusedV6.some((range) => isIn(v6, range, 128))) return 'refused';
  if (privateV6.some((range) => isIn(v6, range, 128))) return 'private';
  return publicV6.some((range) => isIn(v6, range, 128)) ? 'public' : 'refused';
}

/** Whether an address may be dialled. */
export function mayDial(address: string, privateAddresses: 'allowed' | 'refused'): boolean {
  const found = classifyAddress(address);
  return found === 'public' || (found === 'private' && privateAddresses === 'allowed');
}

/** Whether two texts lead to one IP address, however each is spelled and whatever carries it. What is none is the same as nothing. */
export function isSameAddress(one: string, other: string): boolean {
  const value = valueOf(one);
  return value !== undefined && value === valueOf(other);
}

/** The host of a URL as resolvers and sockets take it: IPv6 without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** As a number of IPv6; IPv4, and what carries it, in the range that IPv6 keeps for it (`::ffff:0:0/96`). */
function valueOf(address: string): bigint | undefined {
  const v6 = parse6(address);
  const v4 = parse4(address) ?? (v6 === undefined ? undefined : carriedBy(v6));
  return v4 === undefined ? v6 : (0xffffn << 32n) | v4;
}

function carriedBy(v6: bigint): bigint | undefined {
  const carrier = carriers.find((range) => isIn(v6, range, 128));
  return carrier === undefined ? undefined : (v6 >> carrier.shift) & 0xffff_ffffn;
}

function classify4(address: bigint): AddressClass {
  if (refusedV4.some((range) => isIn(address, range, 32))) return 'refused';
  return privateV4.some((range) => isIn(address, range, 32)) ? 'private' : 'public';
}

function isIn(address: bigint, { first, prefix }: Range, bits: number): boolean {
  const rest = BigInt(bits - prefix);
  return address >> rest === first >> rest;
}

function parse4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function parse6(text: string): bigint | undefined {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text)) return undefined;
  const lastColon = text.lastIndexOf(':');
  const embedded = text.includes('.') ? parse4(text.slice(lastColon + 1)) : undefined;
  if (text.includes('.') && embedded === undefined) return undefined;
  const hex =
    embedded === undefined
      ? text
      : `${text.slice(0, lastColon + 1)}${(embedded >> 16n).toString(16)}:${(embedded & 0xffffn).toString(16)}`;
  const halves = hex.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail = []] = groups;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array.from({ length: halves.length === 2 ? missing : 0 }, () => '0'), ...tail];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

function ranges4(...texts: readonly string[]): readonly Range[] {
  return texts.map((text) => {
    const [address = '', prefix = ''] = text.split('/');
    return { first: parse4(address) ?? 0n, prefix: Number(prefix) };
  });
}

function range6(address: string, prefix: number): Range {
  return { first: parse6(address) ?? 0n, prefix };
}

function ranges6(...given: readonly (readonly [string, number])[]): readonly Range[] {
  return given.map(([address, prefix]) => range6(address, prefix));
}
