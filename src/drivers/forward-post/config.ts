import * as z from 'zod';
import { shown } from '../../domain/shown.ts';
import type { ResourceField } from '../driver.ts';

// Rancher's own rule for names of stacks and services (recording a_schemas_service).
const nameShape = /^(?:[a-zA-Z0-9-]{1,63}\/)?[a-zA-Z0-9-]{1,63}$/;
const pathShape = /^\/[\x21-\x7e]{0,2047}$/;

const isPort = (value: unknown): boolean => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
};

/** `forwardPostConfig`. The old service checked none of it; its fields are the same. */
export const Config = z.strictObject({
  type: z.literal('forwardPost', { error: 'Invalid type; use forwardPost or leave it out' }).optional(),
  projectId: z
    .string({ error: (issue) => `Invalid projectId ${shown(issue.input)}; give this environment's id or leave it out` })
    .optional(),
  serviceName: z.custom<string>((value) => typeof value === 'string' && nameShape.test(value), {
    error: (issue) => `Invalid serviceName ${shown(issue.input)}; give the name of a service, or stack/service`,
  }),
  port: z
    .custom<string | number>(isPort, {
      error: (issue) => `Invalid port ${shown(issue.input)}; give the container's port, 1 to 65535`,
    })
    .transform(String),
  path: z.custom<string>((value) => typeof value === 'string' && pathShape.test(value) && !/[\\#]/.test(value), {
    error: (issue) => `Invalid path ${shown(issue.input)}; give a path that begins with a slash, such as /hooks/push`,
  }),
});

export type Config = z.infer<typeof Config>;

const editable = { create: true, update: true };

/** The same as Rancher's schemas spell it (recording schemas.json). */
export const resourceFields: Readonly<Record<string, ResourceField>> = {
  type: { type: 'string', create: true },
  path: { type: 'string', ...editable },
  port: { type: 'string', ...editable },
  projectId: { type: 'string', ...editable },
  serviceName: { type: 'string', ...editable },
};
