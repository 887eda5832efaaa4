import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { docker, image, runContainer, writeTemporary } from './support/stack.ts';

const base = 'node:24.21.0-bookworm-slim';
const complete = ['CATTLE_URL=http://127.0.0.1:1', 'CATTLE_ACCESS_KEY=key', 'CATTLE_SECRET_KEY=secret-of-the-key'];

interface Inspected {
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly Cmd: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
    readonly Healthcheck: { readonly Test: readonly string[] };
  };
}

const inspect = async (name: string): Promise<Inspected> =>
  (JSON.parse(await docker('image', 'inspect', name)) as [Inspected])[0];

const withVariables = (variables: readonly string[]): readonly string[] => variables.flatMap((each) => ['--env', each]);

describe('addon/Dockerfile', () => {
  it('makes an image that adds at most 120 MB to its base', async () => {
    const [{ Size: whole }, { Size: below }] = await Promise.all([inspect(image), inspect(base)]);
    const addedMegabytes = (whole - below) / 1e6;
    process.stdout.write(`figure: image adds ${addedMegabytes.toFixed(1)} MB to its base\n`);
    expect(addedMegabytes).toBeLessThanOrEqual(120);
  });

  it('runs serve as a user without rights, says what it is, and looks after its own health', async () => {
    const { Config } = await inspect(image);
    expect(Config.User).toBe('node');
    expect(Config.Cmd).toEqual(['serve']);
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Receiver Hooks for Rancher',
      'org.opencontainers.image.version': '0.1.0',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
    expect(Config.Healthcheck.Test).toEqual(['CMD', 'node', 'healthcheck.js']);
  });

  it('holds the bundle, and the licences of what is in it', async () => {
    const { said } = await runContainer([
      '--entrypoint',
      'node',
      image,
      '-e',
      'console.log(fs.readdirSync("/app").join(), fs.existsSync("/app/dist/LICENSES.txt"), process.getuid())',
    ]);
    expect(said.trim()).toBe('dist,healthcheck.js,package.json true 1000');
  });

  it('can write nowhere but to its data and /tmp', async () => {
    const write = (path: string): readonly string[] => ['--entrypoint', 'sh', image, '-c', `echo x > ${path}`];
    expect((await runContainer(write('/app/x'))).said).toMatch(/Read-only file system/);
    expect((await runContainer(write('/data/x'))).exitCode).toBe(0);
    expect((await runContainer(write('/tmp/x'))).exitCode).toBe(0);
  });

  it.each([
    ['no Rancher', [], /CATTLE_URL: it is missing; .*io\.rancher\.container\.create_agent/],
    ['half a key', complete.slice(0, 2), /CATTLE_SECRET_KEY: it is missing/],
    [
      'a wrong address',
      [...complete.slice(1), 'CATTLE_URL=rancher:8080'],
      /CATTLE_URL: "rancher:8080" is not an address of Rancher 1.6/,
    ],
    ['a wrong port', [...complete, 'PORT=eighty'], /PORT: "eighty" is not a whole number/],
    [
      'a wrong log level',
      [...complete, 'LOG_LEVEL=loud'],
      /LOG_LEVEL: "loud" is not a known level; write one of: debug/,
    ],
    ['a wrong public address', [...complete, 'PUBLIC_URL=hooks'], /PUBLIC_URL: "hooks" is not a plain http/],
    ['a wrong place', [...complete, 'INSTALL_PLACE=beside'], /INSTALL_PLACE: "beside" is not a known place/],
    ['a wrong number of hops', [...complete, 'TRUSTED_HOPS=many'], /TRUSTED_HOPS: "many" is/],
    ['a sealing key that is none', [...complete, 'SEALING_KEY=short'], /SEALING_KEY: .*openssl rand -base64 32/],
    ['a wrong database', [...complete, 'DATABASE_URL=mysql://x'], /DATABASE_URL: /],
    [
      'a database without a sealing key',
      [...complete, 'DATABASE_URL=postgres://a@127.0.0.1/b'],
      /SEALING_KEY: it is missing/,
    ],
    [
      'a secret that is not there',
      [...complete.slice(0, 2), 'CATTLE_SECRET_KEY_FILE=/run/secrets/none'],
      /CATTLE_SECRET_KEY_FILE: the file "\/run\/secrets\/none" cannot be read \(ENOENT\)/,
    ],
    [
      'a key twice',
      [...complete, 'CATTLE_SECRET_KEY_FILE=/etc/hostname'],
      /CATTLE_SECRET_KEY_FILE: CATTLE_SECRET_KEY is set, too/,
    ],
    ['data that cannot be written', [...complete, 'DATA_DIR=/app/data'], /cannot make the data directory \/app\/data/],
  ])('with %s says what to do and ends, and doctor says the same', async (_, variables, says) => {
    const serve = await runContainer([...withVariables(variables), image]);
    expect(serve).toMatchObject({ exitCode: 1, said: expect.stringMatching(says) });
    expect(serve.said).not.toMatch(/ {4}at |secret-of-the-key/);
    const doctor = await runContainer([...withVariables(variables), image, 'doctor']);
    expect(doctor.exitCode).toBe(1);
    if (!/data directory/.test(says.source)) expect(doctor.said).toMatch(says);
    expect(doctor.said).not.toMatch(/ {4}at |secret-of-the-key/);
  });

  it('names every wrong variable at once, and doctor names the same', async () => {
    const wrong = {
      CATTLE_URL: 'rancher',
      CATTLE_HOST_ACCESS_KEY: 'half',
      HOST: 'a b',
      PORT: '-1',
      SANDBOX_PORT: '70000',
      DATABASE_URL: 'mysql://x',
      HISTORY_DAYS: '0',
      HISTORY_LIMIT: 'all',
      PUBLIC_URL: 'hooks',
      INSTALL_PLACE: 'beside',
      LOG_LEVEL: 'loud',
      RSA_PUBLIC_KEY_CONTENTS: 'no key',
      SEALING_KEY: 'short',
      TRIGGER_KEYS: 'md5',
      TRUST_EXISTING_RECEIVERS: 'yes',
      TRUSTED_HOPS: '10',
      COOLDOWN_SECONDS: '5m',
      ALLOWED_SOURCES: 'intranet',
      ALLOW_PRIVATE_CALLBACKS: '1',
    };
    const given = withVariables(Object.entries(wrong).map(([name, value]) => `${name}=${value}`));

    const [serve, doctor] = [await runContainer([...given, image]), await runContainer([...given, image, 'doctor'])];

    const named = (said: string): readonly string[] =>
      [...said.matchAll(/^ {2}(\w+): .+; .+$/gm)].map(([, variable = '']) => variable).toSorted();
    const missing = ['CATTLE_ACCESS_KEY', 'CATTLE_HOST_SECRET_KEY', 'CATTLE_SECRET_KEY'];
    const { CATTLE_HOST_ACCESS_KEY: _half, ...refused } = wrong;
    expect(named(serve.said)).toEqual([...Object.keys(refused), ...missing].toSorted());
    expect(named(doctor.said)).toEqual(named(serve.said));
    expect([serve.exitCode, doctor.exitCode]).toEqual([1, 1]);
  });

  it('cannot run under the filter of Docker before 20.10.10, which is what OLD_DOCKER is for', async () => {
    // Those engines know nothing of clone3 and answer EPERM to it; newer ones answer ENOSYS, and the C library goes another way.
    const refusing = { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 };
    const profile = await writeTemporary(
      'seccomp.json',
      JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [refusing] }),
    );
    const version = (filter: string): ReturnType<typeof runContainer> =>
      runContainer(['--security-opt', 'no-new-privileges', '--security-opt', `seccomp=${filter}`, image, '--version']);

    const [refused, unfiltered] = [await version(profile), await version('unconfined')];

    expect(refused.exitCode).not.toBe(0);
    expect(refused.said).toMatch(/uv_thread_create/);
    expect(unfiltered).toEqual({ exitCode: 0, said: '0.1.0\n' });
  });

  it('says it when PostgreSQL cannot be had, and ends', async () => {
    const sealingKey = await writeTemporary('sealing-key', '');
    await writeFile(sealingKey, Buffer.alloc(32, 7).toString('base64'));
    const { exitCode, said } = await runContainer([
      ...withVariables([
        ...complete,
        'DATABASE_URL=postgres://hooks:hidden-word@127.0.0.1:5999/hooks',
        'SEALING_KEY_FILE=/k',
      ]),
      '--volume',
      `${sealingKey}:/k:ro`,
      image,
    ]);
    expect(exitCode).toBe(1);
    expect(said).toMatch(/cannot use PostgreSQL: /);
    expect(said).not.toContain('hidden-word');
  });
});
