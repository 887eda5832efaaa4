interface SourceAwareJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(source: string): unknown;
}

// TypeScript's library does not know JSON.rawJSON and the reviver's context yet; Node 24 has both.
const sourceAware = JSON as unknown as SourceAwareJson;

/**
 * Parses JSON as Rancher keeps it: integers above 2^53 come back digit for digit (recording d_resourcedata_types).
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);

  return sourceAware.parse(text, (_key, value, context) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && context.source !== undefined
      ? sourceAware.rawJSON(context.source)
      : value,
  );
}
