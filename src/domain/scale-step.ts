/** A day: whoever wants to wait longer after a change wants to pause the receiver. */
export const mostCooldownSeconds = 86_400;

/** What a receiver asks of a figure: a step within bounds. Containers for services, machines for hosts. */
export interface ScaleStep {
  readonly action: 'up' | 'down';
  readonly amount: number;
  readonly min: number;
  readonly max: number;
  /** `reject`: a step that would pass a bound is refused whole; `clamp`: it goes as far as the bound. */
  readonly onLimit: 'reject' | 'clamp';
}

export type ScaleDecision =
  | { readonly kind: 'scale'; readonly to: number }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'limit-reached'; readonly bound: 'min' | 'max' };

/**
 * Decides one step. A bound never turns a request round: at 12 with max 10, "one more" leaves 12 alone, and a step up is
 * never a step down. Stable: deciding again from the result never goes past a bound.
 */
export function decideScale(from: number, step: ScaleStep): ScaleDecision {
  const bound = step.action === 'up' ? 'max' : 'min';
  const wanted = step.action === 'up' ? from + step.amount : from - step.amount;
  const isWithin = step.action === 'up' ? wanted <= step.max : wanted >= step.min;
  if (isWithin) return { kind: 'scale', to: wanted };
  if (step.onLimit === 'reject') return { kind: 'limit-reached', bound };
  const room = step.action === 'up' ? step.max - from : from - step.min;
  if (room <= 0) return { kind: 'unchanged' };
  return { kind: 'scale', to: step[bound] };
}
