import { readFileSync } from 'node:fs';
import { readDoctorConfig } from '../../config/read-config.ts';
import type { RancherAccess } from '../../config/config.ts';
import type { Rancher } from '../../rancher/rancher.ts';
import { connectRancher } from '../../rancher/server.ts';
import { CliError, usageError } from '../cli-error.ts';
import { planApply, type Step } from '../client/apply-plan.ts';
import { connectToService } from '../client/connection-options.ts';
import { listReceivers, type ReceiverResource } from '../client/receiver-resource.ts';
import type { ServiceClient } from '../client/service-client.ts';
import type { CliContext } from '../context.ts';
import type { Finding } from '../doctor/finding.ts';
import { onlyProject } from '../only-project.ts';
import { findSystemError } from '../system-errors.ts';
import { readOutputs, type MachineTemplate } from './outputs-file.ts';
import { movedReceivers, poolReceivers } from './pool-receivers.ts';
import { examineMachines } from './preflight.ts';
import { planTemplates, type Outdated, type TemplatePlan } from './template-plan.ts';
import { findTemplateUsers, type TemplateUsers } from './template-users.ts';

export interface HandOverOptions {
  /** The outputs file. */
  readonly from: string;
  /** Address of the running service. */
  readonly url: string;
  readonly project?: string;
  /** Make and edit the pools' receivers, too. */
  readonly receivers?: true;
}

/** The outputs on one side, Rancher and the service on the other, read and compared; nothing is changed yet. */
export interface HandOver {
  readonly templates: readonly MachineTemplate[];
  readonly findings: readonly Finding[];
  readonly plan: TemplatePlan;
  readonly rancher: Rancher;
  readonly service: ServiceClient;
  /** Who uses a template now, as `plan` was made. */
  readonly usersOf: (templateId: string) => TemplateUsers;
  /** Receivers as they will be; a template that is yet to be made has a text in place of its id. */
  readonly receiverSteps: readonly Step[];
  /** The same once every template has its id. */
  readonly planReceivers: (idOf: (templateName: string) => string) => Promise<readonly Step[]>;
  /** What of an outdated template's users is left after `receiverSteps`. */
  readonly usersLeft: (outdated: Outdated) => TemplateUsers;
}

/**
 * Reads the outputs, then Rancher, then the service when receivers are asked for or must leave a template.
 * @throws CliError, ConfigurationError, ServiceError; the outputs are read before anything is called
 */
export async function withHandOver<T>(
  options: HandOverOptions,
  context: CliContext,
  use: (handOver: HandOver) => Promise<T>,
): Promise<T> {
  const templates = readOutputs(readText(options.from), options.from);
  if (options.project !== undefined && !/^1a\d{1,18}$/.test(options.project)) {
    throw usageError(`--project "${options.project}" is not the id of an environment; write it as 1a5`);
  }
  const access = readDoctorConfig(context.environment).rancher;
  const server = connect(access);
  try {
    const projectId = options.project ?? (await onlyProject(server, access.url));
    const rancher = server.project(projectId);
    const service = connectToService({ url: options.url, project: projectId }, context);
    const [findings, existing, usersOf] = await Promise.all([
      examineMachines(server, rancher, access, templates),
      rancher.collection('hostTemplates').list(),
      findTemplateUsers(rancher),
    ]);
    const plan = planTemplates(templates, existing);

    const mustMove = plan.outdated.some(({ template }) => usersOf(template.id).receivers.length > 0);
    const planReceivers: HandOver['planReceivers'] = async (idOf) => {
      if (!options.receivers && !mustMove) return [];
      const receivers = await listReceivers(service);
      return stepsFor({ templates: options.receivers ? templates : [], receivers, outdated: plan.outdated }, idOf);
    };
    const known = new Map(plan.steps.flatMap((step) => (step.kind === 'keep' ? [[step.wanted.name, step.id]] : [])));
    const receiverSteps = await planReceivers((name) => known.get(name) ?? `the new template ${name}`);
    const moved = new Set(receiverSteps.map(({ spec }) => spec.name));
    return await use({
      templates,
      findings,
      plan,
      rancher,
      service,
      usersOf,
      receiverSteps,
      planReceivers,
      usersLeft: ({ template }) => {
        const users = usersOf(template.id);
        return { hosts: users.hosts, receivers: users.receivers.filter((name) => !moved.has(name)) };
      },
    });
  } finally {
    await server.close();
  }
}

function connect({ url, accessKey, secretKey, hostKey }: RancherAccess): ReturnType<typeof connectRancher> {
  return connectRancher({
    url,
    credentials: { accessKey, secretKey },
    ...(hostKey === undefined ? {} : { hostCredentials: hostKey }),
  });
}

function stepsFor(
  seen: {
    readonly templates: readonly MachineTemplate[];
    readonly receivers: readonly ReceiverResource[];
    readonly outdated: readonly Outdated[];
  },
  idOf: (templateName: string) => string,
): readonly Step[] {
  const ofPools = poolReceivers(seen.templates, idOf);
  const names = new Set(ofPools.map(({ name }) => name));
  const others = seen.receivers.filter(({ name }) => !names.has(name));
  return planApply([...ofPools, ...movedReceivers(others, seen.outdated, idOf)], seen.receivers);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = findSystemError(error)?.code ?? 'unknown reason';
    throw new CliError(
      `the file "${file}" cannot be read (${reason}); name the one that "cdktf deploy --outputs-file" wrote`,
      { cause: error },
    );
  }
}
