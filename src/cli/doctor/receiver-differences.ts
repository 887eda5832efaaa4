import type { InstallPlace, ReceiverDefaults } from '../../config/config.ts';
import { parseImageUuid } from '../../domain/image-reference.ts';
import { shown } from '../../domain/shown.ts';
import type { AnyDriver } from '../../drivers/driver.ts';
import { drivers } from '../../drivers/drivers.ts';
import { reasonNotScalable } from '../../drivers/scale-service.ts';
import { Config as UpgradeConfig } from '../../drivers/service-upgrade/config.ts';
import { matchingLaunchConfigs } from '../../drivers/service-upgrade/matching.ts';
import type { Service } from '../../rancher/resources.ts';

/** One thing that a receiver of the old service does otherwise here. */
export interface Difference {
  /** What the old service does (measured on v0.9.15, or read in its source). */
  readonly old: string;
  readonly here: string;
  readonly remedy: string;
}

/** A receiver as the old service stored it; nothing in it has been checked by anybody. */
export interface OldReceiver {
  readonly driver: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly namesSources: boolean;
  /** This service has written it, or somebody has adopted it; whether it was changed by hand since, only the service can tell. */
  readonly isAdopted: boolean;
}

export interface Surroundings {
  readonly projectId: string;
  readonly installPlace: InstallPlace;
  readonly receiverDefaults: ReceiverDefaults;
  /** `TRUST_EXISTING_RECEIVERS`. */
  readonly trustExistingReceivers: boolean;
  readonly services: readonly Service[];
}

const mostNamed = 5;

/** What changes for one receiver when this service takes over; nothing when it acts alike. */
export function differencesOf(receiver: OldReceiver, surroundings: Surroundings): readonly Difference[] {
  const driver = drivers.find(({ id }) => id === receiver.driver);
  if (driver === undefined) {
    const old = `answers an error for the driver ${shown(receiver.driver)}`;
    return [{ old, here: 'lists it with state error', remedy: 'remove it' }];
  }
  const parsed = driver.Config.safeParse(receiver.config);
  const refused = parsed.success ? [] : [refusedConfig(receiver, parsed.error.issues[0]?.message ?? 'it is not valid')];
  return [...refused, ...ofDriver(receiver, surroundings), ...ofDefaults(receiver, driver, surroundings)];
}

function ofDriver(receiver: OldReceiver, surroundings: Surroundings): readonly Difference[] {
  switch (receiver.driver) {
    case 'scaleService':
      return ofScaleService(receiver, surroundings);
    case 'scaleHost':
      return ofScaleHost(receiver, surroundings);
    case 'serviceUpgrade':
      return ofServiceUpgrade(receiver, surroundings);
    case 'forwardPost':
      return ofForwardPost(receiver, surroundings);
    default:
      return [];
  }
}

/** The old service has no such settings, so what the installation sets holds for everything it stored. */
function ofDefaults(
  { config, namesSources }: OldReceiver,
  driver: AnyDriver,
  { receiverDefaults: { cooldownSeconds, allowedSources } }: Surroundings,
): readonly Difference[] {
  const cooling: Difference = {
    old: 'acts on every trigger',
    here: `does nothing within ${String(cooldownSeconds)} s of its target's last change (COOLDOWN_SECONDS)`,
    remedy: 'set its cooldownSeconds to 0, or leave COOLDOWN_SECONDS out',
  };
  const guarded: Difference = {
    old: 'takes triggers from every address',
    here: `takes them from ${some(allowedSources ?? [])} only (ALLOWED_SOURCES)`,
    remedy: 'set its allowedSources, ["0.0.0.0/0","::/0"] for every address, or leave ALLOWED_SOURCES out',
  };
  const cools = cooldownSeconds > 0 && 'cooldownSeconds' in driver.resourceFields;
  return [
    ...(cools && config['cooldownSeconds'] === undefined ? [cooling] : []),
    ...(allowedSources !== undefined && !namesSources ? [guarded] : []),
  ];
}

function refusedConfig({ driver, config }: OldReceiver, reason: string): Difference {
  const isWithoutSelector = driver === 'serviceUpgrade' && Object.keys(mapOf(config['serviceSelector'])).length === 0;
  return {
    old: isWithoutSelector ? 'a trigger ends the whole service, or upgrades every service' : 'accepts the settings',
    here: `lists it with state error and refuses its triggers: ${reason}`,
    remedy: 'make it again with settings that are accepted',
  };
}

function ofScaleService({ config }: OldReceiver, { services }: Surroundings): readonly Difference[] {
  const service = services.find(({ id }) => id === config['serviceId']);
  const reason = service === undefined ? undefined : reasonNotScalable(service);
  if (reason === undefined) return [];
  return [
    {
      old: 'answers 200 and Rancher changes nothing',
      here: `answers an error: ${reason.message}`,
      remedy: 'point it at a service that can be scaled, or remove it',
    },
  ];
}

function ofScaleHost(
  { config, isAdopted }: OldReceiver,
  { trustExistingReceivers }: Surroundings,
): readonly Difference[] {
  const labels = Object.keys(mapOf(config['hostSelector']));
  const several: Difference = {
    old: `of its ${String(labels.length)} labels one, chosen at random at each trigger, decides alone`,
    here: 'a host must carry all of them',
    remedy: 'see that the hosts of the group carry all labels',
  };
  const customs: Difference = {
    old: 'removes custom hosts, too, and of bad hosts more than amount',
    here: 'removes only hosts that a machine driver made, never more than amount and never below min',
    remedy: 'set customHosts to remove if custom hosts are to go, too',
  };
  const failing: Difference = {
    old: 'makes one more machine at each trigger however many are in error, and two of one name when called twice at once',
    here: 'counts its own hosts in error against max',
    remedy: 'set onHostError to remove if they are to make room by themselves',
  };
  const adoption: Difference = {
    old: 'acts for whoever could write the receiver into Rancher',
    here: 'does nothing until somebody who may create hosts has adopted it',
    remedy: 'receiver-hooks receivers adopt <id>, or TRUST_EXISTING_RECEIVERS=true for all of them',
  };
  return [
    ...(labels.length > 1 ? [several] : []),
    ...(config['action'] === 'down' ? [customs] : [failing]),
    ...(trustExistingReceivers || isAdopted ? [] : [adoption]),
  ];
}

function ofServiceUpgrade({ config }: OldReceiver, { services }: Surroundings): readonly Difference[] {
  const parsed = UpgradeConfig.safeParse(config);
  if (!parsed.success || !parsed.data.matchImage) return [];
  const matching = services.filter((service) => matchingLaunchConfigs(service, parsed.data, undefined).length > 0);
  if (matching.length === 0) return [];
  const repositories = new Set(
    matching
      .flatMap((service) => matchingLaunchConfigs(service, parsed.data, undefined))
      .flatMap(({ launchConfig }) => parseImageUuid(launchConfig.imageUuid)?.repository ?? []),
  );
  return [
    {
      old: `a push of any image with the tag ${parsed.data.tag} replaces what runs in ${some(matching.map(nameOf))}`,
      here: `only pushes of the image that runs there already count (${some([...repositories])})`,
      remedy: 'set matchImage to false if services are to be moved to another image',
    },
  ];
}

function ofForwardPost({ config }: OldReceiver, { projectId, installPlace }: Surroundings): readonly Difference[] {
  const old = "sends Rancher's own key and the trigger's key along, through Rancher's proxy";
  if (installPlace === 'rancher-proxy') {
    const here = 'refuses it with FORWARD_NOT_AVAILABLE';
    return [{ old, here, remedy: 'run this service as a service of the environment' }];
  }
  const foreign: Difference = {
    old: `forwards to environment ${shown(config['projectId'])}`,
    here: `refuses: a receiver of ${projectId} reaches that environment only`,
    remedy: 'make the receiver in the environment of the service',
  };
  return [
    {
      old,
      here: 'calls the container by its address, with body and content type only',
      remedy: 'let it need no other header',
    },
    ...(config['projectId'] === projectId || config['projectId'] === undefined ? [] : [foreign]),
  ];
}

function nameOf({ name, id }: Service): string {
  return name ?? id;
}

function some(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}

function mapOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
