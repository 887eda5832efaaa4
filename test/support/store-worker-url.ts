import { pathToFileURL } from 'node:url';
import { bundled } from './bundles.ts';

/** Stands for the module of this name in src/storage: the same thread, bundled as it is in dist/, is there in a quarter of the time. */
export const storeWorkerUrl = pathToFileURL(bundled('store-worker'));
