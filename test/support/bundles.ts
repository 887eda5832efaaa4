import { join } from 'node:path';

export const bundlesDirectory = join(import.meta.dirname, '../../node_modules/.cache/under-test');

/** The file of a module that tests start as a thread or as a process of its own; `make-bundles.ts` has made it. */
export const bundled = (name: 'store-worker' | 'doomed-service'): string => join(bundlesDirectory, `${name}.js`);
