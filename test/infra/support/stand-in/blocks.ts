import type { AttributeSchema, BlockSchema } from '../../../../infra/provider-alicloud/scripts/notation.ts';
import { Unknown, unknown } from './values.ts';
import type { Values } from './values.ts';

export type Invent = (name: string, attribute: AttributeSchema, values: Values) => unknown;

/** What a plan says of a block: computed values that are not set stay as they were, or are not known yet. */
export function plan(block: BlockSchema, proposed: Values, prior: Values | null): Values {
  return mapBlock(block, proposed, (name, attribute) => {
    const value = proposed[name];
    return attribute.computed && value === null ? (prior?.[name] ?? (prior ? null : unknown)) : value;
  });
}

/** What was made of a planned block: everything unknown has a value now. */
export function settle(block: BlockSchema, planned: Values, invent: Invent): Values {
  return mapBlock(block, planned, (name, attribute) =>
    planned[name] instanceof Unknown ? invent(name, attribute, planned) : planned[name],
  );
}

function mapBlock(
  block: BlockSchema,
  values: Values,
  attributeValue: (name: string, attribute: AttributeSchema) => unknown,
): Values {
  const mapped: Record<string, unknown> = { ...values };
  for (const [name, attribute] of Object.entries(block.attributes ?? {}))
    mapped[name] = attributeValue(name, attribute);
  return mapped;
}
