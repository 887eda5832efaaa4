import * as z from 'zod';
import { CliError } from '../cli-error.ts';

/** The version of `machine_templates` that is read here (infra/machine-templates.schema.json). */
const supportedVersion = 1;

const Labels = z.record(z.string().min(1), z.string());

/**
 * One template of the output `machine_templates`. Which fields `driverConfig` may have is asked of the machine driver in
 * Rancher, so that a driver that learns another one needs no change here; numbers are refused, because the machine service
 * fails on them.
 */
const MachineTemplate = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  pool: z.string().min(1),
  zone: z.string().min(1),
  driver: z.string().regex(/^[a-z][a-z0-9]*$/),
  driverConfig: z.record(z.string().min(1), z.union([z.string(), z.boolean(), z.array(z.string())])),
  labels: Labels,
  engine: z.strictObject({
    engineInstallUrl: z.string().min(1),
    engineInsecureRegistry: z.array(z.string().min(1)).optional(),
    engineOpt: Labels.optional(),
    engineRegistryMirror: z.array(z.string().min(1)).optional(),
    engineStorageDriver: z.string().min(1).optional(),
  }),
  hosts: z.strictObject({ min: z.int().min(0), max: z.int().min(1), step: z.int().min(1) }),
});

export type MachineTemplate = z.infer<typeof MachineTemplate>;

const Templates = z.strictObject({ version: z.literal(supportedVersion), templates: z.array(MachineTemplate) });
const Outputs = z.looseObject({
  machines: z.looseObject({ machine_templates: z.looseObject({ version: z.unknown().optional() }) }),
});

const origin = 'give the file that "npm run infra:deploy -- … machines --outputs-file outputs.json" wrote';
const secretName = /secret|password|passphrase|private_?key|token|credential/i;
/** The access stack's own outputs: the secret encrypted to the operator's PGP key, and that key's fingerprint. */
const harmlessName = /_(encrypted|fingerprint)$/;

/**
 * Reads what `cdktf deploy --outputs-file` wrote.
 * @throws CliError naming every place that is wrong, and no value of it: the file may hold what it should not
 */
export function readOutputs(text: string, fileName: string): readonly MachineTemplate[] {
  const outputs = parse(text, fileName);
  const secrets = secretPlaces(outputs, []);
  if (secrets.length > 0) {
    const places = secrets.map((place) => `${fileName}: ${place} looks like a secret, which no output may hold`);
    throw new CliError(
      `${places.join('\n')}\ntake it out and give the secret with --secret-file, --secret-stdin or ECS_ACCESS_KEY_SECRET`,
    );
  }
  const found = Outputs.safeParse(outputs);
  if (!found.success) {
    throw new CliError(
      `${fileName}: it has no output machines.machine_templates; deploy the stack machines, and ${origin}`,
    );
  }
  const { version } = found.data.machines.machine_templates;
  if (version !== supportedVersion) {
    const given = typeof version === 'number' ? `version ${String(version)}` : 'no version';
    throw new CliError(
      `${fileName}: machine_templates has ${given}, and this program reads version ${String(supportedVersion)}; use infra and receiver-hooks of the same release`,
    );
  }
  const parsed = Templates.safeParse(found.data.machines.machine_templates);
  if (!parsed.success)
    throw new CliError(parsed.error.issues.map((issue) => `${fileName}: ${explain(issue)}`).join('\n'));
  refuseContradictions(parsed.data.templates, fileName);
  return parsed.data.templates;
}

/** The parser's own complaint would quote the text. */
function parse(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CliError(`${fileName}: it is not JSON; ${origin}`);
  }
}

function explain(issue: z.core.$ZodIssue): string {
  const place = ['machine_templates', ...issue.path].map(String).join('.');
  if (issue.code !== 'unrecognized_keys') return `${place}: ${issue.message}`;
  return `${place}: unknown field ${issue.keys.join(', ')}; use infra and receiver-hooks of the same release`;
}

function secretPlaces(value: unknown, path: readonly string[]): readonly string[] {
  if (typeof value === 'string') return value.includes('PRIVATE KEY-----') ? [path.join('.')] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    // Labels are the operator's own words, and readable to everybody in Rancher anyway.
    const isLabel = path.at(-1) === 'labels';
    if (secretName.test(name) && !harmlessName.test(name) && !isLabel) return [[...path, name].join('.')];
    return secretPlaces(inner, [...path, name]);
  });
}

function refuseContradictions(templates: readonly MachineTemplate[], fileName: string): void {
  const complaints = templates.flatMap((template, index) => {
    const before = templates.slice(0, index);
    if (before.some(({ name }) => name === template.name)) return [`two templates are called "${template.name}"`];
    const sibling = before.find(({ pool }) => pool === template.pool);
    const isAlike = sibling === undefined || sameOfPool(sibling) === sameOfPool(template);
    return isAlike ? [] : [`the pool "${template.pool}" has other labels or bounds in ${template.zone}`];
  });
  if (complaints.length > 0) {
    throw new CliError(
      `${complaints.map((complaint) => `${fileName}: ${complaint}`).join('\n')}\n${origin}, unchanged`,
    );
  }
}

function sameOfPool({ labels, hosts }: MachineTemplate): string {
  return JSON.stringify([
    Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    hosts.min,
    hosts.max,
    hosts.step,
  ]);
}
