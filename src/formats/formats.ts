import { alertmanager } from './alertmanager.ts';
import { alicloud } from './alicloud.ts';
import { azure } from './azure.ts';
import { dockerhub } from './dockerhub.ts';
import type { AnyFormat } from './format.ts';
import { generic } from './generic.ts';

/** Every format, in the order in which `auto` asks them. A file in this folder that is missing here fails a repository test. */
export const formats: readonly AnyFormat[] = [alertmanager, dockerhub, alicloud, azure, generic];
