import { isPlainObject } from '../receivers/receiver-settings.ts';
import type { ReceiverSettings } from '../receivers/receiver-settings.ts';
import type { Secret } from '../receivers/secrets.ts';
import type { StoredReceiver } from '../receivers/stored-receiver.ts';
import type { ReadRights } from './access.ts';
import type { ApiParts } from './api-context.ts';
import type { Links } from './links.ts';

/**
 * A receiver as the API shows it: the old service's fields (all `<driver>Config` objects, the unused ones empty), and ours.
 * One that cannot be used has Rancher's own signs of it: `state: error` and the reason in `transitioningMessage`.
 */
export function receiverResource(
  stored: StoredReceiver,
  context: {
    readonly links: Links;
    readonly rights: ReadRights;
    readonly driverIds: readonly string[];
    readonly installationDefaults: Readonly<Record<string, unknown>>;
    /** What was just saved: secrets that were made for it are shown now and never again. */
    readonly saved?: ReceiverSettings;
  },
): Readonly<Record<string, unknown>> {
  const { links, rights, driverIds, installationDefaults, saved } = context;
  const { id, projectId, name, created, key } = stored;
  const empty = Object.fromEntries(driverIds.map((driverId) => [`${driverId}Config`, {}]));
  return {
    id,
    type: 'receiver',
    baseType: 'receiver',
    name,
    created,
    ...(rights.seesTriggerUrls && key !== '' ? { url: links.trigger(projectId, key) } : {}),
    ...empty,
    ...contentFields(stored, driverIds),
    ...demandFields(stored, saved),
    installationDefaults,
    provenance: stored.provenance === 'ours' ? 'ours' : 'unverified',
    links: {
      self: links.receiver(projectId, id),
      executions: links.executions(projectId, { receiverId: id }),
    },
    actions: rights.seesTriggerUrls ? actionsOf(stored, links) : {},
  };
}

/** What the installation sets and this receiver leaves out: with its own settings, all that holds for it now. */
export function installationDefaultsOf(
  { content }: StoredReceiver,
  parts: Pick<ApiParts, 'kinds' | 'defaultAllowedSources'>,
): Readonly<Record<string, unknown>> {
  if (content.kind !== 'usable') return {};
  const { driver: driverId, config, allowedSources } = content.receiver;
  const own = new Set(Object.keys(config ?? {}));
  const driver = parts.kinds.drivers.find(({ id }) => id === driverId);
  return {
    ...Object.fromEntries(Object.entries(driver?.installationDefaults ?? {}).filter(([field]) => !own.has(field))),
    ...(allowedSources === undefined &&
      parts.defaultAllowedSources !== undefined && { allowedSources: parts.defaultAllowedSources }),
  };
}

function contentFields({ content }: StoredReceiver, driverIds: readonly string[]): Readonly<Record<string, unknown>> {
  if (content.kind === 'usable') {
    const { driver, config, state, format, formatSettings, repeatAfterSeconds } = content.receiver;
    return {
      driver,
      [`${driver}Config`]: config,
      state,
      format,
      formatSettings,
      repeatAfterSeconds,
      transitioning: 'no',
      transitioningMessage: null,
    };
  }
  // Any member may have stored anything here; only a config that has its place in the schema is shown.
  const isKnown = driverIds.includes(content.driver) && isPlainObject(content.config);
  return {
    driver: content.driver,
    ...(isKnown ? { [`${content.driver}Config`]: content.config } : {}),
    state: 'error',
    transitioning: 'error',
    transitioningMessage: content.reason,
  };
}

function demandFields(
  { content }: StoredReceiver,
  saved: ReceiverSettings | undefined,
): Readonly<Record<string, unknown>> {
  if (content.kind !== 'usable') return {};
  const { signature, allowedSources, rateLimit, callback } = content.receiver;
  return {
    ...(signature === undefined
      ? {}
      : { signature: { ...signature, secrets: shownSecrets(signature.secrets, saved?.signature?.secrets) } }),
    ...(allowedSources === undefined ? {} : { allowedSources }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(callback === undefined
      ? {}
      : { callback: { host: callback.host, secrets: shownSecrets(callback.secrets, saved?.callback?.secrets) } }),
  };
}

function shownSecrets(held: readonly Secret[], fresh: readonly Secret[] = []): readonly object[] {
  return held.map(({ id, created }) => {
    const made = fresh.find((secret) => secret.id === id);
    return {
      id,
      created,
      ...(made !== undefined && 'plain' in made && made.origin === 'made' ? { secret: made.plain } : {}),
    };
  });
}

function actionsOf(stored: StoredReceiver, links: Links): Readonly<Record<string, string>> {
  if (stored.content.kind !== 'usable') return {};
  const change = stored.content.receiver.state === 'active' ? 'pause' : 'resume';
  return Object.fromEntries(
    [change, 'rotatekey', 'test', ...(stored.provenance === 'ours' ? [] : ['adopt'])].map((action) => [
      action,
      links.receiverAction(stored.projectId, stored.id, action),
    ]),
  );
}
