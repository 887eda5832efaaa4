import { parseArgs } from 'node:util';
import { parseApiUrl } from '../../src/rancher/api-url.ts';
import type { OtherService } from '../scenarios/other-services.ts';
import type { FloorOptions } from './floor.ts';

export interface BenchOptions {
  /** Names of scenarios to run alone; all when empty. */
  readonly only: readonly string[];
  readonly withHistory: boolean;
  readonly withEndurance: boolean;
  readonly others: readonly OtherService[];
  readonly floor: FloorOptions | undefined;
}

/** What the command line asks for. Throws on what it does not understand. */
export function readCommandLine(args: readonly string[], environment: NodeJS.ProcessEnv): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      history: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      url: { type: 'string', multiple: true, default: [] },
      service: { type: 'string' },
    },
  });
  return {
    only: values.only,
    withHistory: values.history || values.long,
    withEndurance: values.long,
    others: readOthers(values.url),
    floor: values.service === undefined ? undefined : readFloor(values.service, environment),
  };
}

/** `label=url`; the first URL of a label scales up, the second down. With one URL every call goes there. */
function readOthers(pairs: readonly string[]): readonly OtherService[] {
  const urls = new Map<string, string[]>();
  for (const pair of pairs) {
    const [, label, url] = /^([^=]+)=(https?:.+)$/.exec(pair) ?? [];
    if (label === undefined || url === undefined) throw new Error(`--url ${pair}: write it as label=http://…`);
    urls.set(label, [...(urls.get(label) ?? []), url]);
  }
  return [...urls].map(([label, [up = '', down = up]]) => ({ label, urls: { up, down } }));
}

function readFloor(serviceId: string, environment: NodeJS.ProcessEnv): FloorOptions {
  const { CATTLE_URL = '', CATTLE_ACCESS_KEY = '', CATTLE_SECRET_KEY = '' } = environment;
  const { projectId } = parseApiUrl(CATTLE_URL);
  if (projectId === undefined || CATTLE_ACCESS_KEY === '' || CATTLE_SECRET_KEY === '') {
    throw new Error(
      '--service needs CATTLE_URL that ends with /v2-beta/projects/<id>, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY',
    );
  }
  return { cattleUrl: CATTLE_URL, accessKey: CATTLE_ACCESS_KEY, secretKey: CATTLE_SECRET_KEY, projectId, serviceId };
}
