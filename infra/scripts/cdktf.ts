import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';

const infraDirectory = join(import.meta.dirname, '..');
const exampleConfiguration = 'infra.config.example.json';
const { resolve: resolveModule } = createRequire(import.meta.url);

/**
 * Runs `cdktf` as this project needs it: with the workspace's own Node, without telemetry, and for `synth` with the example
 * when no configuration is named. Relative paths in INFRA_CONFIG are the caller's.
 */
function environment(command: string | undefined): NodeJS.ProcessEnv {
  const nodeDirectory = dirname(ownNode());
  const named = process.env['INFRA_CONFIG'];
  // npm changes into the workspace; what the user typed was relative to where he stood.
  const callersDirectory = process.env['INIT_CWD'] ?? process.cwd();
  const configuration =
    named === undefined || named === ''
      ? command === 'synth'
        ? { INFRA_CONFIG: join(infraDirectory, exampleConfiguration) }
        : {}
      : { INFRA_CONFIG: resolve(callersDirectory, named) };
  return {
    CHECKPOINT_DISABLE: '1',
    DISABLE_VERSION_CHECK: '1',
    ...process.env,
    PATH: [nodeDirectory, process.env['PATH'] ?? ''].join(delimiter),
    ...configuration,
  };
}

/** Node 22 from npm where there is one for this machine, else the Node that runs this. */
function ownNode(): string {
  try {
    const platform = process.platform === 'win32' ? 'win' : process.platform;
    const packageFile = resolveModule(`node-${platform}-${process.arch}/package.json`);
    return join(dirname(packageFile), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    return process.execPath;
  }
}

function demandTerraform(): void {
  const terraform = process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform';
  if (spawnSync(terraform, ['version'], { stdio: 'ignore' }).error === undefined) return;
  console.error(
    `${terraform} was not found. Install Terraform 1.5 or newer and put it on PATH, or name another binary in TERRAFORM_BINARY_NAME.`,
  );
  process.exit(1);
}

const [command, ...rest] = process.argv.slice(2);
if (command !== 'synth') demandTerraform();
const cli = join(dirname(resolveModule('cdktf-cli/package.json')), 'bundle', 'bin', 'cdktf');
const child = spawn(ownNode(), [cli, ...(command === undefined ? [] : [command]), ...rest], {
  cwd: infraDirectory,
  env: environment(command),
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
