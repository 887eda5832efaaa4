import type { IncomingMessage } from 'node:http';
import type { ExecutionHistory } from '../executions/execution.ts';
import type { Executions } from '../executions/executions.ts';
import type { Health } from '../observability/health.ts';
import type { Logger } from '../observability/logger.ts';
import type { Receiver } from '../receivers/receiver.ts';
import type { ReceiverKinds } from '../receivers/receiver-settings.ts';
import type { Receivers } from '../receivers/receivers.ts';
import type { Retry } from '../router/retry.ts';
import type { RouterHandler } from '../router/trigger-request.ts';
import type { Access } from './access.ts';
import type { InstallPlace } from './caller.ts';
import { baseUrlOf, linksFrom } from './links.ts';
import type { Links } from './links.ts';
import type { BodyLimits } from './read-body.ts';

/** Everything the API is made from. */
export interface ApiParts {
  readonly receivers: Receivers;
  readonly routerHandler: RouterHandler;
  /** The dry run of a receiver's `test` action: what would happen now, and why; stores and changes nothing. */
  readonly preview: (receiver: Receiver) => Promise<object>;
  readonly history: ExecutionHistory;
  readonly cancel: Executions['cancel'];
  readonly retry: Retry;
  readonly kinds: ReceiverKinds;
  readonly access: Access;
  readonly installPlace: InstallPlace;
  readonly health: Health;
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  readonly version: string;
  /** How callers reach us, without a trailing slash; absent: told by each request's headers. */
  readonly publicUrl?: string;
  /** Proxies of the operator in front that append to `X-Forwarded-For`; default 0. */
  readonly trustedHops?: number;
  /** What holds where a receiver names no sources; absent: every address. Shown with such receivers. */
  readonly defaultAllowedSources?: readonly string[];
  /** Whether results may be posted to an address; default: to public ones. */
  readonly mayCallBack?: (address: string) => boolean;
  readonly bodyLimits?: BodyLimits;
  /** Sent with every answer (`X-Receiver-Hooks-Sandbox`). */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** The Prometheus text of `/metrics`; absent: there is no such path. */
  readonly metrics?: { readonly contentType: string; read(): Promise<string> };
}

/** The links of one request's answer. */
export function linksOf(request: IncomingMessage, parts: Pick<ApiParts, 'publicUrl'>): Links {
  return linksFrom(baseUrlOf(request, parts.publicUrl));
}
