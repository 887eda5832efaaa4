import ipaddr from 'ipaddr.js';
import * as z from 'zod';

/** CloudMonitor's published callback addresses (alibabacloud.com, doc-detail/60714, read in November 2026). */
export const namedSources: Readonly<Record<string, readonly string[]>> = {
  cloudmonitor: [
    '47.74.206.0/26',
    '47.74.206.64/26',
    '47.74.206.128/26',
    '47.74.206.192/26',
    '8.222.159.116/32',
    '106.11.225.0/24',
    '106.11.226.0/24',
    '106.11.227.0/24',
    '106.11.242.0/24',
    '106.11.167.0/24',
    '106.11.245.0/24',
    '59.82.0.0/16',
    '203.119.128.0/17',
    '121.41.9.246/32',
  ],
};

/** From where triggers are taken: addresses, CIDR ranges and named lists. */
export const AllowedSources = z
  .array(
    z
      .string()
      .max(64)
      .refine((text) => isSource(text)),
  )
  .min(1)
  .max(64);
export type AllowedSources = z.infer<typeof AllowedSources>;

function isSource(text: string): boolean {
  if (Object.hasOwn(namedSources, text)) return true;
  // ipaddr.js would read "010.1" and "10" as addresses, as old C libraries do.
  const plain = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:.]+:[0-9a-fA-F:.]*)(?:\/\d{1,3})?$/.test(text);
  return plain && (text.includes('/') ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text));
}
