import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createRequire } from 'node:module';
import { expandSchema, SchemaNotation } from './notation.ts';

const packageDirectory = join(import.meta.dirname, '..');
const schemaFile = join(packageDirectory, 'schema.json');
const libDirectory = join(packageDirectory, 'lib');
const stampFile = join(libDirectory, 'built-from.json');
const run = promisify(execFile);
const { resolve } = createRequire(import.meta.url);

/** Reads `schema.json`. Throws when a line of it cannot be understood. */
export async function readNotation(): Promise<SchemaNotation> {
  return SchemaNotation.parse(JSON.parse(await readFile(schemaFile, 'utf8')));
}

/**
 * Makes sure `lib/` is what `schema.json` says, and builds it when it is missing or older; cheap when it is there, safe when
 * several processes ask at once. Answers whether it had to build.
 */
export async function ensureBindings(): Promise<'built' | 'up to date'> {
  const wanted = await fingerprint();
  if ((await builtFingerprint()) === wanted) return 'up to date';

  const workDirectory = await mkdtemp(join(packageDirectory, '.build-'));
  try {
    await generate(await readNotation(), workDirectory);
    await compile(workDirectory);
    await writeFile(join(workDirectory, 'lib', 'built-from.json'), JSON.stringify({ fingerprint: wanted }));
    await putInPlace(join(workDirectory, 'lib'), wanted);
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
  return 'built';
}

/** What the bindings depend on: the schema, these scripts, the generator's version. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const inputs = [schemaFile, join(import.meta.dirname, 'build.ts'), join(import.meta.dirname, 'notation.ts')];
  for (const input of [...inputs, join(packageDirectory, 'package.json')]) hash.update(await readFile(input));
  return hash.digest('hex');
}

async function builtFingerprint(): Promise<string | undefined> {
  if (!existsSync(stampFile)) return undefined;
  const stamp: unknown = JSON.parse(await readFile(stampFile, 'utf8'));
  return stamp !== null && typeof stamp === 'object' && 'fingerprint' in stamp ? String(stamp.fingerprint) : undefined;
}

async function generate(notation: SchemaNotation, workDirectory: string): Promise<void> {
  // Without this the generator's library reports its use to the vendor, and complains for seconds when there is no network.
  process.env['CHECKPOINT_DISABLE'] = '1';
  // The index of the generator wants jsii, which it does not declare; the module below is all that TypeScript needs.
  const { TerraformProviderGenerator } =
    await import('@cdktf/provider-generator/lib/get/generator/provider-generator.js');
  const { ConstructsMakerProviderTarget, Language, TerraformProviderConstraint } = await import('@cdktf/commons');
  const { CodeMaker } = await import('codemaker');

  const code = new CodeMaker();
  const constraint = new TerraformProviderConstraint({
    name: 'alicloud',
    source: notation.source,
    version: notation.constraint,
  });
  const generator = new TerraformProviderGenerator(code, expandSchema(notation) as never);
  generator.generate(new ConstructsMakerProviderTarget(constraint, Language.TYPESCRIPT));
  await code.save(join(workDirectory, 'generated'));
  await rename(join(workDirectory, 'generated', 'providers', 'alicloud'), join(workDirectory, 'src'));
}

async function compile(workDirectory: string): Promise<void> {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022'],
    // Published provider packages are CommonJS; the package.json beside the sources makes nodenext emit just that.
    module: 'nodenext',
    declaration: true,
    rootDir: 'src',
    outDir: 'lib',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  };
  const commonJs = JSON.stringify({ type: 'commonjs' });
  await writeFile(join(workDirectory, 'package.json'), commonJs);
  await writeFile(join(workDirectory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  const compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc');
  await run(process.execPath, [compiler, '-p', workDirectory]);
  await mkdir(join(workDirectory, 'lib'), { recursive: true });
  await writeFile(join(workDirectory, 'lib', 'package.json'), commonJs);
}

async function putInPlace(built: string, wanted: string): Promise<void> {
  await rm(libDirectory, { recursive: true, force: true });
  try {
    await rename(built, libDirectory);
  } catch (cause) {
    // Another process was a moment earlier: what it built from the same schema is as good.
    if ((await builtFingerprint()) !== wanted) throw new Error('the bindings could not be put in place', { cause });
  }
}

if (import.meta.main) {
  const startedMs = performance.now();
  const result = await ensureBindings();
  console.log(`@cdktf/provider-alicloud: ${result} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
}
