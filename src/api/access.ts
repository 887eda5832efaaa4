import { ServiceError } from '../domain/errors.ts';
import type { Caller } from '../receivers/receiver.ts';

/** What a caller wants to change; the old service's error says it in its own words. */
export type WriteIntent = 'create' | 'change' | 'delete';

export interface ReadRights {
  /** Whether he sees trigger URLs: who may only look must not be able to trigger. */
  readonly seesTriggerUrls: boolean;
}

/**
 * Who may manage the receivers of an environment. Every method throws ServiceError UNAUTHORIZED (nobody knows who he is),
 * FORBIDDEN (not in this environment), METHOD_NOT_ALLOWED (his role only reads), PROJECT_NOT_FOUND, or what the client throws.
 */
export interface Access {
  requireRead(caller: Caller, projectId: string): Promise<ReadRights>;
  requireWrite(caller: Caller, projectId: string, intent: WriteIntent): Promise<void>;
  /** The driver's own right: a receiver runs with our key, so its owner needs the right to do by hand what it does. */
  requireDriver(caller: Caller, projectId: string, driverId: string, config: unknown): Promise<void>;
}

/** For callers whose role only reads; status and words of the old service (recording delete.json "delete as readonly"). */
export function readOnlyRole(intent: WriteIntent): ServiceError {
  return new ServiceError(
    'METHOD_NOT_ALLOWED',
    `user doesn't have the access to ${intent} webhook; ask an owner of the environment`,
  );
}

/** For callers who are somebody, but nobody here. */
export function notInProject(projectId: string): ServiceError {
  return new ServiceError(
    'FORBIDDEN',
    `these credentials do not reach environment ${projectId}; use an API key of that environment`,
    { fieldName: 'projectId' },
  );
}
