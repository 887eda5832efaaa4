import { describe, expect, it } from '@jest/globals';
import { useReceiversStage, webappUp } from './support/receivers-stage.ts';

describe('cli/commands/receivers', () => {
  const stage = useReceiversStage({ CATTLE_ACCESS_KEY: 'mine', CATTLE_SECRET_KEY: 'my-secret' });
  const { run, file, writes } = stage;

  it('lists with the caller’s own key and without the trigger keys', async () => {
    const { exitCode, out } = await run('list');

    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /^ID +NAME +DRIVER +STATE +CONFIG\n1go1 +webapp-up +scaleService +active +serviceId=1s7 action=up/,
    );
    expect(out).not.toContain('SECRETKEY');
    expect(stage.service.calls[0]).toMatchObject({
      path: '/v1-webhooks/receivers',
      query: { projectId: '1a5' },
      authorization: `Basic ${Buffer.from('mine:my-secret').toString('base64')}`,
    });
  });

  it('shows which receivers wait for an adoption', async () => {
    expect((await run('list')).out).not.toContain('unverified');
    Object.assign(stage.stored[0] ?? {}, { provenance: 'unverified' });

    expect((await run('list')).out).toMatch(/1go1 .* active \(unverified\) /);
  });

  it('shows the trigger URLs when asked, and JSON when asked', async () => {
    expect((await run('list', '--show-urls')).out).toContain('key=SECRETKEY1go1');
    expect(JSON.parse((await run('list', '--json')).out)).toMatchObject([{ id: '1go1' }]);
  });

  it('creates with values of the right types and prints the trigger URL', async () => {
    const { exitCode, out } = await run(
      'create',
      'webapp-down',
      '--driver',
      'scaleService',
      '--set',
      'serviceId=1s7',
      '--set',
      'action=down',
      '--set',
      'amount=2',
      '--set',
      'min=1',
      '--set',
      'max=10',
    );

    expect(exitCode).toBe(0);
    expect(out).toContain('/v1-webhooks/endpoint?key=SECRETKEY1go101');
    expect(stage.service.calls[0]?.body).toEqual({
      name: 'webapp-down',
      driver: 'scaleService',
      scaleServiceConfig: { type: 'scaleService', serviceId: '1s7', action: 'down', amount: 2, min: 1, max: 10 },
    });
  });

  it.each([
    ['a --set without value', ['create', 'x', '--driver', 'd', '--set', 'amount'], 'write it as --set amount=1'],
    ['a --set that is no YAML', ['create', 'x', '--driver', 'd', '--set', 'labels={a: ['], 'cannot be read'],
    [
      'a --set of two documents',
      ['create', 'x', '--driver', 'd', '--set', 'tag=a\n---\nb'],
      'a second document begins here',
    ],
    ['a missing --driver', ['create', 'x'], '--driver'],
    ['an unknown option', ['list', '--nope'], '--nope'],
    ['an unknown command', ['lost'], 'lost'],
  ])('answers %s with 2', async (_, args, said) => {
    const { exitCode, err } = await run(...args);

    expect(exitCode).toBe(2);
    expect(err).toContain(said);
    expect(stage.service.calls).toEqual([]);
  });

  it('deletes and tests by name or id', async () => {
    const tested = await run('test', '1go1');
    const deleted = await run('delete', 'webapp-up');

    expect(tested.out).toBe('webapp-up: scaled 2 -> 3: would scale (nothing was changed)');
    expect(deleted.out).toBe('deleted webapp-up (1go1)');
    expect(stage.stored).toEqual([]);
  });

  it('takes what is an id and another receiver’s name for the id', async () => {
    stage.stored.push({ ...structuredClone(webappUp), id: '1go2', name: '1go1' });

    const deleted = await run('delete', '1go1');

    expect(deleted).toMatchObject({ exitCode: 0, out: 'deleted webapp-up (1go1)' });
    expect((await run('delete', '1go1')).out).toBe('deleted 1go1 (1go2)');
  });

  it('adopts by name, says what it does, and leaves alone what is the service’s own', async () => {
    const { exitCode, out } = await run('adopt', 'webapp-up');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^webapp-up: scaleService .*"amount":1.*\nadopted webapp-up \(1go1\)/);
    expect(writes()).toEqual(['POST /v1-webhooks/receivers/1go1?action=adopt']);

    Object.assign(stage.stored[0] ?? {}, { provenance: 'ours' });
    expect((await run('adopt', '1go1')).out).toMatch(/own already; nothing was changed/);
    expect(writes()).toHaveLength(1);
  });

  it('says that there is no such receiver', async () => {
    const { exitCode, err } = await run('delete', 'webap');

    expect(exitCode).toBe(1);
    expect(err).toBe(
      'receiver-hooks: there is no receiver "webap" in this project; "receivers list" shows what there is',
    );
  });

  it('exports without keys what applies elsewhere unchanged', async () => {
    const { out } = await run('export');

    expect(out).not.toMatch(/SECRETKEY|1go1|url:/);
    const applied = await run('apply', '-f', file(out));
    expect(applied.out).toBe('= webapp-up (scaleService)\ndone: 0 created, 0 edited, 1 unchanged');
    expect(writes()).toEqual([]);
  });

  it('takes what a receiver demands along, without secrets, and prints those that are made for it', async () => {
    const rateLimit = { triggers: 5, perSeconds: 60 };
    const secrets = [{ id: 'a', created: '', secret: 'made-for-the-sender' }];
    const signature = { kind: 'github' };
    Object.assign(stage.stored[0] ?? {}, {
      signature: { ...signature, secrets },
      rateLimit,
      callback: { host: 'ci.example' },
    });

    const { out } = await run('export');
    expect(out).toContain('# not exported: the callback of "webapp-up"');
    expect(out).not.toContain('made-for-the-sender');
    expect(out).toMatch(/signature:\n +kind: github\n +rateLimit:\n +triggers: 5/);

    const again = await run('apply', '-f', file(out));
    expect(again.out).toMatch(/0 created, 0 edited, 1 unchanged/);
    stage.stored.splice(0);
    const applied = await run('apply', '-f', file(out));
    expect(applied.out).toMatch(/1 created/);
    expect(stage.service.calls.at(-1)?.body).toMatchObject({ signature, rateLimit });
  });

  it('prints the secret that was made for a new receiver', async () => {
    const { out } = await run('create', 'guarded', '--driver', 'scaleService', '--signature', 'gitlab');

    expect(stage.service.calls.at(-1)?.body).toMatchObject({ signature: { kind: 'gitlab' } });
    expect(out).toMatch(/prove who it is with this secret, shown only now: made-by-the-fake/);
  });

  it('names receivers that cannot be used in a comment instead of exporting them', async () => {
    stage.stored.push({
      id: '1go2',
      name: 'old',
      driver: 'lost',
      state: 'error',
      transitioningMessage: 'unknown driver lost',
    });

    const { out } = await run('export');
    const listed = await run('list');
    const applied = await run('apply', '-f', file(out));

    expect(out).toMatch(/^# not exported: "old" \(1go2\): unknown driver lost\nreceivers:\n/);
    expect(listed.out).toMatch(/1go2 +old +lost +error +unknown driver lost/);
    expect(applied.out).toContain('done: 0 created, 0 edited, 1 unchanged');
  });
});
