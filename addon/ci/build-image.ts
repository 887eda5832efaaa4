import { spawnSync } from 'node:child_process';

// Builds the image that the tests in test/e2e look at, and says in one line what is missing when it cannot.

const dockerfile = ['build', '--file', 'addon/Dockerfile', '--tag', 'receiver-hooks:0.1.0', '.'];

function fail(message: string): never {
  process.stderr.write(`test:e2e: ${message}\n`);
  process.exit(1);
}

function run(program: string, args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined) fail(`${program} is missing; install it, or run: addon/ci/with-docker.sh npm run test:e2e`);
  return { status, said: `${stdout}${stderr}` };
}

const engine = run('docker', ['version', '--format', '{{.Server.Version}}']);
if (engine.status !== 0) {
  fail('no Docker engine answers; start one, or run as root: addon/ci/with-docker.sh npm run test:e2e');
}
for (const program of ['docker-compose', 'promtool']) run(program, ['--version']);
const build = run('docker', dockerfile);
if (build.status !== 0) fail(`the image could not be built:\n${build.said.split('\n').slice(-30).join('\n')}`);
