import * as z from 'zod';
import { isRegistry, isTag } from '../../domain/image-reference.ts';
import type { LabelSelector } from '../../domain/label-selector.ts';
import { notOne, shown } from '../../domain/shown.ts';
import type { ResourceField } from '../driver.ts';
import { compileTagPattern, tagMatches } from './tag-pattern.ts';

const addressTypes = ['registry', 'registry-internal', 'registry-vpc'] as const;
const payloadFormats = ['dockerhub', 'alicloud', 'azure'] as const;

const wholeNumber = (words: string, atMost: number, remedy: string) =>
  z.custom<number>((value) => Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= atMost, {
    error: (issue) => `${words}; ${notOne(issue.input)}, ${remedy}`,
  });

/** The old service stored an empty text for what was left out. */
const choice = <const Options extends readonly [string, ...string[]]>(
  name: string,
  options: Options,
  standard: Options[number],
) =>
  z.preprocess(
    (value) => (value === '' || value === null || value === undefined ? standard : value),
    z.enum(options, { error: (issue) => `Invalid ${name} ${shown(issue.input)}; use ${options.join(', ')}` }),
  );

const mostLabels = 50;

const Selector = z.custom<LabelSelector>(isSelector, {
  error: ({ input }) =>
    isObject(input) && Object.keys(input).length > 0
      ? `Invalid serviceSelector ${shown(input)}; give at most ${String(mostLabels)} labels, each a text, empty for any value`
      : 'Service selectors not provided; name at least one label, because none at all would be every service',
});

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSelector(value: unknown): value is LabelSelector {
  if (!isObject(value)) return false;
  const labels = Object.entries(value);
  return (
    labels.length > 0 &&
    labels.length <= mostLabels &&
    labels.every(([key, label]) => key !== '' && key.length <= 255 && typeof label === 'string' && label.length <= 255)
  );
}

const noTag = 'Tag not provided; give the tag that a push must have';

/** YAML reads `1.27` as a number, and `1.20` as the number 1.2: which tag was meant only its quotes can tell. */
const wrongTag = ({ input }: { readonly input?: unknown }): string =>
  input === undefined || input === null
    ? noTag
    : `Invalid tag ${shown(input)}; a tag is a text, put numbers in quotes, as "1.27"`;

/** `serviceUpgradeConfig`: the old service's fields, and ours. `intervalMillis` is in seconds on the wire, as it always was. */
export const Config = z
  .strictObject({
    type: z.literal('serviceUpgrade', { error: 'Invalid type; use serviceUpgrade or leave it out' }).optional(),
    serviceSelector: Selector,
    tag: z.string({ error: wrongTag }).min(1, { error: noTag }),
    tagMatch: choice('tagMatch', tagMatches, 'exact'),
    payloadFormat: choice('payloadFormat', payloadFormats, 'dockerhub'),
    addressType: choice('addressType', addressTypes, 'registry'),
    registry: z.preprocess(
      (value) => (value === '' || value === null ? undefined : value),
      z
        .string({
          error: (issue) => `Invalid registry ${shown(issue.input)}; give a host, such as registry.example.com:5000`,
        })
        .refine(isRegistry, {
          error: (issue) => `Invalid registry ${shown(issue.input)}; give a host without scheme or path`,
        })
        .optional(),
    ),
    batchSize: wholeNumber(
      'Batch size for upgrade not provided/invalid',
      100_000,
      'a whole number of at least 1 is needed',
    ),
    intervalMillis: wholeNumber(
      'Batch interval for upgrade not provided/invalid',
      86_400,
      'whole SECONDS from 1 to 86400 are needed, whatever the name says',
    ),
    startFirst: z.preprocess((value) => value ?? false, z.boolean({ error: 'Invalid startFirst; use true or false' })),
    matchImage: z.preprocess((value) => value ?? true, z.boolean({ error: 'Invalid matchImage; use true or false' })),
    onFailure: choice('onFailure', ['leave', 'rollback'], 'leave'),
  })
  .superRefine(({ tag, tagMatch }, context) => {
    if (tagMatch === 'exact' && !isTag(tag)) {
      const message = `Invalid tag ${tag.slice(0, 200)}, tag length must be < 128, must contain [a-zA-Z0-9.-_] characters only, cannot start with '.' or '-'; for a pattern set tagMatch to glob, regex or semver`;
      context.addIssue({ code: 'custom', path: ['tag'], message });
      return;
    }
    const pattern = compileTagPattern(tag, tagMatch);
    if (pattern.kind === 'pattern') return;
    context.addIssue({
      code: 'custom',
      path: ['tag'],
      message: `Invalid tag ${tag.slice(0, 200)} as ${tagMatch}: ${pattern.reason}`,
    });
  });

export type Config = z.infer<typeof Config>;

const editable = { create: true, update: true };

/** The same as Rancher's schemas spell it; the old service's fields are as it describes them (recording schemas.json). */
export const resourceFields: Readonly<Record<string, ResourceField>> = {
  type: { type: 'string', create: true },
  addressType: { type: 'enum', ...editable, default: 'registry', options: addressTypes },
  batchSize: { type: 'int', ...editable, default: 1, min: 1 },
  intervalMillis: { type: 'int', ...editable, default: 2, min: 1 },
  payloadFormat: { type: 'enum', ...editable, default: 'dockerhub', options: payloadFormats },
  serviceSelector: { type: 'map[string]', ...editable },
  startFirst: { type: 'bool', ...editable, default: false },
  tag: { type: 'string', ...editable },
  tagMatch: { type: 'enum', ...editable, default: 'exact', options: tagMatches },
  registry: { type: 'string', ...editable, nullable: true },
  matchImage: { type: 'bool', ...editable, default: true },
  onFailure: { type: 'enum', ...editable, default: 'leave', options: ['leave', 'rollback'] },
};
