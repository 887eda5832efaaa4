import { resolve } from 'node:path';
import type {
  ClientConfig,
  DoctorConfig,
  InstallPlace,
  KeyPair,
  RancherAccess,
  ReceiverDefaults,
  SandboxConfig,
  ServiceConfig,
  ServiceSettings,
  TryConfig,
} from './config.ts';
import type { Environment } from './environment.ts';
import { resolveEnvironment } from './environment.ts';
import type { Mistake } from './mistakes.ts';
import { ConfigurationError } from './mistakes.ts';
import type { Values } from './parse-variables.ts';
import { parseVariables, readLegacyHookPublicKey } from './parse-variables.ts';

const cattleVariables = ['CATTLE_URL', 'CATTLE_ACCESS_KEY', 'CATTLE_SECRET_KEY'] as const;
const agentLabels =
  'set it, or give the container the labels io.rancher.container.create_agent: "true" and io.rancher.container.agent.role: environment, and Rancher sets all three';

/** @throws ConfigurationError with every mistake; `CATTLE_*` must be complete. */
export function readServeConfig(environment: Environment): ServiceConfig {
  return read(environment, (values, mistakes) => {
    const rancher = readRancherAccess(values, mistakes, agentLabels);
    const settings = readSettings(values, mistakes, { logLevel: 'info', ownPortHost: '0.0.0.0' });
    const databaseUrl = values.DATABASE_URL;
    if (databaseUrl !== undefined) requireSealingKey(values, mistakes);
    return (
      rancher && {
        ...settings,
        rancher,
        dataDirectory: resolve(values.DATA_DIR ?? 'data'),
        isSandbox: false,
        ...(databaseUrl !== undefined && { databaseUrl }),
      }
    );
  });
}

/** @throws ConfigurationError with every mistake; `CATTLE_*` must be complete or all absent. */
export function readTryConfig(environment: Environment): TryConfig {
  return read(environment, (values, mistakes) => {
    refuseProduction(values, mistakes);
    const isAsked = cattleVariables.some((name) => isGiven(environment, name));
    const remedy =
      'set it, or set none of CATTLE_URL, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY to try it with the sandbox';
    const rancher = isAsked ? readRancherAccess(values, mistakes, remedy) : undefined;
    const settings = readSettings(values, mistakes, { logLevel: 'warn', ownPortHost: '127.0.0.1' });
    const sandboxPort = values.SANDBOX_PORT ?? 8081;
    if (!isAsked) refuseSandboxInPublic(settings, sandboxPort, mistakes);
    return {
      settings,
      sandboxPort,
      ...(rancher && { rancher }),
      ...(values.DATA_DIR !== undefined && { dataDirectory: resolve(values.DATA_DIR) }),
    };
  });
}

/** @throws ConfigurationError with every mistake. */
export function readSandboxConfig(environment: Environment): SandboxConfig {
  return read(environment, (values, mistakes) => {
    refuseProduction(values, mistakes);
    return { port: values.SANDBOX_PORT ?? 8081 };
  });
}

/** @throws ConfigurationError with every mistake; `CATTLE_*` must be complete. */
export function readDoctorConfig(environment: Environment): DoctorConfig {
  const { rancher, installPlace, trustExistingReceivers, dataDirectory, receiverDefaults } =
    readServeConfig(environment);
  return Object.freeze({ rancher, installPlace, trustExistingReceivers, dataDirectory, receiverDefaults });
}

/** @throws ConfigurationError with every mistake of the variables that these commands read. */
export function readClientConfig(environment: Environment): ClientConfig {
  const own = Object.fromEntries(
    Object.entries(environment).filter(([name]) => /^CATTLE_(URL|ACCESS_KEY|SECRET_KEY)/.test(name)),
  );
  return read(own, (values) => {
    const projectId = /\/projects\/(?<id>1a\d+)/i.exec(values.CATTLE_URL ?? '')?.groups?.['id'];
    return {
      ...(values.CATTLE_ACCESS_KEY !== undefined && { accessKey: values.CATTLE_ACCESS_KEY }),
      ...(values.CATTLE_SECRET_KEY !== undefined && { secretKey: values.CATTLE_SECRET_KEY }),
      ...(projectId !== undefined && { projectId }),
    };
  });
}

/** The secret of the machine driver's access key, when the environment gives it. @throws ConfigurationError */
export function readDriverSecretConfig(environment: Environment): string | undefined {
  const own = Object.fromEntries(
    Object.entries(environment).filter(([name]) => name.startsWith('ECS_ACCESS_KEY_SECRET')),
  );
  return read(own, (values) => ({ secret: values.ECS_ACCESS_KEY_SECRET })).secret;
}

/** Parses, lets `assemble` note further mistakes, and throws them all together. */
function read<Config extends object>(
  environment: Environment,
  assemble: (values: Values, mistakes: Mistake[]) => Config | undefined,
): Config {
  const resolved = resolveEnvironment(environment);
  const { values, mistakes } = parseVariables(resolved.values);
  mistakes.unshift(...resolved.mistakes);
  const config = assemble(values, mistakes);
  if (config === undefined || mistakes.length > 0) throw new ConfigurationError(mistakes);
  return deepFreeze(config);
}

/** A variable that is set but wrong has its own mistake already and is not reported as missing. */
function readRancherAccess(values: Values, mistakes: Mistake[], remedy: string): RancherAccess | undefined {
  const { CATTLE_URL: url, CATTLE_ACCESS_KEY: accessKey, CATTLE_SECRET_KEY: secretKey } = values;
  const hostKey = readHostKey(values, mistakes);
  if (url !== undefined && accessKey !== undefined && secretKey !== undefined)
    return { url, accessKey, secretKey, ...(hostKey === undefined ? {} : { hostKey }) };
  const missing = cattleVariables.filter((variable) => {
    const isReported = mistakes.some((mistake) => [variable, `${variable}_FILE`].includes(mistake.variable));
    return values[variable] === undefined && !isReported;
  });
  for (const [at, variable] of missing.entries()) {
    mistakes.push({ variable, problem: 'it is missing', remedy: at === 0 ? remedy : 'set it, too' });
  }
  return undefined;
}

/** The key that hosts are created with: both halves or none. */
function readHostKey(values: Values, mistakes: Mistake[]): KeyPair | undefined {
  const { CATTLE_HOST_ACCESS_KEY: accessKey, CATTLE_HOST_SECRET_KEY: secretKey } = values;
  if (accessKey !== undefined && secretKey !== undefined) return { accessKey, secretKey };
  if (accessKey === undefined && secretKey === undefined) return undefined;
  const [variable, other] =
    accessKey === undefined
      ? ['CATTLE_HOST_ACCESS_KEY', 'CATTLE_HOST_SECRET_KEY']
      : ['CATTLE_HOST_SECRET_KEY', 'CATTLE_HOST_ACCESS_KEY'];
  if (!mistakes.some((mistake) => mistake.variable === `${variable}_FILE`)) {
    mistakes.push({
      variable,
      problem: `it is missing, and ${other} is set`,
      remedy: 'set both to an environment API key, or neither',
    });
  }
  return undefined;
}

function isGiven(environment: Environment, variable: string): boolean {
  return [variable, `${variable}_FILE`].some((name) => (environment[name] ?? '').trim() !== '');
}

function readSettings(
  values: Values,
  mistakes: Mistake[],
  defaults: Pick<ServiceSettings, 'logLevel'> & { readonly ownPortHost: string },
): ServiceSettings {
  const installPlace = values.INSTALL_PLACE ?? 'own-port';
  const host = readHost(values, installPlace, defaults.ownPortHost, mistakes);
  const legacyHookPublicKey = readLegacyHookPublicKey(values, mistakes);
  return {
    host,
    port: values.PORT ?? 8085,
    installPlace,
    logLevel: values.LOG_LEVEL ?? defaults.logLevel,
    ...(values.PUBLIC_URL !== undefined && { publicUrl: values.PUBLIC_URL.replace(/\/+$/, '') }),
    ...(legacyHookPublicKey !== undefined && { legacyHookPublicKey }),
    ...(values.SEALING_KEY !== undefined && { sealingKey: values.SEALING_KEY }),
    triggerKeys: values.TRIGGER_KEYS ?? (installPlace === 'own-port' ? 'hashed' : 'plain'),
    trustExistingReceivers: values.TRUST_EXISTING_RECEIVERS ?? installPlace === 'rancher-proxy',
    trustedHops: readTrustedHops(values, installPlace, mistakes),
    history: { days: values.HISTORY_DAYS ?? 30, limit: values.HISTORY_LIMIT ?? 100_000 },
    allowPrivateCallbacks: values.ALLOW_PRIVATE_CALLBACKS ?? false,
    receiverDefaults: readReceiverDefaults(values, installPlace, mistakes),
  };
}

/** Rancher's proxy does not say who called it: no trigger could ever come from an allowed source. */
function readReceiverDefaults(values: Values, place: InstallPlace, mistakes: Mistake[]): ReceiverDefaults {
  const { COOLDOWN_SECONDS: cooldownSeconds = 0, ALLOWED_SOURCES: allowedSources } = values;
  if (allowedSources !== undefined && place === 'rancher-proxy') {
    mistakes.push({
      variable: 'ALLOWED_SOURCES',
      problem: "behind Rancher's proxy nobody's address is known, so every trigger would be refused",
      remedy: 'leave it out, or install the service on its own port',
    });
  }
  return { cooldownSeconds, ...(allowedSources !== undefined && { allowedSources }) };
}

/** A key that each replica made for itself would make the secrets of one unreadable to the others. */
function requireSealingKey(values: Values, mistakes: Mistake[]): void {
  const isReported = mistakes.some(({ variable }) => variable.startsWith('SEALING_KEY'));
  if (values.SEALING_KEY !== undefined || isReported) return;
  mistakes.push({
    variable: 'SEALING_KEY',
    problem: 'it is missing, and replicas that share DATABASE_URL need the same one',
    remedy: 'make one with: openssl rand -base64 32',
  });
}

/** Rancher's proxy appends nothing to X-Forwarded-For (recording g_proxy_post_spoofed_headers): what stands there is the caller's. */
function readTrustedHops(values: Values, place: InstallPlace, mistakes: Mistake[]): number {
  const hops = values.TRUSTED_HOPS ?? 0;
  if (place === 'own-port' || hops === 0) return hops;
  mistakes.push({
    variable: 'TRUSTED_HOPS',
    problem: `${String(hops)} cannot be counted behind Rancher's proxy, which does not say who called it`,
    remedy: 'leave it out',
  });
  return 0;
}

function readHost(values: Values, place: InstallPlace, ownPortHost: string, mistakes: Mistake[]): string {
  if (place === 'own-port') return values.HOST ?? ownPortHost;
  const host = values.HOST ?? '127.0.0.1';
  // Behind Rancher's proxy we believe its headers; whoever could reach the port himself would write "owner" into them.
  if (!isLoopback(host)) {
    mistakes.push({
      variable: 'HOST',
      problem: `"${host}" can be reached from other machines, and INSTALL_PLACE=rancher-proxy trusts whoever reaches it`,
      remedy: 'leave HOST out, or set it to 127.0.0.1',
    });
  }
  return host;
}

function refuseProduction(values: Values, mistakes: Mistake[]): void {
  if (values.NODE_ENV !== 'production') return;
  mistakes.push({
    variable: 'NODE_ENV',
    problem: '"production" is no place for trying and for the sandbox',
    remedy: 'use "receiver-hooks serve" with CATTLE_URL, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY, or unset it',
  });
}

/** The sandbox's key is printed in the docs: nothing of it may be reachable from another machine. */
function refuseSandboxInPublic(settings: ServiceSettings, sandboxPort: number, mistakes: Mistake[]): void {
  if (settings.installPlace !== 'own-port') {
    mistakes.push({
      variable: 'INSTALL_PLACE',
      problem: `"${settings.installPlace}" needs Rancher's own proxy, which the sandbox does not have`,
      remedy: 'leave it out, or set CATTLE_URL, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY',
    });
  }
  if (!isLoopback(settings.host)) {
    mistakes.push({
      variable: 'HOST',
      problem: `"${settings.host}" can be reached from other machines, and the sandbox's key is known to everybody`,
      remedy: 'leave HOST out, or set it to 127.0.0.1',
    });
  }
  if (sandboxPort === settings.port && sandboxPort !== 0) {
    mistakes.push({
      variable: 'SANDBOX_PORT',
      problem: `${String(sandboxPort)} is the port of the service (PORT), too`,
      remedy: 'give the two different ports',
    });
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
