import * as z from 'zod';
import type { DeleteOption } from '../../domain/host-choice.ts';
import { shown } from '../../domain/shown.ts';
import type { ResourceField } from '../driver.ts';
import { minimumScale, notAbove, scaleFields, scaleShape } from '../scale-config.ts';
import { agentLabelPrefix, markerLabel } from './labels.ts';

const mostEntries = 50;
/** Nobody means more in a label, while what Docker is told may be a list of proxies. */
const longest = { label: 255, option: 4_096 } as const;

const map = (field: string, kind: keyof typeof longest) =>
  z
    .record(
      z.string().min(1),
      z.string({
        error: ({ input }) => `Invalid ${field}: ${shown(input)} is no text; give a text, numbers in quotes`,
      }),
      {
        error: ({ input }) => `Invalid ${field} ${shown(input)}; a map of labels to texts is needed, as {"tier":"web"}`,
      },
    )
    .superRefine((given, context) => {
      const entries = Object.entries(given);
      const length = Math.max(0, ...entries.flat().map((each) => each.length));
      if (entries.length > mostEntries)
        context.addIssue(
          `Invalid ${field}: it has ${String(entries.length)} labels; give at most ${String(mostEntries)}`,
        );
      if (length > longest[kind])
        context.addIssue(
          `Invalid ${field}: a text has ${String(length)} characters; give at most ${String(longest[kind])}`,
        );
    });
const text = (field: string) =>
  z.string({ error: (issue) => `Invalid host.${field} ${shown(issue.input)}; a text is needed` }).min(1, {
    error: `Invalid host.${field}: it is empty; leave it out instead`,
  });
const texts = (field: string) =>
  z.array(z.string().min(1), {
    error: (issue) => `Invalid host.${field} ${shown(issue.input)}; a list of texts is needed`,
  });

/** What a new host gets besides its template: labels, and Docker's options (the machine service's field names). */
const HostOptions = z.strictObject(
  {
    labels: map('host.labels', 'label').optional(),
    engineInstallUrl: text('engineInstallUrl').optional(),
    engineStorageDriver: text('engineStorageDriver').optional(),
    engineEnv: map('host.engineEnv', 'option').optional(),
    engineLabel: map('host.engineLabel', 'option').optional(),
    engineOpt: map('host.engineOpt', 'option').optional(),
    engineRegistryMirror: texts('engineRegistryMirror').optional(),
    engineInsecureRegistry: texts('engineInsecureRegistry').optional(),
  },
  {
    error: ({ code, input }) =>
      code === 'invalid_type'
        ? `Invalid host ${shown(input)}; an object with labels and engine options is needed`
        : undefined,
  },
);

export type HostOptions = z.infer<typeof HostOptions>;

/** Rancher writes `null` for what was not given, and the old service stores it so. */
const absentWhenNull = (value: unknown): unknown => value ?? undefined;

const Fields = z.strictObject({
  type: z.literal('scaleHost', { error: 'Invalid type; use scaleHost or leave it out' }).optional(),
  hostSelector: z.preprocess(absentWhenNull, map('hostSelector', 'label').optional()).optional(),
  ...scaleShape,
  min: minimumScale({ atLeast: 0 }),
  hostTemplateId: z
    .preprocess(
      (value) => (value === '' ? undefined : absentWhenNull(value)),
      z
        .string({ error: (issue) => `Invalid hostTemplateId ${shown(issue.input)}; give a template's id, as 1ht1` })
        .regex(/^1ht\d{1,18}$/, {
          error: (issue) => `Invalid hostTemplateId ${shown(issue.input)}; give a template's id, as 1ht1`,
        })
        .optional(),
    )
    .optional(),
  host: z.preprocess(absentWhenNull, HostOptions.optional()).optional(),
  deleteOption: z.unknown().optional(),
  onHostError: z
    .enum(['keep', 'remove'], {
      error: (issue) => `Invalid onHostError ${shown(issue.input)}; use keep or remove`,
    })
    .default('keep'),
  customHosts: z
    .enum(['keep', 'remove'], {
      error: (issue) => `Invalid customHosts ${shown(issue.input)}; use keep or remove`,
    })
    .default('keep'),
});

const rules = Fields.superRefine((config, context) => {
  const complain = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  const { hostSelector, hostTemplateId, host, action, deleteOption } = config;
  // Without a template nothing would be left to clone, and the group could never come back.
  if (config.min === 0 && hostTemplateId === undefined)
    complain(
      'min',
      'Minimum scale not provided/invalid; 0 is none, at least 1 is needed, or a hostTemplateId to come back from 0',
    );
  if (hostSelector === undefined && hostTemplateId === undefined)
    complain('hostSelector', 'HostSelector not provided; give labels, as {"tier":"web"}, or a hostTemplateId');
  if (hostSelector !== undefined && Object.keys(hostSelector).length === 0)
    complain('hostSelector', 'HostSelector is empty and would mean every host; give at least one label');
  for (const [field, given] of [
    ['hostSelector', hostSelector],
    ['host', host?.labels],
  ] as const) {
    const ours = Object.keys(given ?? {}).find((key) => key === markerLabel || key.startsWith(agentLabelPrefix));
    if (ours !== undefined)
      complain(
        field,
        `Invalid label ${ours}; labels of the agent and of a change differ from host to host, choose another`,
      );
  }
  if (host !== undefined && hostTemplateId === undefined)
    complain('host', 'host is given without hostTemplateId; a cloned host takes labels and options from its base');
  if (config.max <= config.min) complain('max', notAbove(config));
  const isNamed = deleteOption !== undefined && deleteOption !== null && deleteOption !== '';
  if (action === 'up' && isNamed)
    complain('deleteOption', 'Delete option not to be provided while scaling up; leave it out');
  if (action === 'down' && deleteOption !== 'mostRecent' && deleteOption !== 'leastRecent') {
    const given = !isNamed ? '' : typeof deleteOption === 'string' ? deleteOption : shown(deleteOption);
    complain('deleteOption', `Invalid delete option/Delete option missing ${given}; use mostRecent or leastRecent`);
  }
});

/** `scaleHostConfig`: the old service's fields (v0.9.15), `hostTemplateId` of its 2017 preview, and ours. */
export const ScaleHostConfig = rules.transform(({ deleteOption, ...config }) => {
  const option: DeleteOption | undefined =
    deleteOption === 'mostRecent' || deleteOption === 'leastRecent' ? deleteOption : undefined;
  return { ...config, ...(option === undefined ? {} : { deleteOption: option }) };
});

export type ScaleHostConfig = z.infer<typeof ScaleHostConfig>;

/** As Rancher's schemas spell it. The UI page of Rancher 1.6 reads `hostSelector` and `deleteOption` (recording schemas.json). */
export const scaleHostFields: Readonly<Record<string, ResourceField>> = {
  ...scaleFields,
  min: { ...scaleFields['min'], type: 'int', min: 0 },
  deleteOption: { type: 'enum', create: true, update: true, options: ['mostRecent', 'leastRecent'] },
  hostSelector: { type: 'map[string]', create: true, update: true },
  hostTemplateId: { type: 'reference[hostTemplate]', create: true, update: true, nullable: true },
  host: { type: 'json', create: true, update: true, nullable: true },
  onHostError: { type: 'enum', create: true, update: true, default: 'keep', options: ['keep', 'remove'] },
  customHosts: { type: 'enum', create: true, update: true, default: 'keep', options: ['keep', 'remove'] },
};
