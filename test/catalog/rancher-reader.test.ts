import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseAsRancher, readCatalog } from '../../addon/catalog/catalog-folder.ts';
import type { CatalogVersion, TemplateFile } from '../../addon/catalog/catalog-folder.ts';
import { combinations } from '../../addon/catalog/check-catalog.ts';
import { renderTemplate } from '../../addon/catalog/render-template.ts';
import type { Answers } from '../../addon/catalog/render-template.ts';

interface Read {
  readonly text: string;
  readonly value: unknown;
}

const templates = new URL('../../templates/', import.meta.url);

/** What the libraries that Rancher itself uses make of files with answers. Fails where there is no Go, never skips. */
function readWithGo(files: readonly { readonly source: string; readonly answers: Answers }[]): readonly Read[] {
  const { error, status, stdout, stderr } = spawnSync('go', ['run', '.'], {
    cwd: fileURLToPath(new URL('./rancher-reader', import.meta.url)),
    input: JSON.stringify(files),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw new Error('go is missing; install Go 1.21 or newer', { cause: error });
  if (status !== 0) throw new Error(`go run: ${stderr}`);
  return JSON.parse(stdout) as readonly Read[];
}

describe('templates, as the libraries of Rancher read them', () => {
  const [template] = readCatalog(fileURLToPath(templates)).templates;
  const versions: readonly CatalogVersion[] = template?.versions ?? [];
  const cases = versions.flatMap((version) =>
    combinations(version).flatMap((answers) =>
      [version.dockerCompose, version.rancherCompose].map((file) => ({ file, answers })),
    ),
  );
  let read: readonly Read[];
  beforeAll(() => {
    read = readWithGo(cases.map(({ file, answers }) => ({ source: file.source, answers })));
  }, 300_000);

  it('are rendered alike by Go and by catalog:check, whatever is answered', () => {
    const render = ({ file, answers }: { readonly file: TemplateFile; readonly answers: Answers }) =>
      renderTemplate(file.nodes, answers);

    expect(cases.length).toBeGreaterThanOrEqual(2 * 96);
    expect(read.map(({ text }) => text)).toEqual(cases.map(render));
  });

  it('hold the same values in both', () => {
    expect(read.map(({ value }) => value)).toEqual(read.map(({ text }) => parseAsRancher(text)));
  });

  it('let Rancher find the questions before anything is answered', () => {
    const config = readFileSync(new URL('receiver-hooks/config.yml', templates), 'utf8');
    const blocks = versions.map(({ rancherCompose }) => catalogBlock(rancherCompose.source));

    const [readConfig, ...heads] = readWithGo([config, ...blocks].map((source) => ({ source, answers: {} })));

    expect(readConfig?.value).toEqual(template?.config);
    expect(heads.map(({ value }) => value)).toEqual(versions.map(({ catalog }) => ({ catalog })));
  });
});

/** As the catalog service takes it out (rancher/catalog-service, parse/extract.go): no comments, from `catalog:` to the next key. */
function catalogBlock(source: string): string {
  const lines = source.split('\n').filter((line) => !/^[ \t]*#/.test(line));
  const from = lines.findIndex((line) => line.startsWith('catalog:'));
  const rest = lines.slice(from + 1);
  const to = rest.findIndex((line) => /^\S/.test(line));
  return [lines[from], ...rest.slice(0, to)].join('\n');
}
