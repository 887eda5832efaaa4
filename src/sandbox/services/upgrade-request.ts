import { randomUUID } from 'node:crypto';
import { isMap, type Body } from '../body.ts';
import { unprocessable } from '../errors.ts';
import { accept, type Fields } from '../fields.ts';
import { filledLaunchConfig, filledSidekicks } from './launch-config.ts';
import type { InServiceStrategy, ServiceRow } from './service-row.ts';

/** Bounds and defaults from the recording a_schemas_inserviceupgradestrategy. */
const strategyFields: Fields = {
  batchSize: { type: 'int', writable: 'always', min: 1, default: 1 },
  intervalMillis: { type: 'int', writable: 'always', min: 100, default: 2000 },
  startFirst: { type: 'boolean', writable: 'always', default: false },
};

/**
 * Reads the body of `upgrade`. A given launch config replaces the old one whole; one that is left out stays. Sidekicks are
 * taken by name: those given come first, the others stay as they are, an unknown one is added
 * (recordings c_upgrade_partial_launchconfig, c_upgrade_one_secondary_only, c_upgrade_secondary_unknown_name).
 * @throws ApiError 422 as in the recordings c_upgrade_no_strategy, _empty_strategy, _batchsize_*, _interval_*
 */
export function readStrategy(service: ServiceRow, body: Body): InServiceStrategy {
  const given = body['inServiceStrategy'];
  if (isMap(body['toServiceStrategy'])) throw unprocessable('InvalidReference', 'toServiceId');
  if (!isMap(given)) throw unprocessable('MissingRequired', 'Upgrade strategy needs to be set');
  const { batchSize, intervalMillis, startFirst } = accept(strategyFields, given, 'create');
  const { launchConfig, secondaryLaunchConfigs } = given;
  if (!isMap(launchConfig) && !Array.isArray(secondaryLaunchConfigs)) {
    throw unprocessable(
      'InvalidOption',
      'LaunchConfig/secondaryLaunchConfigs need to be specified for inService strategy',
    );
  }
  const version = randomUUID();
  const previous = service.secondaryLaunchConfigs ?? [];
  return {
    type: 'inServiceUpgradeStrategy',
    batchSize: batchSize as number,
    intervalMillis: intervalMillis as number,
    startFirst: startFirst as boolean,
    launchConfig: isMap(launchConfig) ? { ...filledLaunchConfig(launchConfig), version } : service.launchConfig,
    secondaryLaunchConfigs: replaced(previous, secondaryLaunchConfigs, version),
    previousLaunchConfig: service.launchConfig,
    previousSecondaryLaunchConfigs: previous,
  };
}

function replaced(previous: readonly Body[], given: unknown, version: string): readonly Body[] {
  const sidekicks = (filledSidekicks(given) ?? []).map((config) => ({ ...config, version }));
  if (sidekicks.length === 0) return previous;
  const names = new Set(sidekicks.map((config) => (config as Body)['name']));
  return [...sidekicks, ...previous.filter((config) => !names.has(config['name'])).toReversed()];
}
