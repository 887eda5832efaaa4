import { ServiceError, hasCode, partRemedy } from '../domain/errors.ts';
import type { AnyDriver } from '../drivers/driver.ts';
import type { Executions } from '../executions/executions.ts';
import type { Submission } from '../executions/submission.ts';
import type { AnyFormat } from '../formats/format.ts';
import { parseTrigger, type ParsedTrigger } from '../formats/parsed-trigger.ts';
import { autoFormat, chooseFormat, hasBody } from '../formats/recognise.ts';
import type { Receiver, ReceiverLookup } from '../receivers/receiver.ts';
import { answerExecution, answerPreview } from './answer.ts';
import type { Demands } from './demands.ts';
import type { RouterHandler, TriggerAnswer, TriggerRequest } from './trigger-request.ts';

export interface RouterHandlerOptions {
  readonly receivers: ReceiverLookup;
  readonly drivers: readonly AnyDriver[];
  readonly formats: readonly AnyFormat[];
  readonly executions: Executions;
  readonly demands: Demands;
  /** Where a receiver's outcomes are posted, as an execution carries it. */
  readonly callbackOf: (receiver: Receiver) => string | undefined;
}

/** Finds the receiver, lets its format read the body, and hands the signal to the executions: the only orchestrator on the way in. */
export function createRouterHandler(options: RouterHandlerOptions): RouterHandler {
  const { receivers, drivers, formats, executions, demands, callbackOf } = options;
  return {
    async handle(request) {
      const receiver = await findReceiver(receivers, request);
      const signedOnce = await demands.check(receiver, request);
      if (receiver.state === 'paused') {
        throw new ServiceError(
          'RECEIVER_PAUSED',
          `receiver ${receiver.name} is paused; resume it to let its triggers count`,
        );
      }
      const { idempotencyKey } = request;
      if (idempotencyKey !== undefined && (idempotencyKey.length === 0 || idempotencyKey.length > 255)) {
        throw new ServiceError(
          'TRIGGER_INVALID',
          `Idempotency-Key has ${String(idempotencyKey.length)} characters; use 1 to 255`,
          { fieldName: 'Idempotency-Key' },
        );
      }
      const driver = drivers.find(({ id }) => id === receiver.driver);
      const submission = inOldWords(driver, () => read(receiver, request, { driver, formats }));
      const callback = callbackOf(receiver);
      if (request.dryRun) return preview(executions, submission);
      return answerExecution(
        await executions.submit({
          ...submission,
          ...(signedOnce === undefined ? {} : { signedOnce }),
          ...(callback === undefined ? {} : { callback }),
        }),
      );
    },
  };
}

/** What a receiver would do if it were called now with nothing to say: the `test` action. */
export async function previewReceiver(executions: Executions, receiver: Receiver): Promise<TriggerAnswer> {
  const signal = { says: 'fire', reason: 'dry run' } as const;
  return answerPreview(
    { says: 'fire', reason: signal.reason, format: receiver.format },
    await executions.preview({ ...receiver, signal }),
  );
}

async function preview(executions: Executions, submission: Submission): Promise<TriggerAnswer> {
  const { signal, format } = submission;
  const previews = signal.says === 'ignore' ? [] : await executions.preview(submission);
  return answerPreview({ says: signal.says, reason: signal.reason, format }, previews);
}

async function findReceiver(receivers: ReceiverLookup, { projectId, key, token }: TriggerRequest): Promise<Receiver> {
  const receiver = await (token === undefined ? findByKey(receivers, projectId, key) : receivers.findByToken(token));
  if (receiver === undefined) throw unknownReceiver();
  return receiver;
}

/** What a caller is told of a URL that leads to no receiver, whatever is wrong with it. */
export function unknownReceiver(cause?: unknown): ServiceError {
  const message =
    'Requested webhook has been revoked/does not exist for this account; take the URL that the receiver shows now, or make a new one';
  return new ServiceError('RECEIVER_NOT_FOUND', message, { cause });
}

async function findByKey(
  receivers: ReceiverLookup,
  projectId: string | undefined,
  key: string | undefined,
): Promise<Receiver | undefined> {
  if (key === undefined || key === '')
    throw new ServiceError('TRIGGER_INVALID', "Invalid execute url, should have 'token' or 'key'", {
      fieldName: 'key',
    });
  if (projectId === undefined || projectId === '') {
    throw new ServiceError('TRIGGER_INVALID', 'Invalid execute url, url must contain projectId', {
      fieldName: 'projectId',
    });
  }
  return receivers.findByKey(projectId, key);
}

function read(
  receiver: Receiver,
  request: TriggerRequest,
  { driver, formats }: { readonly driver: AnyDriver | undefined; readonly formats: readonly AnyFormat[] },
): Submission {
  const trigger = parseTrigger(request.trigger);
  const format = chooseFormat(formats, receiver.format, trigger, driver?.formatOf?.(receiver.config));
  if (format === undefined) {
    throw new ServiceError(
      'SETTINGS_INVALID',
      `receiver ${receiver.name} asks for format ${receiver.format}, which this version does not have`,
      { fieldName: 'format' },
    );
  }
  requireBody(format, trigger);
  // With auto there are no settings of the owner's: the chosen format's own defaults hold.
  const settings = receiver.format === autoFormat ? format.Settings.parse({}) : receiver.formatSettings;
  const signal = format.read(trigger, settings);
  if (driver?.needs === 'image' && signal.says === 'fire' && signal.image === undefined) {
    throw new ServiceError(
      'PAYLOAD_INCOMPLETE',
      `Response provided without image name; format ${format.id} reads no image, send the push of a registry`,
    );
  }
  const contentType = request.trigger.headers['content-type'];
  return {
    projectId: receiver.projectId,
    receiverId: receiver.id,
    receiverName: receiver.name,
    driver: receiver.driver,
    config: receiver.config,
    format: format.id,
    signal,
    repeatAfterSeconds: receiver.repeatAfterSeconds,
    idempotencyKey: request.idempotencyKey,
    body: request.trigger.body,
    ...(contentType === undefined ? {} : { contentType }),
    wait: request.wait,
  };
}

/** What the old service said of a body that an upgrade receiver could not use (recording execute). */
function inOldWords<T>(driver: AnyDriver | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (driver?.needs !== 'image' || !hasCode(error, 'PAYLOAD_MALFORMED', 'PAYLOAD_INCOMPLETE')) throw error;
    const { code, details } = error;
    const { message, detail } = partRemedy(error.message);
    const remedy = detail === null ? '' : `; ${detail}`;
    throw new ServiceError(code, `Error ${message} in executing driver for ${driver.id}${remedy}`, details);
  }
}

function requireBody(format: AnyFormat, trigger: ParsedTrigger): void {
  if (hasBody(format, trigger)) return;
  const wanted = format.body === 'json' ? 'JSON' : 'a form (application/x-www-form-urlencoded)';
  throw new ServiceError(
    'PAYLOAD_MALFORMED',
    `format ${format.id} reads ${wanted}; the body of ${String(trigger.body.byteLength)} bytes is none`,
    { fieldName: 'body' },
  );
}
