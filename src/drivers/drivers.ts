import type { AnyDriver } from './driver.ts';
import { createForwardPost, forwardPost, type ForwardPostOptions } from './forward-post.ts';
import type { ScaleDefaults } from './scale-config.ts';
import { createScaleHost, scaleHost } from './scale-host.ts';
import { createScaleService, scaleService } from './scale-service.ts';
import { serviceUpgrade } from './service-upgrade.ts';

/** Every driver, in the order of the documentation. A file in this folder that is missing here fails a repository test. */
export const drivers: readonly AnyDriver[] = [scaleService, scaleHost, serviceUpgrade, forwardPost];

/** The same for an installation: with what it sets for receivers, and with a way to containers where it has one. */
export function createDrivers(options: {
  readonly scaling: ScaleDefaults;
  readonly forwardPost?: ForwardPostOptions;
}): readonly AnyDriver[] {
  const { scaling, forwardPost: forwarding } = options;
  const made: readonly AnyDriver[] = [
    createScaleService(scaling),
    createScaleHost(scaling),
    createForwardPost(forwarding),
  ];
  return drivers.map((driver) => made.find(({ id }) => id === driver.id) ?? driver);
}
