/** A value as an error message may show it: JSON, cut so that a megabyte is not sent back. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Says that a value is not what is needed, to go before the words that say what is. */
export function notOne(value: unknown): string {
  return value === undefined ? 'it is missing' : `${shown(value)} is none`;
}
