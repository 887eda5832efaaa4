import { alertmanager } from './alertmanager.ts';
import type { AnyFormat } from './format.ts';
import { generic } from './generic.ts';

/** Every format, in the order in which `auto` asks them. A file in this folder that is missing here fails a repository test. */
export const formats: readonly AnyFormat[] = [alertmanager as AnyFormat, generic as AnyFormat];
