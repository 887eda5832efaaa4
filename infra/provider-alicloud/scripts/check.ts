import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { readNotation } from './build.ts';
import { compareSchemas } from './compare.ts';
import { expandSchema, providerAddress } from './notation.ts';
import type { ProviderSchema, SchemaFile, SchemaNotation } from './notation.ts';

const run = promisify(execFile);
const schemaBytesAtMost = 512 * 1024 * 1024;

/**
 * Asks a real provider for its schema: terraform downloads it, or takes it from wherever the user's CLI configuration says.
 * Throws what terraform printed.
 */
async function readInstalledSchema(notation: SchemaNotation): Promise<SchemaFile> {
  const directory = await mkdtemp(join(tmpdir(), 'alicloud-schema-'));
  const required = { alicloud: { source: notation.source, version: notation.constraint } };
  try {
    await writeFile(join(directory, 'main.tf.json'), JSON.stringify({ terraform: { required_providers: required } }));
    await run('terraform', ['init', '-input=false', '-no-color'], { cwd: directory });
    const { stdout } = await run('terraform', ['providers', 'schema', '-json'], {
      cwd: directory,
      maxBuffer: schemaBytesAtMost,
    });
    return JSON.parse(stdout) as SchemaFile;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function providerIn(file: SchemaFile, address: string): ProviderSchema {
  const schema = file.provider_schemas[address];
  if (!schema)
    throw new Error(`the schema holds no provider ${address}; it has ${Object.keys(file.provider_schemas).join(', ')}`);
  return schema;
}

const { values } = parseArgs({ options: { from: { type: 'string' } } });
const notation = await readNotation();
const address = providerAddress(notation);
const real =
  values.from === undefined
    ? await readInstalledSchema(notation)
    : (JSON.parse(await readFile(values.from, 'utf8')) as SchemaFile);

const { checked, differences } = compareSchemas(providerIn(expandSchema(notation), address), providerIn(real, address));
for (const difference of differences) console.error(difference);
console.log(`${checked} arguments and blocks compared, ${differences.length} differences`);
process.exitCode = differences.length === 0 ? 0 : 1;
