import type { ServiceConfig } from '../config/config.ts';

/** A service that accepts calls. */
export interface RunningService {
  /** As callers on this machine reach it, without a trailing slash. */
  readonly url: string;
  /** The one it listens on, also when it was asked for 0. */
  readonly port: number;
  /** Stops accepting, answers who waits, closes what it opened. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts the whole service; throws what keeps it from starting, with nothing left open. */
export type StartService = (config: ServiceConfig) => Promise<RunningService>;

export interface RunningSandbox {
  /** The API's root (`http://127.0.0.1:8081/v2-beta`). */
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly projectId: string;
  close(): Promise<void>;
}

/** Starts the in-process Rancher 1.6 on loopback; port 0 lets the system choose. */
export type StartSandbox = (options: { readonly port: number }) => Promise<RunningSandbox>;
