import { isDeepStrictEqual } from 'node:util';
import { isPlainObject } from '../../receivers/receiver-settings.ts';
import { CliError } from '../cli-error.ts';
import { optionFields, optionOf, type ReceiverSpec } from './receiver-document.ts';
import { configOf, type ReceiverResource } from './receiver-resource.ts';
import { readAsStored, type StoredForm } from './stored-form.ts';

interface Difference {
  /** As in the file: `config.amount`. */
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What `apply` does with one receiver of the file. */
export type Step =
  | { readonly kind: 'create'; readonly spec: ReceiverSpec }
  | {
      readonly kind: 'edit';
      readonly spec: ReceiverSpec;
      readonly current: ReceiverResource;
      readonly differences: readonly Difference[];
    }
  | { readonly kind: 'keep'; readonly spec: ReceiverSpec; readonly current: ReceiverResource };

/**
 * Compares a file with what there is, by name. Only what the file names is compared and changed: fields that the service
 * filled in stay, so applying the same file again changes nothing.
 * @throws CliError when a receiver has another driver, or a name belongs to several receivers.
 */
export function planApply(specs: readonly ReceiverSpec[], existing: readonly ReceiverResource[]): readonly Step[] {
  return specs.map((spec) => {
    const [current, ...others] = existing.filter((receiver) => receiver.name === spec.name);
    if (current === undefined) return { kind: 'create', spec };
    if (others.length > 0) {
      throw new CliError(`several receivers are called "${spec.name}"; delete all but one by their ids`);
    }
    if (current.driver !== spec.driver) {
      throw new CliError(
        `the receiver "${spec.name}" has the driver ${current.driver}, and a driver cannot be changed to ${spec.driver}; delete it first or use another name`,
      );
    }
    const differences = compare(spec, current);
    return differences.length === 0 ? { kind: 'keep', spec, current } : { kind: 'edit', spec, current, differences };
  });
}

/**
 * By what is stored, so that a default that the file leaves out and a port that it writes as a number are no differences. What the
 * service would refuse, or cannot use as it is, is compared as it is written.
 */
function compare(spec: ReceiverSpec, current: ReceiverResource): readonly Difference[] {
  const { name, driver } = spec;
  const heldKind = signatureKindOf(current);
  const wanted = readAsStored(bodyOf(spec, current), heldKind);
  const now = readAsStored(bodyOf({ name, driver, config: {} }, current), heldKind);
  const areStored = wanted.kind === 'stored' && now.kind === 'stored';
  const from = areStored ? now.form : asWritten(current);
  const to = areStored ? wanted.form : spec;
  const state = current.state === 'paused' ? 'paused' : 'active';
  return [
    ...Object.keys(spec.config).map((key) => ({ field: `config.${key}`, from: from.config[key], to: to.config[key] })),
    ...optionFields
      .filter((field) => spec[field] !== undefined)
      .map((field) => ({ field, from: from[field], to: to[field] })),
    { field: 'state', from: state, to: spec.state ?? state },
  ].filter((pair) => !isDeepStrictEqual(pair.from, pair.to));
}

function asWritten(receiver: ReceiverResource): StoredForm {
  const options = optionFields.map((field) => [field, optionOf(receiver, field)] as const);
  return { ...Object.fromEntries(options), config: configOf(receiver) };
}

function signatureKindOf(receiver: ReceiverResource): unknown {
  const signature = receiver['signature'];
  return isPlainObject(signature) ? signature['kind'] : undefined;
}

/** What the service would refuse of a step, whatever Rancher says; undefined when it is nothing. */
export function refusalOf(step: Step): { readonly field: string; readonly message: string } | undefined {
  if (step.kind === 'keep') return undefined;
  const current = step.kind === 'edit' ? step.current : undefined;
  const reading = readAsStored(bodyOf(step.spec, current), current && signatureKindOf(current));
  return reading.kind === 'refused' ? reading : undefined;
}

/** The request body that makes or edits a receiver; what the file does not name keeps its present value. */
export function bodyOf(spec: ReceiverSpec, current?: ReceiverResource): Readonly<Record<string, unknown>> {
  const isOtherFormat = spec.format !== undefined && spec.format !== current?.['format'];
  const options = optionFields.flatMap((field) => {
    // The settings of another format would be refused.
    const kept = field === 'formatSettings' && isOtherFormat ? undefined : current?.[field];
    const value = spec[field] ?? kept;
    return value === undefined || value === null ? [] : [[field, value] as const];
  });
  return {
    name: spec.name,
    driver: spec.driver,
    [`${spec.driver}Config`]: { type: spec.driver, ...(current && configOf(current)), ...spec.config },
    ...Object.fromEntries(options),
  };
}

/** One line for a step, and one for each difference. */
export function describeStep(step: Step): string {
  const title = `${step.spec.name} (${step.spec.driver})`;
  switch (step.kind) {
    case 'create':
      return [
        `+ ${title}`,
        ...Object.entries(step.spec.config).map(([name, value]) => `    config.${name}: ${show(value)}`),
      ].join('\n');
    case 'edit':
      return [
        `~ ${title}`,
        ...step.differences.map(({ field, from, to }) => `    ${field}: ${show(from)} -> ${show(to)}`),
      ].join('\n');
    default:
      return `= ${title}`;
  }
}

function show(value: unknown): string {
  return value === undefined || value === null ? '(not set)' : JSON.stringify(value);
}
