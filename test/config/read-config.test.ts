import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/config/mistakes.ts';
import {
  readClientConfig,
  readDoctorConfig,
  readSandboxConfig,
  readServeConfig,
  readTryConfig,
} from '../../src/config/read-config.ts';

const cattle = {
  CATTLE_URL: 'http://rancher:8080/v1',
  CATTLE_ACCESS_KEY: 'ACCESSKEY',
  CATTLE_SECRET_KEY: 'very-secret-value',
};

function mistakesOf(read: () => unknown): ConfigurationError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const variablesOf = (error: ConfigurationError): readonly string[] => error.mistakes.map(({ variable }) => variable);

describe('config/read-config', () => {
  let directory: string;
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-test-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('serves on every address with the defaults when only Rancher is named', () => {
    expect(readServeConfig(cattle)).toEqual({
      rancher: { url: 'http://rancher:8080/v1', accessKey: 'ACCESSKEY', secretKey: 'very-secret-value' },
      host: '0.0.0.0',
      port: 8085,
      installPlace: 'own-port',
      logLevel: 'info',
      dataDirectory: resolve('data'),
      isSandbox: false,
      triggerKeys: 'hashed',
      trustExistingReceivers: false,
      trustedHops: 0,
      allowPrivateCallbacks: false,
      receiverDefaults: { cooldownSeconds: 0 },
      history: { days: 30, limit: 100_000 },
    });
  });

  it("keeps what Rancher's own service needs, and trusts what it stored, in its place", () => {
    expect(readServeConfig({ ...cattle, INSTALL_PLACE: 'rancher-proxy' })).toMatchObject({
      triggerKeys: 'plain',
      trustExistingReceivers: true,
    });
  });

  it('asks for the sealing key that replicas share', () => {
    const DATABASE_URL = 'postgres://user:password@db:5432/hooks';
    const SEALING_KEY = Buffer.alloc(32, 7).toString('base64');

    expect(variablesOf(mistakesOf(() => readServeConfig({ ...cattle, DATABASE_URL })))).toEqual(['SEALING_KEY']);
    expect(readServeConfig({ ...cattle, DATABASE_URL, SEALING_KEY })).toMatchObject({ sealingKey: SEALING_KEY });
  });

  it('names the address of another Rancher with every other mistake, and not only at the start', () => {
    const environment = { ...cattle, CATTLE_URL: 'https://rancher.example/v3', PORT: 'many' };

    expect(variablesOf(mistakesOf(() => readServeConfig(environment)))).toEqual(['CATTLE_URL', 'PORT']);
    expect(variablesOf(mistakesOf(() => readTryConfig(environment)))).toEqual(['CATTLE_URL', 'PORT']);
  });

  it('shows nothing of a sealing key that is wrong', () => {
    const error = mistakesOf(() => readServeConfig({ ...cattle, SEALING_KEY: 'too-short-a-secret' }));

    expect(error.message).toMatch(/SEALING_KEY: its value is not the base64 of 32 bytes/);
    expect(error.message).not.toContain('too-short-a-secret');
  });

  it.each([
    ['TRIGGER_KEYS', 'md5'],
    ['TRUST_EXISTING_RECEIVERS', 'yes'],
    ['TRUSTED_HOPS', '-1'],
    ['HISTORY_DAYS', '0'],
    ['HISTORY_LIMIT', '1e6'],
    ['COOLDOWN_SECONDS', '86401'],
    ['COOLDOWN_SECONDS', '-1'],
    ['COOLDOWN_SECONDS', '5m'],
    ['ALLOWED_SOURCES', '10.0.0.0/33'],
    ['ALLOWED_SOURCES', '10.0.0.0/8,'],
    ['ALLOWED_SOURCES', '10.0.0.0/8;192.168.0.0/16'],
    ['ALLOWED_SOURCES', 'intranet'],
    ['ALLOW_PRIVATE_CALLBACKS', '1'],
  ])('refuses %s=%s', (variable, value) => {
    expect(variablesOf(mistakesOf(() => readServeConfig({ ...cattle, [variable]: value })))).toEqual([variable]);
  });

  it('reads what holds for receivers that say nothing', () => {
    const environment = { ...cattle, COOLDOWN_SECONDS: '300', ALLOWED_SOURCES: '10.0.0.0/8, 2001:db8::7,cloudmonitor' };
    const receiverDefaults = { cooldownSeconds: 300, allowedSources: ['10.0.0.0/8', '2001:db8::7', 'cloudmonitor'] };

    expect(readServeConfig(environment)).toMatchObject({ receiverDefaults });
    expect(readDoctorConfig(environment)).toMatchObject({ receiverDefaults });
  });

  it("knows no sources behind Rancher's proxy, and a cooldown there as well", () => {
    const inPlace = { ...cattle, INSTALL_PLACE: 'rancher-proxy', COOLDOWN_SECONDS: '60' };

    expect(readServeConfig(inPlace)).toMatchObject({ receiverDefaults: { cooldownSeconds: 60 } });
    expect(variablesOf(mistakesOf(() => readServeConfig({ ...inPlace, ALLOWED_SOURCES: '10.0.0.0/8' })))).toEqual([
      'ALLOWED_SOURCES',
    ]);
  });

  it('names every mistake of the defaults at once, with its value and its remedy', () => {
    const error = mistakesOf(() => readServeConfig({ ...cattle, COOLDOWN_SECONDS: 'long', ALLOWED_SOURCES: 'here' }));

    expect(error.message).toMatch(
      /COOLDOWN_SECONDS: "long" is not a whole number from 0 to 86400; write seconds, as 300/,
    );
    expect(error.message).toMatch(/ALLOWED_SOURCES: "here" is not a list of addresses.*; write it as 10\.0\.0\.0\/8,/);
  });

  it("does not count hops behind Rancher's proxy", () => {
    const error = mistakesOf(() => readServeConfig({ ...cattle, INSTALL_PLACE: 'rancher-proxy', TRUSTED_HOPS: '1' }));

    expect(variablesOf(error)).toEqual(['TRUSTED_HOPS']);
  });

  it('cannot be changed after it was read', () => {
    const config = readServeConfig(cattle);

    expect(Object.isFrozen(config) && Object.isFrozen(config.rancher)).toBe(true);
  });

  it('takes every variable', () => {
    const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });

    const config = readServeConfig({
      ...cattle,
      HOST: '10.0.0.1',
      PORT: '9000',
      DATA_DIR: '/var/lib/hooks',
      PUBLIC_URL: 'https://hooks.example.com/',
      LOG_LEVEL: 'debug',
      RSA_PUBLIC_KEY_CONTENTS: String(publicKey),
    });

    expect(config).toMatchObject({
      host: '10.0.0.1',
      port: 9000,
      dataDirectory: resolve('/var/lib/hooks'),
      publicUrl: 'https://hooks.example.com',
      logLevel: 'debug',
      legacyHookPublicKey: String(publicKey).trim(),
    });
  });

  it('reads secrets from files and drops the line break at their end', () => {
    const { CATTLE_URL } = cattle;
    const CATTLE_ACCESS_KEY_FILE = write('access', 'FROMFILE\n');
    const CATTLE_SECRET_KEY_FILE = write('secret', 'secret-from-file\r\n');

    const { rancher } = readServeConfig({ CATTLE_URL, CATTLE_ACCESS_KEY_FILE, CATTLE_SECRET_KEY_FILE });

    expect(rancher).toEqual({ url: CATTLE_URL, accessKey: 'FROMFILE', secretKey: 'secret-from-file' });
  });

  it('reads the key for hosts whole or not at all, from variables or files', () => {
    const CATTLE_HOST_SECRET_KEY_FILE = write('host-secret', 'host-secret\n');
    const half = mistakesOf(() => readServeConfig({ ...cattle, CATTLE_HOST_ACCESS_KEY: 'HOSTKEY' }));

    expect(
      readServeConfig({ ...cattle, CATTLE_HOST_ACCESS_KEY: 'HOSTKEY', CATTLE_HOST_SECRET_KEY_FILE }).rancher.hostKey,
    ).toEqual({ accessKey: 'HOSTKEY', secretKey: 'host-secret' });
    expect(readServeConfig(cattle).rancher).not.toHaveProperty('hostKey');
    expect(variablesOf(half)).toEqual(['CATTLE_HOST_SECRET_KEY']);
  });

  it('names what is missing and the labels that let Rancher set it', () => {
    const error = mistakesOf(() => readServeConfig({ CATTLE_URL: cattle.CATTLE_URL }));

    expect(variablesOf(error)).toEqual(['CATTLE_ACCESS_KEY', 'CATTLE_SECRET_KEY']);
    expect(error.message).toContain('io.rancher.container.create_agent');
    expect(error.message).toContain('io.rancher.container.agent.role: environment');
  });

  it('treats an empty variable as one that is not set', () => {
    expect(variablesOf(mistakesOf(() => readServeConfig({ ...cattle, CATTLE_SECRET_KEY: ' ' })))).toEqual([
      'CATTLE_SECRET_KEY',
    ]);
    expect(readServeConfig({ ...cattle, PORT: '' }).port).toBe(8085);
  });

  it('reports all mistakes at once', () => {
    const error = mistakesOf(() =>
      readServeConfig({
        CATTLE_URL: 'rancher:8080',
        CATTLE_ACCESS_KEY: 'ACCESSKEY',
        CATTLE_SECRET_KEY_FILE: join(directory, 'nowhere'),
        PORT: '80850',
        INSTALL_PLACE: 'somewhere',
        LOG_LEVEL: 'loud',
        PUBLIC_URL: 'hooks',
        RSA_PUBLIC_KEY_CONTENTS: 'no key',
      }),
    );

    expect([...variablesOf(error)].sort()).toEqual([
      'CATTLE_SECRET_KEY_FILE',
      'CATTLE_URL',
      'INSTALL_PLACE',
      'LOG_LEVEL',
      'PORT',
      'PUBLIC_URL',
      'RSA_PUBLIC_KEY_CONTENTS',
    ]);
    expect(error.message).toContain('nowhere" cannot be read (ENOENT)');
    expect(error.message).toMatch(/^7 mistakes in the configuration:\n/);
    expect(error.message).toContain('PORT: "80850" is not a whole number from 0 to 65535; write the port to listen on');
  });

  it.each([
    ['PORT', '-1'],
    ['PORT', '8085.5'],
    ['PORT', '0x1F'],
    ['PORT', '99999'],
    ['HOST', 'two words'],
    ['CATTLE_URL', 'ftp://rancher'],
    ['PUBLIC_URL', 'https://hooks.example.com/v1-webhooks/'],
    ['CATTLE_URL', 'http://rancher:8080?x=1'],
    ['INSTALL_PLACE', 'OWN-PORT'],
    ['LOG_LEVEL', 'trace'],
  ])('refuses %s=%s', (variable, value) => {
    const error = mistakesOf(() => readServeConfig({ ...cattle, [variable]: value }));

    expect(variablesOf(error)).toEqual([variable]);
  });

  it('never repeats a secret', () => {
    const secret = 'hunter2-hunter2';
    const error = mistakesOf(() =>
      readServeConfig({
        CATTLE_URL: `http://user:${secret}@rancher?token=${secret}`,
        CATTLE_SECRET_KEY: secret,
        CATTLE_SECRET_KEY_FILE: write('other', secret),
        RSA_PUBLIC_KEY_CONTENTS: `-----BEGIN PRIVATE KEY-----${secret}`,
        PORT: 'x',
      }),
    );

    expect(error.message).not.toContain(secret);
    expect(variablesOf(error)).toContain('CATTLE_SECRET_KEY_FILE');
  });

  it('refuses a private key where a public one belongs', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const RSA_PUBLIC_KEY_FILE = write('private.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem' })));

    expect(variablesOf(mistakesOf(() => readServeConfig({ ...cattle, RSA_PUBLIC_KEY_FILE })))).toEqual([
      'RSA_PUBLIC_KEY_FILE',
    ]);
  });

  it('refuses an empty secret file and a public key given twice', () => {
    const { CATTLE_SECRET_KEY: _, ...rest } = cattle;
    const error = mistakesOf(() =>
      readServeConfig({
        ...rest,
        CATTLE_SECRET_KEY_FILE: write('empty', '\n'),
        RSA_PUBLIC_KEY_CONTENTS: 'a',
        RSA_PUBLIC_KEY_FILE: 'b',
      }),
    );

    expect(variablesOf(error)).toEqual(['CATTLE_SECRET_KEY_FILE', 'RSA_PUBLIC_KEY_FILE']);
  });

  it("listens on loopback in the old service's place and refuses any other address there", () => {
    expect(readServeConfig({ ...cattle, INSTALL_PLACE: 'rancher-proxy' }).host).toBe('127.0.0.1');

    const error = mistakesOf(() => readServeConfig({ ...cattle, INSTALL_PLACE: 'rancher-proxy', HOST: '0.0.0.0' }));
    expect(variablesOf(error)).toEqual(['HOST']);
  });

  it('tries with a sandbox on loopback when nothing is set', () => {
    expect(readTryConfig({})).toEqual({
      settings: {
        host: '127.0.0.1',
        port: 8085,
        installPlace: 'own-port',
        logLevel: 'warn',
        triggerKeys: 'hashed',
        trustExistingReceivers: false,
        trustedHops: 0,
        allowPrivateCallbacks: false,
        receiverDefaults: { cooldownSeconds: 0 },
        history: { days: 30, limit: 100_000 },
      },
      sandboxPort: 8081,
    });
  });

  it('tries with the Rancher that is named', () => {
    expect(readTryConfig({ ...cattle, DATA_DIR: '/d', PORT: '0' })).toMatchObject({
      rancher: { url: cattle.CATTLE_URL },
      dataDirectory: resolve('/d'),
      settings: { port: 0 },
    });
  });

  it('does not guess when only a part of CATTLE_* is set', () => {
    const error = mistakesOf(() => readTryConfig({ CATTLE_ACCESS_KEY: 'ACCESSKEY' }));

    expect(variablesOf(error)).toEqual(['CATTLE_URL', 'CATTLE_SECRET_KEY']);
    expect(error.message).toContain('to try it with the sandbox');
  });

  it('keeps the sandbox away from production, from other machines and from the port of the service', () => {
    const error = mistakesOf(() =>
      readTryConfig({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '8081', INSTALL_PLACE: 'own-port' }),
    );

    expect(variablesOf(error)).toEqual(['NODE_ENV', 'HOST', 'SANDBOX_PORT']);
    expect(variablesOf(mistakesOf(() => readSandboxConfig({ NODE_ENV: 'production' })))).toEqual(['NODE_ENV']);
  });

  it('reads the port of a sandbox alone', () => {
    expect(readSandboxConfig({ SANDBOX_PORT: '0' })).toEqual({ port: 0 });
  });

  it('lets the doctor look at what the service would use', () => {
    expect(readDoctorConfig({ ...cattle, DATA_DIR: '/d' })).toEqual({
      rancher: { url: cattle.CATTLE_URL, accessKey: 'ACCESSKEY', secretKey: 'very-secret-value' },
      installPlace: 'own-port',
      trustExistingReceivers: false,
      dataDirectory: resolve('/d'),
      receiverDefaults: { cooldownSeconds: 0 },
    });
  });

  it("takes a client's key and environment and overlooks what only the service needs", () => {
    const config = readClientConfig({ ...cattle, CATTLE_URL: 'http://rancher/v2-beta/projects/1a5', PORT: 'wrong' });

    expect(config).toEqual({ accessKey: 'ACCESSKEY', secretKey: 'very-secret-value', projectId: '1a5' });
  });
});
