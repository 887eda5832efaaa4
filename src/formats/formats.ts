import { alertmanager } from './alertmanager.ts';
import { alicloud } from './alicloud.ts';
import { arms } from './arms.ts';
import { azure } from './azure.ts';
import { cloudevents } from './cloudevents.ts';
import { cloudmonitorEvent } from './cloudmonitor-event.ts';
import { cloudmonitor } from './cloudmonitor.ts';
import { distribution } from './distribution.ts';
import { dockerhub } from './dockerhub.ts';
import { ecr } from './ecr.ts';
import type { AnyFormat } from './format.ts';
import { gcr } from './gcr.ts';
import { generic } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { grafana } from './grafana.ts';
import { harbor } from './harbor.ts';
import { jfrog } from './jfrog.ts';
import { nexus } from './nexus.ts';
import { quay } from './quay.ts';

/**
 * Every format, in the order in which `auto` asks them: what carries a mark of its sender before what many may send (`arms` before
 * `alertmanager`, everything before `cloudevents`), `generic` last. A file in this folder that is missing here fails a repository test.
 */
export const formats: readonly AnyFormat[] = [
  arms,
  grafana,
  alertmanager,
  cloudmonitor,
  cloudmonitorEvent,
  dockerhub,
  alicloud,
  azure,
  distribution,
  harbor,
  github,
  gitlab,
  quay,
  nexus,
  jfrog,
  ecr,
  gcr,
  cloudevents,
  generic,
];
