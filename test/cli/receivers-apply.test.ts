import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useReceiversStage, webappUp } from './support/receivers-stage.ts';

describe('cli/commands/receivers-apply', () => {
  const stage = useReceiversStage();
  const { run, file, writes } = stage;

  it('creates, edits and pauses by name, and the second time changes nothing', async () => {
    const path = file(`receivers:
  - name: webapp-up
    driver: scaleService
    config: { amount: 3 }
    repeatAfterSeconds: 60
  - name: webapp-down
    driver: scaleService
    config: { serviceId: 1s7, action: down, amount: 1, min: 1, max: 10 }
    state: paused
`);

    const first = await run('apply', '-f', path);
    expect(first.out).toContain(
      '~ webapp-up (scaleService)\n    config.amount: 1 -> 3\n    repeatAfterSeconds: 600 -> 60\n',
    );
    expect(first.out).toContain('+ webapp-down (scaleService)');
    expect(first.out).toContain('done: 1 created, 1 edited, 0 unchanged');
    expect(writes()).toEqual([
      'PUT /v1-webhooks/receivers/1go1',
      'POST /v1-webhooks/receivers',
      'POST /v1-webhooks/receivers/1go101?action=pause',
    ]);
    expect(stage.service.calls.find(({ method }) => method === 'PUT')?.body).toMatchObject({
      name: 'webapp-up',
      scaleServiceConfig: { ...webappUp.scaleServiceConfig, amount: 3 },
      format: 'auto',
      repeatAfterSeconds: 60,
    });

    const second = await run('apply', '-f', path);
    expect(second.out).toContain('done: 0 created, 0 edited, 2 unchanged');
    expect(writes()).toHaveLength(3);
  });

  it('changes nothing in a dry run', async () => {
    const { exitCode, out } = await run(
      'apply',
      '--dry-run',
      '-f',
      file('receivers: [{ name: webapp-up, driver: scaleService, config: { amount: 2 } }]'),
    );

    expect(exitCode).toBe(0);
    expect(out).toContain('config.amount: 1 -> 2');
    expect(out).toContain('nothing was changed; it would be: 0 created, 1 edited, 0 unchanged');
    expect(writes()).toEqual([]);
  });

  it.each([
    ['not YAML', 'receivers:\n  - name: "x', 'receivers.yml:2:'],
    ['a key twice', 'receivers: []\nreceivers: []', 'Map keys must be unique'],
    [
      'an unknown field',
      'receivers:\n  - name: a\n    driver: d\n    config: {}\n    colour: red',
      'receivers.yml:5: receivers[0].colour: unknown field "colour"; known are name, driver',
    ],
    ['a trigger key', 'receivers:\n  - name: a\n    driver: d\n    config: {}\n    key: abc', 'unknown field "key"'],
    [
      'an unknown field of a signature',
      'receivers:\n  - name: a\n    driver: d\n    config: {}\n    signature:\n      kind: gitlab\n      headr: x',
      'receivers.yml:7: receivers[0].signature.headr: unknown field "headr"; known are kind, header, timestampHeader',
    ],
    [
      'an unknown field of a rate',
      'receivers:\n  - name: a\n    driver: d\n    config: {}\n    rateLimit: { trigers: 1 }',
      'known are triggers, perSeconds',
    ],
    ['a missing field', 'receivers:\n  - name: a\n    config: {}', 'receivers[0].driver: it is missing'],
    [
      'a wrong type',
      'receivers:\n  - name: a\n    driver: d\n    config: {}\n    repeatAfterSeconds: soon',
      'receivers.yml:5: receivers[0].repeatAfterSeconds: ',
    ],
    ['a list instead of a map', '- a', 'the file: a map is needed, not ["a"]'],
    ['nothing', '', 'the file: a map is needed, not null'],
    ['an entry that is none', 'receivers: [~]', 'receivers.yml:1: receivers[0]: a map is needed, not null'],
    ['a state that is none', 'receivers: [{name: a, driver: d, config: {}, state: off}]', 'use "active" or "paused"'],
    ['two documents', 'receivers: []\n---\nreceivers: []', 'receivers.yml:2:1: a second document begins here'],
    [
      'a name twice',
      'receivers: [{name: a, driver: d, config: {}}, {name: a, driver: d, config: {}}]',
      'two receivers are called "a"',
    ],
    [
      'aliases without end',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map(
          (l, i) =>
            `${l}: &${l} [${Array(9)
              .fill(`*${'abcdefg'[i] ?? ''}`)
              .join(',')}]`,
        )
        .join('\n')}`,
      'alias',
    ],
  ])('refuses a file that holds %s, with the place', async (_, text, said) => {
    const { exitCode, err } = await run('apply', '-f', file(text));

    expect(exitCode).toBe(1);
    expect(err).toContain(said);
    expect(err).not.toMatch(/\n\s+at /);
    expect(stage.service.calls).toEqual([]);
  });

  it('does not turn a receiver into another driver’s', async () => {
    const { exitCode, err } = await run(
      'apply',
      '-f',
      file('receivers: [{ name: webapp-up, driver: scaleHost, config: {} }]'),
    );

    expect(exitCode).toBe(1);
    expect(err).toContain('has the driver scaleService, and a driver cannot be changed to scaleHost');
    expect(writes()).toEqual([]);
  });

  it('says that a file is not there', async () => {
    const { exitCode, err } = await run('apply', '-f', join(stage.directory, 'nowhere.yml'));

    expect(exitCode).toBe(1);
    expect(err).toMatch(/cannot be read \(ENOENT\)/);
  });
  it.each([
    [
      'settings whose defaults are left out',
      { format: 'cloudmonitor-event', formatSettings: { onResolved: 'ignore', events: ['Instance:Stopped'] } },
      'config: {}, format: cloudmonitor-event, formatSettings: { events: ["Instance:Stopped"] }',
    ],
    [
      'a header in capitals',
      { signature: { kind: 'hmac-sha256', header: 'x-foo-sig', secrets: [{ id: 'a', created: '' }] } },
      'config: {}, signature: { kind: hmac-sha256, header: X-FOO-Sig }',
    ],
    [
      'a secret that only the service has',
      { signature: { kind: 'basic', secrets: [{ id: 'a', created: '' }] } },
      'config: {}, signature: { kind: basic }',
    ],
    ['the type of the config', {}, 'config: { type: scaleService }'],
    ['a default that nothing says', {}, 'config: { amountFrom: config }, repeatAfterSeconds: 600, format: auto'],
  ])('leaves alone what is stage.stored in another form: %s', async (_what, fields, written) => {
    Object.assign(stage.stored[0] ?? {}, fields);

    const { exitCode, out } = await run(
      'apply',
      '-f',
      file(`receivers: [{ name: webapp-up, driver: scaleService, ${written} }]`),
    );

    expect({ exitCode, out }).toEqual({
      exitCode: 0,
      out: '= webapp-up (scaleService)\ndone: 0 created, 0 edited, 1 unchanged',
    });
    expect(writes()).toEqual([]);
  });

  it('leaves a port alone that is written as a number', async () => {
    const config = { type: 'forwardPost', serviceName: 'web', port: '80', path: '/' };
    stage.stored.push({ id: '1go2', name: 'push', driver: 'forwardPost', forwardPostConfig: config });

    const { out } = await run(
      'apply',
      '-f',
      file('receivers: [{ name: push, driver: forwardPost, config: { serviceName: web, port: 80, path: / } }]'),
    );

    expect(out).toContain('done: 0 created, 0 edited, 1 unchanged');
  });

  it('leaves the settings of another format behind when a receiver changes its format', async () => {
    Object.assign(stage.stored[0] ?? {}, {
      format: 'cloudmonitor-event',
      formatSettings: { events: ['Instance:Stopped'] },
    });

    const { exitCode } = await run(
      'apply',
      '-f',
      file('receivers: [{ name: webapp-up, driver: scaleService, config: {}, format: gitlab }]'),
    );

    expect(exitCode).toBe(0);
    expect(stage.service.calls.at(-1)?.body).toMatchObject({ format: 'gitlab' });
    expect(stage.service.calls.at(-1)?.body).not.toHaveProperty('formatSettings');
  });

  const good =
    '  - name: good\n    driver: scaleService\n    config: { serviceId: 1s7, action: up, amount: 1, min: 1, max: 3 }\n';
  it.each([
    [
      'a misspelt field of a config',
      '    config:\n      serviceId: 1s7\n      action: up\n      amont: 1\n      min: 1\n      max: 3',
      'receivers.yml:10: receivers[1].config.amont: unknown field',
    ],
    [
      'a misspelt field within a config',
      '    driver: scaleHost\n    config:\n      action: up\n      amount: 1\n      min: 1\n      max: 3\n      hostTemplateId: 1ht1\n      host:\n        label: {}',
      'receivers.yml:14: receivers[1].config.host.label: unknown field',
    ],
    [
      'a wrong value in a config',
      '    config: { serviceId: 1s7, action: up, amount: 0 }',
      'receivers[1].config.amount: Invalid amount: 0',
    ],
    [
      'a misspelt setting of a format',
      '    config: { serviceId: 1s7, action: up, amount: 1, min: 1, max: 3 }\n    format: gitlab\n    formatSettings:\n      branche: main',
      'receivers.yml:10: receivers[1].formatSettings.branche: unknown field',
    ],
    [
      'an impossible signature',
      '    config: { serviceId: 1s7, action: up, amount: 1, min: 1, max: 3 }\n    signature: { kind: gitlab, header: x-foo }',
      'receivers.yml:8: receivers[1].signature.header: ',
    ],
    [
      'an unknown driver',
      '    driver: scaleServise\n    config: {}',
      'receivers[1].driver: Invalid driver scaleServise',
    ],
  ])('refuses a file with %s before anything of it is applied', async (_what, rest, said) => {
    const driver = rest.includes('driver:') ? '' : '    driver: scaleService\n';

    const { exitCode, err } = await run('apply', '-f', file(`receivers:\n${good}  - name: bad\n${driver}${rest}\n`));

    expect(exitCode).toBe(1);
    expect(err).toContain(said);
    expect(err).not.toContain('\n');
    expect(writes()).toEqual([]);
  });

  it('names what is wrong in each entry of a file', async () => {
    const bad = (name: string): string =>
      `  - { name: ${name}, driver: scaleService, config: { serviceId: 1s7, amont: 1 } }\n`;

    const { err } = await run('apply', '--dry-run', '-f', file(`receivers:\n${bad('a')}${good}${bad('b')}`));

    expect(err.split('\n')).toHaveLength(2);
    expect(err).toMatch(/receivers\.yml:2: receivers\[0\]\.config\.amont.*\n.*receivers\.yml:6: receivers\[2\]/);
  });

  it('refuses a file that is not UTF-8, with the line', async () => {
    const text = Buffer.from('receivers:\n  - name: caf\u00e9\n', 'latin1');

    const { exitCode, err } = await run('apply', '-f', file(text));

    expect(exitCode).toBe(1);
    expect(err).toContain('receivers.yml:2: it is not UTF-8; save it as that');
    expect(stage.service.calls).toEqual([]);
  });
});
