import type { DemoReceivers, DemoService } from './demo.ts';
import type { RunningSandbox, RunningService } from './running-service.ts';

interface Demo {
  readonly service: RunningService;
  readonly sandbox: RunningSandbox;
  readonly webapp: DemoService;
  readonly receivers: DemoReceivers;
  readonly pool: DemoReceivers;
}

/** What `try` prints with the sandbox. Every line that begins with two spaces and `curl` works as it stands, in any shell. */
export function sayWhatToTry({ service, sandbox, webapp, receivers, pool }: Demo): readonly string[] {
  const curl = `curl -s -u ${sandbox.accessKey}:${sandbox.secretKey}`;
  const project = `projectId=${sandbox.projectId}`;
  return [
    `Receiver hooks at ${service.url}, for trying: behind it is a sandbox (an in-process Rancher 1.6) at ${sandbox.url}.`,
    `In its environment ${sandbox.projectId} runs the service ${webapp.name} (${webapp.id}) with 2 containers, and two receivers wait for it;`,
    'two more wait for a pool of machines with the label pool=demo, which has one and room for ten more.',
    '',
    'One container more:',
    `  curl -s -X POST "${receivers.upUrl}"`,
    'One less:',
    `  curl -s -X POST "${receivers.downUrl}"`,
    'The service, as Rancher sees it (look at "scale"):',
    `  ${curl} "${sandbox.url}/projects/${sandbox.projectId}/services/${webapp.id}"`,
    'The receivers:',
    `  ${curl} "${service.url}/v1-webhooks/receivers?${project}"`,
    'What has happened so far:',
    `  ${curl} "${service.url}/v1-webhooks/executions?${project}"`,
    '',
    'One machine more (202: it is being made, which takes about three seconds; repeat it and they add up):',
    `  curl -s -X POST "${pool.upUrl}"`,
    'One machine less:',
    `  curl -s -X POST "${pool.downUrl}"`,
    'The machines, as Rancher sees them:',
    `  ${curl} "${sandbox.url}/projects/${sandbox.projectId}/hosts"`,
    '',
    'Ctrl-C ends it.',
  ];
}

/** What `try` prints when it serves the Rancher of `CATTLE_*`. */
export function sayHowToGoOn(service: RunningService): readonly string[] {
  return [
    `Receiver hooks at ${service.url}, for the Rancher in CATTLE_URL.`,
    '',
    'Is it able to work?',
    `  curl -s "${service.url}/readyz"`,
    'In another terminal with the same CATTLE_* variables, make a receiver (take the environment and the service from',
    "their pages' addresses in Rancher, as 1a5 and 1s7) and call the URL it prints:",
    `  npm run receiver-hooks -- receivers create webapp-up --url ${service.url} --project 1a5 --driver scaleService --set serviceId=1s7 --set action=up --set amount=1 --set min=1 --set max=10`,
    'What has happened so far:',
    `  npm run receiver-hooks -- executions list --url ${service.url} --project 1a5`,
    '',
    'Ctrl-C ends it.',
  ];
}
