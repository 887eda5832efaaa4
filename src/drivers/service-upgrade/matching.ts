import { isSameRepository, parseImageUuid } from '../../domain/image-reference.ts';
import { matchesLabels } from '../../domain/label-selector.ts';
import type { PushedImage } from '../../domain/signal.ts';
import type { LaunchConfig, Service } from '../../rancher/resources.ts';
import type { Config } from './config.ts';

/** A launch config by its name within the service; the primary one has none. */
export interface NamedLaunchConfig {
  readonly name: string | null;
  readonly launchConfig: LaunchConfig;
}

/** The primary launch config and the sidekicks' in Rancher's order; services without containers have none. */
export function launchConfigsOf(
  service: Pick<Service, 'launchConfig' | 'secondaryLaunchConfigs'>,
): readonly NamedLaunchConfig[] {
  const primary = isObject(service.launchConfig) ? [{ name: null, launchConfig: service.launchConfig }] : [];
  const sidekicks = (service.secondaryLaunchConfigs ?? []).flatMap((launchConfig) =>
    isObject(launchConfig) && typeof launchConfig.name === 'string' ? [{ name: launchConfig.name, launchConfig }] : [],
  );
  return [...primary, ...sidekicks];
}

/**
 * The launch configs that a push concerns: their labels match the selector, and they run the pushed repository. Without the
 * second the old service replaced whatever ran there by any image that was pushed with the tag (rancher#8463).
 */
export function matchingLaunchConfigs(
  service: Service,
  { serviceSelector, matchImage }: Config,
  image: PushedImage | undefined,
): readonly NamedLaunchConfig[] {
  return launchConfigsOf(service).filter(({ launchConfig }) => {
    const running = parseImageUuid(launchConfig.imageUuid);
    if (running === undefined || !matchesLabels(serviceSelector, launchConfig.labels)) return false;
    return image === undefined || !matchImage || isSameRepository(running, image);
  });
}

const aliyunRegistry = /^registry\.([a-z0-9-]+)\.aliyuncs\.com$/;

/** The image to run: where a receiver's hosts reach the registry by another address, that one. */
export function imageToRun(image: PushedImage, { registry, addressType }: Config): PushedImage {
  if (registry !== undefined) return { ...image, registry };
  const region = aliyunRegistry.exec(image.registry ?? '')?.[1];
  return region === undefined ? image : { ...image, registry: `${addressType}.${region}.aliyuncs.com` };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
