import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const build = join(import.meta.dirname, '../../../infra/provider-alicloud/scripts/build.ts');

/**
 * Called once before any test: tests under test/infra import the generated bindings. A process of its own, because what Jest
 * loads here goes through its transformer, which the build's modules do not survive.
 */
export default function buildBindings() {
  execFileSync(process.execPath, [build], { stdio: ['ignore', 'ignore', 'inherit'] });
}
