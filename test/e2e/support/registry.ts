import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fetch from 'node-fetch';
import { stringify } from 'yaml';
import { freePort } from '../../support/free-port.ts';
import { startProgram } from './program.ts';

/** A real registry that tells a trigger URL of everything that happens in it. */
export interface Registry {
  /** `host:port`, as an image's name begins. */
  readonly host: string;
  /** Pushes an image as `docker push` does, layer, configuration and manifest. Its content is the tag: pushed again it is the same. */
  push(image: { readonly repository: string; readonly tag: string }): Promise<void>;
  /** Reads the manifest, as `docker pull` does first. */
  pull(image: { readonly repository: string; readonly tag: string }): Promise<void>;
  close(): Promise<void>;
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

/** Starts it on loopback; a notification that fails is sent again each second. */
export async function startRegistry(notifiedUrl: string): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-registry-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const host = `127.0.0.1:${String(await freePort())}`;
    const url = `http://${host}`;
    const config = join(folder, 'config.yml');
    const endpoint = { name: 'receiver-hooks', url: notifiedUrl, timeout: '5s', threshold: 3, backoff: '1s' };
    await writeFile(
      config,
      stringify({
        version: 0.1,
        log: { level: 'warn' },
        storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
        http: { addr: host },
        notifications: { endpoints: [endpoint] },
      }),
    );
    const program = await startProgram({
      program: 'docker-registry',
      debianPackage: 'docker-registry',
      args: ['serve', config],
      readyUrl: `${url}/v2/`,
    });
    return {
      host,
      push: (image) => push(url, image),
      async pull({ repository, tag }) {
        await send('GET', `${url}/v2/${repository}/manifests/${tag}`, { headers: { Accept: manifestType } });
      },
      async close() {
        await program.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

// distribution.github.io/distribution/spec/api, "pushing an image".
async function push(
  url: string,
  { repository, tag }: { readonly repository: string; readonly tag: string },
): Promise<void> {
  const layer = Buffer.from(`layer of ${tag}`);
  const layerBlob = gzipSync(layer);
  const configBlob = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }),
  );
  const blobs = [
    { mediaType: 'application/vnd.docker.container.image.v1+json', content: configBlob },
    { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', content: layerBlob },
  ];
  for (const { content } of blobs) {
    const begun = await send('POST', `${url}/v2/${repository}/blobs/uploads/`);
    const upload = new URL(begun.headers.get('location') ?? '', url);
    upload.searchParams.set('digest', digestOf(content));
    await send('PUT', upload.href, { headers: { 'Content-Type': 'application/octet-stream' }, body: content });
  }
  const [config, ...layers] = blobs.map(({ mediaType, content }) => ({
    mediaType,
    size: content.length,
    digest: digestOf(content),
  }));
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers });
  await send('PUT', `${url}/v2/${repository}/manifests/${tag}`, {
    headers: { 'Content-Type': manifestType },
    body: manifest,
  });
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function send(
  method: string,
  url: string,
  sent: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Buffer | string } = {},
): Promise<Awaited<ReturnType<typeof fetch>>> {
  const { headers = {}, body } = sent;
  const answer = await fetch(url, { method, headers: { ...headers }, ...(body === undefined ? {} : { body }) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${String(answer.status)} ${await answer.text()}`);
  return answer;
}
