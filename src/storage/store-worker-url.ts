// The compiled module lies beside this one under the other extension.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** The module that the database's thread runs. */
export const storeWorkerUrl = new URL(`./store-worker.${extension}`, import.meta.url);
