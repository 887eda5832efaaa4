import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { changed, exampleJson } from './support/example.ts';
import { run } from './support/terraform-lab.ts';

const infra = join(import.meta.dirname, '../../infra');

describe('infra/src/main', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'infra-main-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const synthesise = (environment: Readonly<Record<string, string>>) => {
    const { PATH = '' } = process.env;
    // What the CLI sets when it runs the program.
    const cdktf = { CDKTF_OUTDIR: join(directory, 'cdktf.out'), CI: '1' };
    return run(process.execPath, ['--disable-warning=DEP0044', join(infra, 'src/main.ts')], {
      PATH,
      ...cdktf,
      ...environment,
    });
  };
  const written = async (json: unknown): Promise<string> => {
    const file = join(directory, 'mine.json');
    await writeFile(file, JSON.stringify(json));
    return file;
  };

  it('says how to name a configuration', async () => {
    const { code, output } = await synthesise({});
    expect(code).toBe(1);
    expect(output).toContain('remedy: copy infra.config.example.json, change it, and set INFRA_CONFIG to its path');
  });

  it('says that the named file is not there', async () => {
    const { code, output } = await synthesise({ INFRA_CONFIG: join(directory, 'other.json') });
    expect(code).toBe(1);
    expect(output).toContain('remedy: set INFRA_CONFIG to a file that exists');
  });

  it('prints every mistake without a stack trace, and synthesises nothing', async () => {
    const broken = changed('region', 'mars-1', changed('network.cidr', 'banana'));
    const { code, output } = await synthesise({ INFRA_CONFIG: await written(broken) });
    expect(code).toBe(1);
    expect(output).toMatch(/- region = "mars-1"[\s\S]*- network\.cidr = "banana"/);
    expect(output).not.toMatch(/\n\s+at /);
    expect(existsSync(join(directory, 'cdktf.out'))).toBe(false);
  });

  it('synthesises the example, and warns that its PGP key is nobody’s', async () => {
    const { code } = await synthesise({ INFRA_CONFIG: await written(exampleJson()) });
    expect(code).toBe(0);
    // The CLI prints the remarks that stand in the manifest.
    const manifest = await readFile(join(directory, 'cdktf.out/manifest.json'), 'utf8');
    expect(manifest).toContain('nobody has its private half');
    for (const stack of ['network', 'access', 'machines', 'alarms']) {
      expect(existsSync(join(directory, 'cdktf.out/stacks', stack, 'cdk.tf.json'))).toBe(true);
    }
  });
});
