/** A JSON value as text: texts as they are, the rest as JSON writes it. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
