/** How much is logged; each level holds those after it. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

type LogLevel = (typeof logLevels)[number];

/**
 * Where the service stands: `own-port` authenticates callers by their own Rancher credentials; `rancher-proxy` is the place
 * of Rancher's own webhook service, behind Rancher's proxy, whose headers it trusts.
 */
export const installPlaces = ['own-port', 'rancher-proxy'] as const;

export type InstallPlace = (typeof installPlaces)[number];

/** How trigger keys lie in Rancher, where every member of the environment can read them. */
export const triggerKeyForms = ['hashed', 'plain'] as const;

type TriggerKeyForm = (typeof triggerKeyForms)[number];

/** The file of the SQLite database in the data directory. */
export const databaseName = 'receiver-hooks.sqlite';

/** A Rancher server and our key for it. */
export interface RancherAccess {
  /** As the operator wrote it (`http://rancher:8080`, `…/v1`, `…/v2-beta/projects/1a5`); the client normalises it. */
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** An environment API key that hosts are created with; absent: our key does that, too, where Rancher lets it. */
  readonly hostKey?: KeyPair;
}

export interface KeyPair {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What the service needs besides a Rancher and a place for its database. */
export interface ServiceSettings {
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** How callers reach us, without a trailing slash; absent: derived from each request. */
  readonly publicUrl?: string;
  readonly installPlace: InstallPlace;
  readonly logLevel: LogLevel;
  /** PEM of the key that old JWT hooks (`?token=`) were signed with; absent: such hooks are refused. */
  readonly legacyHookPublicKey?: string;
  /** 32 bytes, base64; absent: one is made in the data directory. */
  readonly sealingKey?: string;
  /** `hashed`: only their hash; `plain`: as Rancher's own webhook service needs them. */
  readonly triggerKeys: TriggerKeyForm;
  /** Whether receivers that we did not write may do what only an adopted one may. */
  readonly trustExistingReceivers: boolean;
  /** Proxies of ours in front that append to `X-Forwarded-For`: how far its entries are believed. */
  readonly trustedHops: number;
  /** What of the history is kept; unfinished executions always are. */
  readonly history: { readonly days: number; readonly limit: number };
  /** Whether results may be posted to private addresses. */
  readonly allowPrivateCallbacks: boolean;
  readonly receiverDefaults: ReceiverDefaults;
}

/** What holds for a receiver that leaves it out, for as long as it does: also for those of the old service. */
export interface ReceiverDefaults {
  /** Of scaling receivers; 0: none. */
  readonly cooldownSeconds: number;
  /** Addresses, CIDR ranges and named lists from which triggers are taken; absent: every address. */
  readonly allowedSources?: readonly string[];
}

/** Everything a running service is made from. */
export interface ServiceConfig extends ServiceSettings {
  readonly rancher: RancherAccess;
  /** Absolute. */
  readonly dataDirectory: string;
  /** PostgreSQL that several replicas share; absent: SQLite in the data directory, for one process. A secret: it holds a password. */
  readonly databaseUrl?: string;
  /** Whether the Rancher behind it is our sandbox: every answer then says so (`X-Receiver-Hooks-Sandbox: 1`). */
  readonly isSandbox: boolean;
}

export interface TryConfig {
  readonly settings: ServiceSettings;
  /** Absent: a sandbox is started instead. */
  readonly rancher?: RancherAccess;
  readonly sandboxPort: number;
  /** Absolute; absent: a fresh temporary directory. */
  readonly dataDirectory?: string;
}

export interface SandboxConfig {
  readonly port: number;
}

export interface DoctorConfig {
  readonly rancher: RancherAccess;
  readonly installPlace: InstallPlace;
  readonly trustExistingReceivers: boolean;
  readonly dataDirectory: string;
  readonly receiverDefaults: ReceiverDefaults;
}

/** What the commands that call a running service take from the environment; options of the command line win over it. */
export interface ClientConfig {
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** The project named in `CATTLE_URL`, when it names one. */
  readonly projectId?: string;
}
