import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { bundle } from './bundling.ts';

// Makes dist/: the program and its database thread, each with everything it needs (docs/adr/0033).

const outdir = 'dist';

rmSync(outdir, { recursive: true, force: true });
// Side by side, as the thread is looked for beside whatever part its module came to lie in.
const entryPoints = ['src/main.ts', 'src/storage/store-worker.ts'];
const { inputs } = await bundle({ entryPoints, outdir, splitting: true });
writeFileSync(`${outdir}/LICENSES.txt`, licences(Object.keys(inputs)));

/** Whose code is in the files, and under which terms. */
function licences(inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []));
  const texts = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Package;
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? 'Its package brings no text.' : readFileSync(`${folder}/${file}`, 'utf8').trim();
    return `${name} ${version} (${license ?? 'no licence named'})\n\n${text}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}
