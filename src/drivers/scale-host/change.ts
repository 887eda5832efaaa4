import type { ErrorCode } from '../../domain/errors.ts';
import type { reading } from '../reading.ts';
import type { HostOptions } from './config.ts';
import type { HostGroup } from './group.ts';
import type { HostsSeen } from './host-view.ts';

/** How one host of a change ended. */
export interface HostResult {
  readonly kind: 'done' | 'failed' | 'limit';
  readonly message: string;
  /** Set with `failed`. */
  readonly code?: ErrorCode;
  /** `no`: proven that nothing was made. */
  readonly applied?: 'no';
}

/** A host to be made. Nothing of its driver config is kept: it is read from its source right before it is sent. */
export interface HostToCreate {
  readonly itemId: string;
  readonly marker: string;
  readonly hostname: string;
  /** Index into `groups`. */
  readonly group: number;
  readonly source: HostSource;
  readonly onError: 'keep' | 'remove';
  /** Known once Rancher has answered or the marker was found. Such a host is never created again. */
  readonly hostId?: string;
  readonly result?: HostResult;
  /** It has failed and is to be removed. Stored before that is sent: once the host is gone nobody can tell why. */
  readonly isUnwanted?: true;
}

export type HostSource =
  | { readonly kind: 'clone'; readonly baseHostId: string; readonly driver?: string; readonly templateId?: string }
  | {
      readonly kind: 'template';
      readonly templateId: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly options: Omit<HostOptions, 'labels'>;
    };

export interface HostToRemove {
  readonly itemId: string;
  readonly hostId: string;
  readonly hostname: string;
  readonly group: number;
  /** Below so many living members this host stays. */
  readonly min: number;
  readonly result?: HostResult;
}

export interface CountedGroup {
  readonly group: HostGroup;
  /** Living members when it was decided. */
  readonly living: number;
}

export interface ChangedItem {
  readonly itemId: string;
  readonly action: 'up' | 'down';
  readonly from: number;
}

/** What one round decided about an environment's hosts: each by name, JSON, without any secret. */
export interface HostChange {
  readonly items: readonly ChangedItem[];
  readonly groups: readonly CountedGroup[];
  readonly create: readonly HostToCreate[];
  readonly remove: readonly HostToRemove[];
  /** Age of the change in milliseconds when creates were sent a second time: the first ones may still land. */
  readonly resentAtMs?: number;
  readonly [reading]?: HostsSeen | undefined;
}
