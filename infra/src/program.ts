import { App } from 'cdktf';
import type { Configuration } from './config/shape.ts';
import { AccessStack } from './stacks/access-stack.ts';
import { AlarmsStack } from './stacks/alarms-stack.ts';
import { MachinesStack } from './stacks/machines-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';

/** An app that synthesises to `outdir`, or to where the CLI says. */
export function createApp(outdir?: string): App {
  return new App(outdir === undefined ? {} : { outdir });
}

/** Adds the stacks to an app. Their ids are names of states and keys of the outputs file: changing one loses both. */
export function addStacks(app: App, configuration: Configuration): void {
  const network = new NetworkStack(app, 'network', configuration);
  const access = new AccessStack(app, 'access', configuration, network);
  new MachinesStack(app, 'machines', configuration, { network, access });
  const hasAlarms = configuration.pools.some((pool) => pool.alarms.up ?? pool.alarms.down);
  if (hasAlarms) new AlarmsStack(app, 'alarms', configuration);
}
