import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../../support/http-client.ts';
import { basic, published, startHandOver } from '../support/hand-over-under-test.ts';
import type { HandOverUnderTest, Template } from '../support/hand-over-under-test.ts';
import { runCli } from '../support/run-cli.ts';

describe('cli/templates/hand-over, refusing', () => {
  let lab: HandOverUnderTest;
  beforeEach(async () => {
    lab = await startHandOver();
  });
  afterEach(() => lab.close());

  it('refuses while the machine driver is inactive, and says where to activate it', async () => {
    const authorization = basic(lab.sandbox.adminKey);
    const path = '/v2-beta/machinedrivers/1md1?action=deactivate';
    const { status } = await call(lab.sandbox.url, { method: 'POST', path, headers: { authorization }, body: {} });
    expect(status).toBe(202);

    const applied = await lab.run('apply', lab.outputs());

    expect(applied.exitCode).toBe(1);
    expect(applied.err).toMatch(
      /machine driver aliyunecs: it is inactive; activate it under Admin > Machine Drivers\nnothing was changed/,
    );
    expect((await lab.run('diff', lab.outputs())).exitCode).toBe(1);
    expect(await lab.templates()).toEqual([]);
  });

  it('refuses a field that the machine driver does not know', async () => {
    const spot = (all: Template[]): Template[] =>
      all.map((one) => ({ ...one, driverConfig: { ...one.driverConfig, spot: 'yes' } }));

    const { exitCode, err } = await lab.run('apply', lab.outputs(spot));

    expect(exitCode).toBe(1);
    expect(err).toContain('scaler-web-cn-hangzhou-i: it does not know spot');
    expect(await lab.templates()).toEqual([]);
  });

  it('looks at the driver with the key for hosts when its own is an agent’s', async () => {
    const { project, environment: agent } = lab.sandbox.project.keys;
    const given = {
      ...lab.environment(agent),
      CATTLE_HOST_ACCESS_KEY: project.accessKey,
      CATTLE_HOST_SECRET_KEY: project.secretKey,
    };
    const wrong = (all: Template[]): Template[] =>
      all.map((one) => ({ ...one, driverConfig: { ...one.driverConfig, privateAddressOnly: 'yes' } }));

    const { exitCode, out } = await runCli(['templates', 'diff', '--from', lab.outputs(wrong)], { environment: given });

    expect(exitCode).toBe(1);
    expect(out).toContain('scaler-web-cn-hangzhou-i: privateAddressOnly must be boolean');
    expect(out).toContain('ok: key for hosts in 1a5: the one in CATTLE_HOST_ACCESS_KEY may create hosts');
  });

  it('says that no key may create hosts, and how to mend it', async () => {
    const agent = lab.environment(lab.sandbox.project.keys.environment);

    const { exitCode, out } = await runCli(['templates', 'diff', '--from', lab.outputs()], { environment: agent });

    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /warning: key for hosts in 1a5: none may create hosts .*CATTLE_HOST_ACCESS_KEY.*--mint-environment-key/,
    );
  });

  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    ['no secret', [], {}, 1, /the machine driver's secret is needed/],
    ['an empty secret file', ['--secret-file', 'EMPTY'], {}, 1, /is empty/],
    ['a secret of several words', [], { ECS_ACCESS_KEY_SECRET: 'gpg: decryption failed' }, 1, /not one word/],
    ['a secret file that is not there', ['--secret-file', '/nowhere/secret'], {}, 1, /"\/nowhere\/secret" \(ENOENT\)/],
    ['two sources of the secret', ['--secret-file', 'EMPTY', '--secret-stdin'], {}, 2, /not both/],
    ['a project that is none', ['--project', '../1a7'], {}, 2, /--project "..\/1a7" is not the id/],
    ['the secret on the command line', ['--secret', 'x'], {}, 2, /--secret/],
  ])('refuses %s, and changes nothing', async (_, args, given, code, message) => {
    const empty = join(lab.directory, 'empty');
    writeFileSync(empty, '\n');
    const more = args.map((arg) => (arg === 'EMPTY' ? empty : arg));

    const { exitCode, err } = await runCli(['templates', 'apply', '--from', lab.outputs(), ...more], {
      environment: { ...lab.environment(), CATTLE_URL: `${lab.sandbox.url}/v2-beta/projects/1a5`, ...given },
    });

    expect(exitCode).toBe(code);
    expect(err).toMatch(message);
    expect(err).not.toContain('decryption');
    expect(await lab.templates()).toEqual([]);
  });

  it.each([
    ['is not there', undefined, /cannot be read \(ENOENT\)/],
    ['is broken', '{"machines":', /is not JSON/],
    ['is of another version', published.replace('"version": 1', '"version": 7'), /has version 7/],
    ['holds a secret', published.replace('"region"', '"accessKeySecret": "hush", "region"'), /looks like a secret/],
  ])('does not even call Rancher when the outputs file %s', async (_, content, message) => {
    const path = join(lab.directory, 'broken.json');
    if (content !== undefined) writeFileSync(path, content);
    lab.sandbox.calls.clear();

    for (const command of ['diff', 'apply', 'prune']) {
      const { exitCode, err } = await runCli(['templates', command, '--from', path], {
        environment: lab.environment(),
      });
      expect(exitCode).toBe(1);
      expect(err).toMatch(message);
    }
    expect(lab.sandbox.calls.count({ path: /hosttemplates/i })).toBe(0);
  });

  it('refuses bounds that a receiver cannot have before it makes anything', async () => {
    const fixed = (all: Template[]): Template[] => all.map((one) => ({ ...one, hosts: { min: 2, max: 2, step: 1 } }));

    const { exitCode, err } = await lab.run('apply', lab.outputs(fixed), '--receivers');

    expect(exitCode).toBe(1);
    expect(err).toContain('the pool "web" has min 2 and max 2');
    expect(await lab.templates()).toEqual([]);
  });

  it('makes nothing when the receivers’ service cannot be asked', async () => {
    const nowhere = ['--receivers', '--url', 'http://127.0.0.1:1'];

    const { exitCode, err } = await lab.run('apply', lab.outputs(), ...nowhere);

    expect(exitCode).toBe(1);
    expect(err).toContain('nothing answers at http://127.0.0.1:1');
    expect(await lab.templates()).toEqual([]);
  });
});
