import { bundle } from '../../addon/bundling.ts';
import { bundlesDirectory } from './bundles.ts';

// Run once before any test, half a second: loaded from their sources, hundreds of small files, these take four times as long to start.
await bundle({
  entryPoints: ['src/storage/store-worker.ts', 'test/support/crash/doomed-service.ts'],
  outdir: bundlesDirectory,
  // Nothing is left lying there when the sources change.
  splitting: false,
});
