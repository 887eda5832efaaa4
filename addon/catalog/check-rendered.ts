import { parseVariables } from '../../src/config/parse-variables.ts';
import { variables } from '../../src/config/variables.ts';
import type { DockerCompose, RancherCompose } from './compose-rules.ts';
import type { Answers } from './render-template.ts';

const serviceName = 'receiver-hooks';
const healthLine = 'GET /healthz HTTP/1.0';
// What Rancher itself hands to a container with the agent labels.
const knownVariables = new Set(variables.map(({ name }) => name));
const credentials = variables.filter(({ isSecret }) => isSecret).map(({ name }) => name);

/** What must hold of the two compose files of one set of answers, beyond their shape. Answers the problems, none when all is well. */
export function checkRendered(docker: DockerCompose, rancher: RancherCompose, answers: Answers): readonly string[] {
  return [...checkReferences(docker, rancher), ...checkService(docker, rancher, answers)];
}

function checkReferences(docker: DockerCompose, rancher: RancherCompose): readonly string[] {
  const problems: string[] = [];
  const names = Object.keys(docker.services);
  for (const name of names)
    if (!(name in rancher.services)) problems.push(`service ${name} is not in rancher-compose.yml`);
  for (const [name, { lb_config: balancer }] of Object.entries(rancher.services)) {
    if (!names.includes(name)) problems.push(`service ${name} is not in docker-compose.yml`);
    for (const { service } of balancer?.port_rules ?? []) {
      if (!names.includes(service)) problems.push(`the load balancer sends to ${service}, which is not there`);
    }
  }
  const usedVolumes = new Set<string>();
  const usedSecrets = new Set<string>();
  for (const { volumes = [], secrets = [] } of Object.values(docker.services)) {
    for (const volume of volumes) if (!volume.startsWith('/')) usedVolumes.add(volume.split(':')[0] ?? '');
    for (const { source } of secrets) usedSecrets.add(source);
  }
  problems.push(
    ...differences('volume', usedVolumes, Object.keys(docker.volumes ?? {})),
    ...differences('secret', usedSecrets, Object.keys(docker.secrets ?? {})),
  );
  return problems;
}

function differences(what: string, used: ReadonlySet<string>, declared: readonly string[]): readonly string[] {
  return [
    ...[...used].filter((name) => !declared.includes(name)).map((name) => `${what} ${name} is used and not declared`),
    ...declared.filter((name) => !used.has(name)).map((name) => `${what} ${name} is declared and not used`),
  ];
}

function checkService(docker: DockerCompose, rancher: RancherCompose, answers: Answers): readonly string[] {
  const service = docker.services[serviceName];
  const scaling = rancher.services[serviceName];
  if (service === undefined || scaling === undefined) return [`there is no service ${serviceName}`];
  const problems: string[] = [];
  const require = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(`${serviceName}: ${problem}`);
  };
  const { labels = {}, environment = {}, secrets = [], volumes = [] } = service;
  require(service.read_only === true, 'its root must be read-only');
  require(service.cap_drop?.includes('ALL') === true, 'it must drop ALL capabilities');
  require(/^[1-9]/.test(service.user ?? ''), 'it must run as a user without rights');
  require(service.mem_limit !== undefined, 'it needs a memory limit');
  require(labels['io.rancher.container.create_agent'] ===
    'true', 'it needs the label io.rancher.container.create_agent');
  require(labels['io.rancher.container.agent.role'] === 'environment', 'it needs the agent role environment');
  require(scaling.health_check?.request_line === healthLine, `its health check must be ${healthLine}: not readiness`);

  if (volumes.some((volume) => volume.endsWith(':/data'))) {
    require(scaling.scale === 1, 'with a volume there can be one container only');
    require(scaling.upgrade_strategy?.start_first ===
      false, 'with a volume the old container must stop before the new one starts');
    require('io.rancher.scheduler.affinity:host_label' in labels, 'with a volume it needs affinity for its host');
  }
  if (service.ports !== undefined)
    require(scaling.upgrade_strategy?.start_first ===
      false, 'with a port of the host the old container must stop before the new one starts');
  for (const name of Object.keys(environment))
    require(knownVariables.has(name), `it does not read the variable ${name}`);
  // What is offered to the operator, its bounds included, must be taken; an empty variable counts as not set.
  const offered = Object.entries(environment).filter(([, value]) => value !== '');
  for (const { variable, problem } of parseVariables(Object.fromEntries(offered)).mistakes)
    problems.push(`${serviceName}: the variable ${variable}: ${problem}`);
  for (const path of Object.entries(environment)
    .filter(([name]) => name.endsWith('_FILE'))
    .map(([, value]) => value)) {
    const isThere = secrets.some(({ target }) => path === `/run/secrets/${target}`);
    require(isThere, `${path} is not the target of one of its secrets`);
  }
  if (answers['CREDENTIALS'] === 'rancher-secrets') {
    for (const name of credentials)
      require(!(name in environment), `${name} stands there in plain, though nobody asked for that`);
  }
  return problems;
}
