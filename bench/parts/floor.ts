import type { Rancher } from '../../src/rancher/rancher.ts';
import { connectRancher } from '../../src/rancher/server.ts';

/** The least that a scaling step can cost: one GET and one PUT by the HTTP client that the service uses, on one kept connection. */
export interface Floor {
  /** One step up or down, as a trigger would make it; resolves to its milliseconds. */
  readonly step: (index: number) => Promise<number>;
  readonly readScale: () => Promise<number>;
  close(): Promise<void>;
}

export interface FloorOptions {
  readonly cattleUrl: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly projectId: string;
  readonly serviceId: string;
}

/** Connects to the Rancher that the service behind the triggers uses; nothing is sent yet. */
export function openFloor({ cattleUrl, accessKey, secretKey, projectId, serviceId }: FloorOptions): Floor {
  const server = connectRancher({ url: cattleUrl, credentials: { accessKey, secretKey }, maxSockets: 1 });
  const rancher: Rancher = server.project(projectId);
  const readScale = async (): Promise<number> => (await rancher.services.read(serviceId)).scale ?? 0;
  return {
    async step(index) {
      const startedMs = performance.now();
      const scale = await readScale();
      await rancher.services.update(serviceId, { scale: index % 2 === 0 ? scale + 1 : scale - 1 });
      return performance.now() - startedMs;
    },
    readScale,
    async close() {
      await rancher.close();
      await server.close();
    },
  };
}
