import { decideScale } from '../domain/scale-step.ts';
import type { ScaleDecision, ScaleStep } from '../domain/scale-step.ts';
import type { Asked, Decision } from './driver.ts';

const refusals = {
  max: 'Cannot scale above provided max scale value',
  min: 'Cannot scale below provided min scale value',
} as const;

type ScaleSettings = ScaleStep & { readonly cooldownSeconds: number };

/**
 * Decides one item of a scaling driver on the running figure. `sinceChangeMs` is the age of the target's last change that
 * had an effect, absent when there was none. The messages of a refused step are the old service's.
 */
export function decideStep(ask: Asked<ScaleSettings>, figure: number, sinceChangeMs: number | undefined): Decision {
  const { config, itemId } = ask;
  if (sinceChangeMs !== undefined && sinceChangeMs < config.cooldownSeconds * 1000) {
    const seconds = Math.ceil(config.cooldownSeconds - sinceChangeMs / 1000);
    const message = `cooling down for another ${String(seconds)} s`;
    return { itemId, outcome: 'cooling-down', from: figure, to: figure, message };
  }
  return told(ask, figure, decideScale(figure, config));
}

function told({ config, itemId }: Asked<ScaleSettings>, figure: number, decision: ScaleDecision): Decision {
  if (decision.kind === 'scale') {
    const message = `scaled ${config.action} from ${String(figure)} to ${String(decision.to)}`;
    return { itemId, outcome: 'change', from: figure, to: decision.to, message };
  }
  const bound = config.action === 'up' ? 'max' : 'min';
  const message =
    decision.kind === 'unchanged'
      ? `already at ${String(figure)}, ${bound} is ${String(config[bound])}`
      : `${refusals[decision.bound]}; it is at ${String(figure)}, ${decision.bound} is ${String(config[decision.bound])}: change ${decision.bound}, or set onLimit to clamp`;
  return { itemId, outcome: decision.kind, from: figure, to: figure, message };
}
