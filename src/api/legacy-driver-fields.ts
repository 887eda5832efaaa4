import type { ResourceField } from '../drivers/driver.ts';

const scale: Readonly<Record<string, ResourceField>> = {
  type: { type: 'string', create: true },
  action: { type: 'enum', create: true, options: ['up', 'down'] },
  amount: { type: 'int', create: true },
  min: { type: 'int', create: true, default: 1, min: 1 },
  max: { type: 'int', create: true, default: 100, min: 1 },
};

/**
 * The fields of the old service's drivers (recording schemas.json). Rancher 1.6's UI page reads the four schemas when it
 * loads and breaks when one is missing, so they are answered whether or not the driver can be used here.
 */
export const legacyDriverFields: Readonly<Record<string, Readonly<Record<string, ResourceField>>>> = {
  scaleService: { ...scale, serviceId: { type: 'string', create: true } },
};
