import type { Row } from './store.ts';

/** A host. `containers` stays inside the sandbox; `instanceIds` shows it. */
export interface HostRow extends Row {
  labels: Readonly<Record<string, string>> | null;
  instanceIds: readonly string[] | null;
  containers: readonly string[];
  agentState: string | null;
}

/** A container of a service. */
export interface InstanceRow extends Row {
  readonly hostId: string | null;
  readonly serviceIds: readonly string[];
  /** The launch config it was made from: a sidekick's name, or none for the primary one; stays inside the sandbox. */
  readonly sidekick: string | undefined;
  readonly version: unknown;
  primaryIpAddress: string | null;
}

/** A stack; the only thing it does is hold services. */
export interface StackRow extends Row {
  serviceIds: readonly string[] | null;
}
