import { hasCode } from '../domain/errors.ts';
import type { DriverRight } from './rancher-access.ts';

/** Changing the scale of that service needs PUT on its type and the service itself within the caller's reach. */
const scaleService: DriverRight = async (config, rancher) => {
  const serviceId = (config as { readonly serviceId?: unknown }).serviceId;
  if (typeof serviceId !== 'string') return false;
  try {
    const service = await rancher.services.read(serviceId);
    const schema = await rancher.readSchema(service.type);
    return (schema.resourceMethods ?? []).includes('PUT');
  } catch (error) {
    if (hasCode(error, 'RANCHER_NOT_FOUND')) return false;
    throw error;
  }
};

/** Whoever owns a receiver that makes machines must be allowed to make them by hand; a restricted member is not. */
const scaleHost: DriverRight = async (_config, rancher) => {
  const schema = await rancher.readSchema('host');
  return (schema.collectionMethods ?? []).includes('POST');
};

/** An upgrade may reach any service of the environment whose labels match, so the right is the one to change services at all. */
const serviceUpgrade: DriverRight = async (_config, rancher) => {
  const schema = await rancher.readSchema('service');
  return (schema.resourceMethods ?? []).includes('PUT');
};

/** A member can call a container of his environment by hand; to be allowed to store receivers is enough. */
const forwardPost: DriverRight = async () => true;

/** What the owner of a receiver must be allowed to do by hand, by driver id (design §7 "Who may manage receivers"). */
export const driverRights: Readonly<Record<string, DriverRight>> = {
  scaleService,
  scaleHost,
  serviceUpgrade,
  forwardPost,
};
