import fetch from 'node-fetch';
import * as z from 'zod';
import type { InstallPlace, RancherAccess } from '../../config/config.ts';
import { parseApiUrl } from '../../rancher/api-url.ts';
import { failed, ok, warning, type Finding } from './finding.ts';

const check = 'other installation';
const timeoutMs = 5_000;

const ApiVersion = z.looseObject({ type: z.literal('apiVersion'), links: z.looseObject({ receivers: z.string() }) });

/**
 * Whether a webhook service answers behind Rancher's own proxy (`/v1-webhooks`). Two services that scale the same target
 * cannot exclude each other, so their steps get lost. Needs a project for the question; asks with our key, reads only.
 */
export async function examineOtherInstallation(
  access: RancherAccess,
  options: { readonly installPlace: InstallPlace; readonly projectId: string },
): Promise<Finding> {
  const answers = await oldServiceAnswers(access, options.projectId);
  if (options.installPlace === 'rancher-proxy') {
    return answers
      ? ok(
          check,
          'a webhook service answers behind Rancher, and this one is meant to be it (INSTALL_PLACE=rancher-proxy)',
        )
      : failed(
          check,
          'nothing answers at /v1-webhooks behind Rancher, where INSTALL_PLACE=rancher-proxy expects this service',
          'start it in the network of the Rancher server (docker run --net=container:<rancher server>), on port 8085',
        );
  }
  if (!answers) return ok(check, 'no other webhook service answers behind Rancher');
  return warning(
    check,
    "Rancher's own webhook service answers at /v1-webhooks, and it executes the same receivers",
    'let senders call only one of the two, or switch the old one off (start Rancher with DEFAULT_CATTLE_WEBHOOK_SERVICE_EXECUTE=false)',
  );
}

/** Whether a webhook service answers for this environment behind Rancher's own proxy; no when Rancher does not answer. */
export async function oldServiceAnswers(
  { url, accessKey, secretKey }: Pick<RancherAccess, 'url' | 'accessKey' | 'secretKey'>,
  projectId: string,
): Promise<boolean> {
  const root = parseApiUrl(url).base.replace(/\/v2-beta$/, '');
  const key = Buffer.from(`${accessKey}:${secretKey}`, 'utf8').toString('base64');
  try {
    const response = await fetch(`${root}/v1-webhooks?projectId=${encodeURIComponent(projectId)}`, {
      headers: { Accept: 'application/json', Authorization: `Basic ${key}` },
      redirect: 'manual',
      size: 1024 * 1024,
      signal: AbortSignal.timeout(timeoutMs),
    });
    // Rancher answers 500 itself when nobody is behind its proxy (recording g_proxy_backend_down_get_receivers).
    const body: unknown = await response.json();
    return response.ok && ApiVersion.safeParse(body).success;
  } catch {
    return false;
  }
}
