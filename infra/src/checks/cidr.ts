/** An IPv4 network: its first address as a number, and how many leading bits are fixed. */
export interface Cidr {
  readonly first: number;
  readonly prefixLength: number;
}

export type ParsedCidr = { readonly cidr: Cidr } | { readonly problem: string; readonly remedy: string };

const addressBits = 32;

/** Reads `10.0.0.0/8`. Refuses what is no network: another form, bits after the prefix. */
export function parseCidr(text: string): ParsedCidr {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const prefixLength = Number(match?.[5]);
  const hasLeadingZero = /(^|[./])0\d/.test(text);
  if (!match || hasLeadingZero || octets.some((octet) => octet > 255) || prefixLength > addressBits) {
    return { problem: 'it is not an IPv4 network', remedy: 'write four numbers and a prefix length, like 10.0.0.0/16' };
  }
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = address - (address % size(prefixLength));
  if (first !== address) {
    const network = showCidr({ first, prefixLength });
    return { problem: `it has bits set after the first ${prefixLength}`, remedy: `write ${network}` };
  }
  return { cidr: { first, prefixLength } };
}

/** As `parseCidr`, for constants of ours: throws where a user would be told. */
export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!('cidr' in parsed)) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.cidr;
}

export function showCidr({ first, prefixLength }: Cidr): string {
  const octets = [16_777_216, 65_536, 256, 1].map((unit) => Math.floor(first / unit) % 256);
  return `${octets.join('.')}/${prefixLength}`;
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.first <= inner.first && lastAddress(inner) <= lastAddress(outer);
}

export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.first <= lastAddress(other) && other.first <= lastAddress(one);
}

/** Whether an address is one of those that no public caller can reach or be: private, loopback, link-local, shared. */
export function isPrivateAddress(address: string): boolean {
  const parsed = parseCidr(`${address}/32`);
  return 'cidr' in parsed && privateRanges.some((range) => contains(range, parsed.cidr));
}

const privateRanges = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
].map(cidr);

function size(prefixLength: number): number {
  return 2 ** (addressBits - prefixLength);
}

function lastAddress({ first, prefixLength }: Cidr): number {
  return first + size(prefixLength) - 1;
}
