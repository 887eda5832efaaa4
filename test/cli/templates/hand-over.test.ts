import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startHandOver, type HandOverUnderTest, type Template } from '../support/hand-over-under-test.ts';

const bigger = (templates: Template[]): Template[] =>
  templates.map((template) => {
    const isWeb = template.name === 'scaler-web-cn-hangzhou-i';
    return isWeb
      ? { ...template, driverConfig: { ...template.driverConfig, instanceType: 'ecs.g7.2xlarge' } }
      : template;
  });

describe('cli/templates/hand-over', () => {
  let lab: HandOverUnderTest;
  beforeEach(async () => {
    lab = await startHandOver();
  });
  afterEach(() => lab.close());

  it('shows what it would make, and makes nothing', async () => {
    const before = lab.writes();
    const { exitCode, out } = await lab.run('diff', lab.outputs(), '--receivers');

    expect(exitCode).toBe(0);
    expect(out).toContain('ok: machine driver aliyunecs: active');
    expect(out).toContain('the one in CATTLE_ACCESS_KEY may create hosts');
    expect(out).toContain('+ template scaler-web-cn-hangzhou-i (aliyunecs)');
    expect(out).toContain('+ receiver scaler-batch-down (scaleHost)');
    expect(lab.writes()).toBe(before);
  });

  it('makes templates and receivers once, and nothing when applied again', async () => {
    const first = await lab.run('apply', lab.outputs(), '--receivers');

    expect(first).toMatchObject({ exitCode: 0, err: '' });
    expect(await lab.templates()).toEqual([
      '1ht1 scaler-web-cn-hangzhou-i',
      '1ht2 scaler-web-cn-hangzhou-j',
      '1ht3 scaler-batch-cn-hangzhou-j',
    ]);
    expect((await lab.template('1ht1'))['secretValues']).toEqual({ aliyunecsConfig: { accessKeySecret: null } });
    expect(await lab.receivers()).toMatchObject({
      'scaler-web-up': {
        action: 'up',
        hostTemplateId: '1ht1',
        hostSelector: { pool: 'web' },
        host: {
          labels: { pool: 'web' },
          engineInstallUrl: 'https://releases.rancher.com/install-docker/18.09.sh',
          engineRegistryMirror: ['https://mirror.example.com'],
        },
        amount: 1,
        min: 1,
        max: 10,
      },
      'scaler-web-up-cn-hangzhou-j': { action: 'up', hostTemplateId: '1ht2' },
      'scaler-web-down': { action: 'down', deleteOption: 'leastRecent', hostSelector: { pool: 'web' } },
      'scaler-batch-up': { min: 0, max: 5, hostTemplateId: '1ht3' },
      'scaler-batch-down': { min: 0 },
    });

    const before = lab.writes();
    const second = await lab.run('apply', lab.outputs(), '--receivers');
    expect(second).toMatchObject({ exitCode: 0, err: '' });
    expect(second.out).toMatch(/nothing to change$/);
    expect(lab.writes()).toBe(before);
  });

  it('replaces a changed template, moves every receiver that can move, and removes the old one', async () => {
    await lab.run('apply', lab.outputs(), '--receivers');
    await lab.addReceiver('nightly', { hostTemplateId: '1ht1', hostSelector: { pool: 'web' } });

    const { exitCode, out } = await lab.run('apply', lab.outputs(bigger));

    expect(exitCode).toBe(0);
    expect(out).toContain('aliyunecsConfig.instanceType: "ecs.g7.large" -> "ecs.g7.2xlarge"');
    expect(await lab.templates()).toEqual([
      '1ht2 scaler-web-cn-hangzhou-j',
      '1ht3 scaler-batch-cn-hangzhou-j',
      '1ht4 scaler-web-cn-hangzhou-i',
    ]);
    expect(await lab.receivers()).toMatchObject({
      'scaler-web-up': { hostTemplateId: '1ht4', hostSelector: { pool: 'web' }, min: 1 },
      'scaler-web-down': { hostTemplateId: '1ht4' },
      'scaler-web-up-cn-hangzhou-j': { hostTemplateId: '1ht2' },
      nightly: { hostTemplateId: '1ht4', max: 4 },
    });
    expect((await lab.run('apply', lab.outputs(bigger), '--receivers')).out).toMatch(/nothing to change$/);
  });

  it('keeps a replaced template while hosts or a receiver that counts by it need it, and prune takes it later', async () => {
    await lab.run('apply', lab.outputs(), '--receivers');
    await lab.addReceiver('by-template', { hostTemplateId: '1ht1' });
    lab.sandbox.addMachine({ projectId: '1a5', hostname: 'web-7', labels: { pool: 'web' }, hostTemplateId: '1ht1' });

    const applied = await lab.run('apply', lab.outputs(bigger));

    expect(applied.exitCode).toBe(0);
    expect(applied.out).toMatch(
      /! template scaler-web-cn-hangzhou-i 1ht1 stays, receivers use it: by-template; .*hosts were made from it: web-7/,
    );
    expect(await lab.receivers()).toMatchObject({ 'by-template': { hostTemplateId: '1ht1' } });
    expect((await lab.run('prune', lab.outputs(bigger))).out).toMatch(/1ht1 stays[^]*nothing was removed$/);
    expect((await lab.run('apply', lab.outputs(bigger))).out).toMatch(/nothing to change$/);
    expect(await lab.templates()).toContain('1ht1 scaler-web-cn-hangzhou-i');
  });

  it('prunes what the outputs no longer name, of its own installation only', async () => {
    await lab.run('apply', lab.outputs());
    lab.sandbox.addHostTemplate({ projectId: '1a5', name: 'scaler-batch-cn-hangzhou-z', driver: 'aliyunecs' });
    const other = (all: Template[]): Template[] =>
      all.map((one) => ({ ...one, name: one.name.replace('scaler', 'other') }));
    await lab.run('apply', lab.outputs(other));
    await lab.addReceiver('holds', { hostTemplateId: '1ht2', hostSelector: { pool: 'web' } });
    const onlyFirst = (all: Template[]): Template[] => all.slice(0, 1);

    expect((await lab.run('diff', lab.outputs(onlyFirst))).out).toContain(
      '- template scaler-batch-cn-hangzhou-j 1ht3 (prune)',
    );
    const pruned = await lab.run('prune', lab.outputs(onlyFirst));

    expect(pruned.exitCode).toBe(0);
    expect(pruned.out).toContain('! template scaler-web-cn-hangzhou-j 1ht2 stays, receivers use it: holds');
    expect(await lab.templates()).toEqual([
      '1ht1 scaler-web-cn-hangzhou-i',
      '1ht2 scaler-web-cn-hangzhou-j',
      '1ht4 scaler-batch-cn-hangzhou-z',
      '1ht5 other-web-cn-hangzhou-i',
      '1ht6 other-web-cn-hangzhou-j',
      '1ht7 other-batch-cn-hangzhou-j',
    ]);
  });

  it.each([
    ['before it acts', { kind: 'status', status: 422, when: 'before-acting' }, 3],
    ['and its answer is lost', { kind: 'reset', when: 'after-acting' }, 3],
  ] as const)(
    'says what was made when Rancher refuses half-way %s, and a second run finishes',
    async (_, fault, made) => {
      const path = /hosttemplates$/i;
      lab.sandbox.faults.add({ method: 'POST', path, fault: { kind: 'delay', ms: 0, when: 'before-acting' } });
      lab.sandbox.faults.add({ method: 'POST', path, fault });

      const { exitCode, err } = await lab.run('apply', lab.outputs(), '--receivers');

      expect(exitCode).toBe(1);
      expect(err).toContain('could not make template scaler-web-cn-hangzhou-j');
      expect(err).toContain('  done:     make template scaler-web-cn-hangzhou-i\n');
      expect(err).toMatch(
        /not done: make template scaler-web-cn-hangzhou-j; make template scaler-batch-cn-hangzhou-j; create receiver scaler-web-up;/,
      );
      expect((await lab.run('apply', lab.outputs(), '--receivers')).exitCode).toBe(0);
      expect(await lab.templates()).toHaveLength(made);
      expect((await lab.run('apply', lab.outputs(), '--receivers')).out).toMatch(/nothing to change$/);
    },
  );

  it('finishes what broke off between moving receivers and removing the old template', async () => {
    await lab.run('apply', lab.outputs(), '--receivers');
    lab.sandbox.faults.add({
      method: 'DELETE',
      path: /hosttemplates/i,
      fault: { kind: 'status', status: 500, when: 'before-acting' },
    });

    const broken = await lab.run('apply', lab.outputs(bigger));
    expect(broken.exitCode).toBe(1);
    expect(broken.err).toContain('not done: remove template scaler-web-cn-hangzhou-i 1ht1');
    const second = await lab.run('apply', lab.outputs(bigger));

    expect(second.exitCode).toBe(0);
    expect(second.out).toMatch(/done: remove template scaler-web-cn-hangzhou-i 1ht1\n1 change$/);
    expect(await lab.templates()).not.toContain('1ht1 scaler-web-cn-hangzhou-i');
  });

  it('agrees on one template when two were made at once', async () => {
    const from = lab.outputs();
    await Promise.all([lab.run('apply', from), lab.run('apply', from)]);

    expect((await lab.run('apply', from)).exitCode).toBe(0);

    expect(await lab.templates()).toHaveLength(3);
    expect((await lab.run('apply', from)).out).toMatch(/nothing to change$/);
  });
});
