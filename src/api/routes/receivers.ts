import type { Request, Router } from 'express';
import { mayDial } from '../../domain/address-policy.ts';
import { refuseKnownAddress } from '../../callbacks/post-result.ts';
import { requirePossibleBehindProxy } from '../../receivers/demands.ts';
import { receiverGone } from '../../receivers/receiver-writes.ts';
import { settingsOf } from '../../receivers/stored-receiver.ts';
import type { StoredReceiver } from '../../receivers/stored-receiver.ts';
import type { ReceiverSettings } from '../../receivers/receiver-settings.ts';
import { answerJson, answerNothing } from '../answer.ts';
import type { ReadRights } from '../access.ts';
import { linksOf } from '../api-context.ts';
import type { ApiParts } from '../api-context.ts';
import { callerOf } from '../caller.ts';
import { parseJsonObject, requireJson } from '../json-body.ts';
import { queryOf, requireProjectId } from '../query.ts';
import { defaultBodyLimits, readBody } from '../read-body.ts';
import { parseEditedReceiver, parseNewReceiver } from '../receiver-body.ts';
import { installationDefaultsOf, receiverResource } from '../receiver-resource.ts';
import { mount, pathPart } from '../route.ts';
import { driverIdsOf } from '../schemas.ts';
import { runReceiverAction } from './receiver-actions.ts';

const isPublic = (address: string): boolean => mayDial(address, 'refused');
const fullRights: ReadRights = { seesTriggerUrls: true };

/** `/v1-webhooks/receivers`: list, make, read, edit, remove, and the actions on one. */
export function mountReceivers(router: Router, parts: ApiParts): void {
  const { receivers, access, kinds, installPlace, bodyLimits = defaultBodyLimits, mayCallBack = isPublic } = parts;
  const driverIds = driverIdsOf(kinds.drivers);

  const show = (request: Request, stored: StoredReceiver, rights: ReadRights, saved?: ReceiverSettings) =>
    receiverResource(stored, {
      links: linksOf(request, parts),
      rights,
      driverIds,
      installationDefaults: installationDefaultsOf(stored, parts),
      ...(saved === undefined ? {} : { saved }),
    });
  const triggerUrlFor = (request: Request, projectId: string) => {
    const links = linksOf(request, parts);
    return (key: string) => links.trigger(projectId, key);
  };
  const readJson = async (request: Request) => {
    requireJson(request);
    return parseJsonObject(await readBody(request, bodyLimits));
  };
  const requireTarget = async (projectId: string, settings: ReceiverSettings): Promise<void> => {
    if (installPlace === 'rancher-proxy') {
      const formatBody = kinds.formats.find(({ id }) => id === settings.format)?.body ?? 'any';
      requirePossibleBehindProxy({ ...settings, formatBody });
    }
    const url = settings.callback?.url;
    if (url !== undefined && 'plain' in url) refuseKnownAddress(url.plain, mayCallBack);
    const driver = kinds.drivers.find(({ id }) => id === settings.driver);
    await driver?.check(settings.config, await receivers.rancherOf(projectId));
  };

  mount(router, '/v1-webhooks/receivers', {
    async GET(request, response) {
      const projectId = requireProjectId(queryOf(request));
      const rights = await access.requireRead(callerOf(request, installPlace), projectId);
      const all = await receivers.list(projectId);
      answerJson(response, 200, {
        type: 'collection',
        resourceType: 'receiver',
        links: { self: linksOf(request, parts).receivers(projectId) },
        actions: {},
        data: all.map((stored) => show(request, stored, rights)),
      });
    },
    async POST(request, response) {
      const projectId = requireProjectId(queryOf(request));
      const caller = callerOf(request, installPlace);
      await access.requireWrite(caller, projectId, 'create');
      await receivers.rancherOf(projectId);
      const settings = parseNewReceiver(await readJson(request), kinds);
      await requireTarget(projectId, settings);
      await access.requireDriver(caller, projectId, settings.driver, settings.config);
      const stored = await receivers.create(projectId, settings, triggerUrlFor(request, projectId));
      answerJson(response, 200, show(request, stored, fullRights, settings));
    },
  });

  mount(router, '/v1-webhooks/receivers/:id', {
    async GET(request, response) {
      const projectId = requireProjectId(queryOf(request));
      const rights = await access.requireRead(callerOf(request, installPlace), projectId);
      const id = pathPart(request, 'id');
      const stored = await receivers.find(projectId, id);
      if (stored === undefined) throw receiverGone(id);
      answerJson(response, 200, show(request, stored, rights));
    },
    async PUT(request, response) {
      const projectId = requireProjectId(queryOf(request));
      const caller = callerOf(request, installPlace);
      await access.requireWrite(caller, projectId, 'change');
      const body = await readJson(request);
      const id = pathPart(request, 'id');
      let saved: ReceiverSettings | undefined;
      const edit = (now: StoredReceiver): ReceiverSettings => {
        const { content, name } = now;
        saved =
          content.kind === 'usable'
            ? parseEditedReceiver(body, settingsOf(content.receiver), kinds)
            : parseNewReceiver({ ...body, name: body['name'] ?? name }, kinds);
        return saved;
      };
      const stored = await receivers.update(
        projectId,
        id,
        edit,
        triggerUrlFor(request, projectId),
        async (settings) => {
          await requireTarget(projectId, settings);
          await access.requireDriver(caller, projectId, settings.driver, settings.config);
        },
      );
      answerJson(response, 200, show(request, stored, fullRights, saved));
    },
    async DELETE(request, response) {
      const projectId = requireProjectId(queryOf(request));
      await access.requireWrite(callerOf(request, installPlace), projectId, 'delete');
      await receivers.remove(projectId, pathPart(request, 'id'));
      answerNothing(response);
    },
    async POST(request, response) {
      const projectId = requireProjectId(queryOf(request));
      const answer = await runReceiverAction(parts, {
        query: queryOf(request),
        projectId,
        id: pathPart(request, 'id'),
        caller: callerOf(request, installPlace),
        triggerUrl: triggerUrlFor(request, projectId),
      });
      answerJson(response, 200, answer.kind === 'receiver' ? show(request, answer.stored, fullRights) : answer.body);
    },
  });
}
