import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkCatalog } from './check-catalog.ts';

// `npm run catalog:check`: one line for each thing that is wrong; exit code 1 when there is one.

const repository = new URL('../../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', repository), 'utf8')) as {
  readonly version: string;
};
const findings = checkCatalog(fileURLToPath(new URL('templates/', repository)), version);
for (const { file, problem } of findings) process.stderr.write(`templates/${file}: ${problem}\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
