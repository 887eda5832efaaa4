import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readNotation } from '../../../infra/provider-alicloud/scripts/build.ts';
import { defaultProviderHost } from '../../../infra/provider-alicloud/scripts/notation.ts';
import type { LoggedCall } from './stand-in/provider.ts';

const repository = resolve(import.meta.dirname, '../../..');
const launcher = join(repository, 'infra/scripts/cdktf.ts');
const schemaCheck = join(repository, 'infra/provider-alicloud/scripts/check.ts');
const standIn = join(import.meta.dirname, 'stand-in/main.ts');

export interface Finished {
  readonly code: number | null;
  /** Both streams, without colours and cursor movements. */
  readonly output: string;
}

/** A directory with a configuration, its states and outputs, where Terraform finds the stand-in in place of the provider. */
export interface TerraformLab {
  readonly directory: string;
  readonly outputsFile: string;
  /** Runs `cdktf` the way the root scripts do. */
  readonly cdktf: (args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<Finished>;
  /** Compares schema.json with the installed provider, which here is the stand-in. */
  readonly checkSchema: () => Promise<Finished>;
  /** What the provider was asked since the last look. */
  readonly takeCalls: () => Promise<LoggedCall[]>;
  readonly remove: () => Promise<void>;
}

/** Sets up a lab for a configuration. Throws, and does not skip, when there is no Terraform. */
export async function openTerraformLab(configuration: Readonly<Record<string, unknown>>): Promise<TerraformLab> {
  demandTerraform();
  const directory = await mkdtemp(join(tmpdir(), 'infra-lab-'));
  const logFile = join(directory, 'calls.jsonl');
  const configurationFile = join(directory, 'infra.config.json');
  const outputsFile = join(directory, 'outputs.json');
  const state = { kind: 'local', directory: join(directory, 'state') };
  await mkdir(state.directory);
  await writeFile(configurationFile, JSON.stringify({ ...configuration, state }));
  await writeFile(logFile, '');
  const cliConfiguration = await installStandIn(directory);

  const lab = {
    ...process.env,
    CI: '1',
    INFRA_CONFIG: configurationFile,
    STAND_IN_LOG: logFile,
    STAND_IN_MONITOR_GROUPS: '7654321',
    TF_CLI_CONFIG_FILE: cliConfiguration,
    TF_DISABLE_PLUGIN_TLS: '1',
    // Else the CLI puts the stand-in into the user's own plugin cache, where a real run would find it.
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: '1',
  };
  const node = process.execPath;

  return {
    directory,
    outputsFile,
    cdktf: ([command = '', ...args], environment = {}) =>
      run(node, [launcher, command, '--output', join(directory, 'cdktf.out'), ...args], { ...lab, ...environment }),
    checkSchema: () => run(node, [schemaCheck], lab),
    takeCalls: async () => {
      const lines = (await readFile(logFile, 'utf8')).split('\n').filter((line) => line !== '');
      await writeFile(logFile, '');
      return lines.map((line) => JSON.parse(line) as LoggedCall);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

function demandTerraform(): void {
  const { error } = spawnSync('terraform', ['version'], { stdio: 'ignore' });
  if (!error) return;
  throw new Error('these tests run Terraform, and there is no "terraform" on PATH: install 1.5 or newer', {
    cause: error,
  });
}

/** Offers the stand-in to Terraform as the provider's release, and answers the CLI configuration that says so. */
async function installStandIn(directory: string): Promise<string> {
  const { source, version } = await readNotation();
  const mirror = join(directory, 'mirror');
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const releaseDirectory = join(mirror, defaultProviderHost, source, version, platform);
  const executable = join(releaseDirectory, `terraform-provider-alicloud_v${version}`);
  await mkdir(releaseDirectory, { recursive: true });
  await writeFile(executable, `#!/bin/sh\nexec "${process.execPath}" "${standIn}"\n`);
  await chmod(executable, 0o755);
  const cliConfiguration = join(directory, 'terraform.rc');
  await writeFile(
    cliConfiguration,
    `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n    include = ["${source}"]\n  }\n}\n`,
  );
  return cliConfiguration;
}

/** Runs a program to its end. */
export async function run(file: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Finished> {
  const child = spawn(file, args, { cwd: repository, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => chunks.push(chunk));
  }
  const code = await new Promise<number | null>((settled, failed) => {
    child.on('error', failed);
    child.on('close', settled);
  });
  // eslint-disable-next-line no-control-regex -- terminal sequences begin with the escape character
  return { code, output: chunks.join('').replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '') };
}
