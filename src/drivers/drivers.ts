import type { AnyDriver } from './driver.ts';
import { createForwardPost, forwardPost, type ForwardPostOptions } from './forward-post.ts';
import { scaleHost } from './scale-host.ts';
import { scaleService } from './scale-service.ts';
import { serviceUpgrade } from './service-upgrade.ts';

/** Every driver, in the order of the documentation. A file in this folder that is missing here fails a repository test. */
export const drivers: readonly AnyDriver[] = [scaleService, scaleHost, serviceUpgrade, forwardPost];

/** The same for an installation that can reach containers. */
export function createDrivers(options: { readonly forwardPost: ForwardPostOptions }): readonly AnyDriver[] {
  const forwarding = createForwardPost(options.forwardPost);
  return drivers.map((driver) => (driver.id === forwarding.id ? forwarding : driver));
}
