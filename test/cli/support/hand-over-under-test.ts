import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { startService } from '../../../src/cli/service.ts';
import { readServeConfig } from '../../../src/config/read-config.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { call } from '../../support/http-client.ts';
import { runCli, type CliResult } from './run-cli.ts';

/** A template of the outputs, as a test changes it. */
export type Template = Record<string, unknown> & { name: string; driverConfig: Record<string, unknown> };

/** What `cdktf deploy --outputs-file` wrote for the example. */
export const published = readFileSync(new URL('../../fixtures/machine-templates.json', import.meta.url), 'utf8');
const secret = 'very-secret-value';

export interface HandOverUnderTest {
  readonly sandbox: Sandbox;
  readonly directory: string;
  environment(key?: Sandbox['adminKey']): Record<string, string>;
  /** Writes the example's outputs, changed, and answers the file's name. */
  outputs(change?: (templates: Template[]) => Template[]): string;
  /** `templates <command>` with the secret in the environment; fails when anything printed holds it. */
  run(command: string, from: string, ...more: string[]): Promise<CliResult>;
  /** `<id> <name>` of the templates that are not on their way out. */
  templates(): Promise<readonly string[]>;
  /** What Rancher shows of one. */
  template(id: string): Promise<Readonly<Record<string, unknown>>>;
  /** The configs of the scaleHost receivers, by name. */
  receivers(): Promise<Readonly<Record<string, object>>>;
  addReceiver(name: string, config: object): Promise<void>;
  /** How many calls have changed templates and receivers so far. */
  writes(): number;
  close(): Promise<void>;
}

/** Starts a sandbox and the service on it, in this process. */
export async function startHandOver(): Promise<HandOverUnderTest> {
  const sandbox = await startSandbox({ readLatencyMs: 0, writeLatencyMs: 0, speed: 100 });
  const directory = mkdtempSync(join(tmpdir(), 'hand-over-'));
  const { project } = sandbox.project.keys;
  const environment: HandOverUnderTest['environment'] = ({ accessKey, secretKey } = project) => ({
    CATTLE_URL: sandbox.url,
    CATTLE_ACCESS_KEY: accessKey,
    CATTLE_SECRET_KEY: secretKey,
  });
  const config = readServeConfig({ ...environment(), LOG_LEVEL: 'error', DATA_DIR: directory, HOST: '127.0.0.1' });
  const service = await startService({ ...config, port: 0 }, {});
  const headers = { authorization: basic(project) };
  const receiversPath = '/v1-webhooks/receivers?projectId=1a5';

  return {
    sandbox,
    directory,
    environment,
    outputs(change = (all) => all) {
      const file = JSON.parse(published) as { machines: { machine_templates: { templates: Template[] } } };
      const { machine_templates: contract } = file.machines;
      contract.templates = change(contract.templates);
      const path = join(directory, 'outputs.json');
      writeFileSync(path, JSON.stringify(file));
      return path;
    },
    async run(command, from, ...more) {
      const args = ['templates', command, '--from', from, '--url', service.url, '--project', '1a5', ...more];
      const result = await runCli(args, { environment: { ...environment(), ECS_ACCESS_KEY_SECRET: `${secret}\n` } });
      expect(result.out + result.err).not.toContain(secret);
      return result;
    },
    async templates() {
      const { body } = await call(sandbox.url, { path: '/v2-beta/projects/1a5/hosttemplates', headers });
      return (body['data'] as Record<string, unknown>[])
        .filter(({ state }) => state !== 'removing' && state !== 'removed')
        .map(({ id, name }) => `${String(id)} ${String(name)}`);
    },
    async template(id) {
      return (await call(sandbox.url, { path: `/v2-beta/projects/1a5/hosttemplates/${id}`, headers })).body;
    },
    async receivers() {
      const { body } = await call(service.url, { path: receiversPath, headers });
      const all = body['data'] as { name: string; scaleHostConfig: object }[];
      return Object.fromEntries(all.map(({ name, scaleHostConfig }) => [name, scaleHostConfig]));
    },
    async addReceiver(name, fields) {
      const scaleHostConfig = { type: 'scaleHost', action: 'up', amount: 1, min: 1, max: 4, ...fields };
      const body = { name, driver: 'scaleHost', scaleHostConfig };
      expect(await call(service.url, { method: 'POST', path: receiversPath, headers, body })).toMatchObject({
        status: 200,
      });
    },
    writes: () =>
      sandbox.calls.list().filter(({ method, path }) => method !== 'GET' && /hosttemplates|genericobjects/.test(path))
        .length,
    async close() {
      await service.close();
      await sandbox.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** The header that proves a key. */
export function basic({ accessKey, secretKey }: Sandbox['adminKey']): string {
  return `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
}
