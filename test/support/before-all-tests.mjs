import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const compiled = join(import.meta.dirname, '../../node_modules/.cache/compiled');
const bundles = join(import.meta.dirname, 'make-bundles.ts');
// Tests under test/infra import the generated bindings.
const bindings = join(import.meta.dirname, '../../infra/provider-alicloud/scripts/build.ts');

/**
 * Jest calls this once, before it starts the processes that run tests. Each part is a process of its own, because what Jest loads
 * here goes through its transformer, which those modules do not survive.
 */
export default function prepare() {
  // Many tests start the service itself: compiled anew, that is a third of a second each time.
  process.env.NODE_COMPILE_CACHE ??= compiled;
  for (const script of [bundles, bindings])
    execFileSync(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] });
}
