import { isDeepStrictEqual } from 'node:util';
import { CliError } from '../cli-error.ts';
import { optionFields, optionOf, type ReceiverSpec } from './receiver-document.ts';
import { configOf, type ReceiverResource } from './receiver-resource.ts';

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

function compare(spec: ReceiverSpec, current: ReceiverResource): readonly Difference[] {
  const config = configOf(current);
  const pairs: readonly Difference[] = [
    ...Object.entries(spec.config).map(([name, to]) => ({ field: `config.${name}`, from: config[name], to })),
    ...optionFields.map((field) => ({ field, from: optionOf(current, field), to: spec[field] })),
    { field: 'state', from: current.state === 'paused' ? 'paused' : 'active', to: spec.state },
  ];
  return pairs.filter(({ from, to }) => to !== undefined && !isDeepStrictEqual(from, to));
}

/** The request body that makes or edits a receiver; what the file does not name keeps its present value. */
export function bodyOf(spec: ReceiverSpec, current?: ReceiverResource): object {
  const options = optionFields.flatMap((field) => {
    const value = spec[field] ?? current?.[field];
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
