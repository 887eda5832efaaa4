import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readCatalog } from '../../addon/catalog/catalog-folder.ts';
import { checkCatalog, combinations } from '../../addon/catalog/check-catalog.ts';

const repository = new URL('../../', import.meta.url);
const templates = fileURLToPath(new URL('templates', repository));
const { version } = JSON.parse(readFileSync(new URL('package.json', repository), 'utf8')) as { version: string };

const docker = 'receiver-hooks/0/docker-compose.yml.tpl';
const rancher = 'receiver-hooks/0/rancher-compose.yml.tpl';
const config = 'receiver-hooks/config.yml';

interface Seeded {
  readonly mistake: string;
  readonly file: string;
  readonly from: string | RegExp;
  readonly to: string;
  readonly says: RegExp;
}

const seeded: readonly Seeded[] = [
  {
    mistake: 'an unknown question type',
    file: rancher,
    from: 'type: password',
    to: 'type: passwd',
    says: /questions\.\d+\.type: Invalid option/,
  },
  {
    mistake: 'a misspelt rule of a question',
    file: rancher,
    from: 'invalid_chars',
    to: 'invalid_char',
    says: /Unrecognized key: "invalid_char"/,
  },
  {
    mistake: 'a text without a rule for its characters',
    file: rancher,
    from: "      invalid_chars: ' ?#@'\n",
    to: '',
    says: /PUBLIC_URL: a text says which characters it takes/,
  },
  {
    mistake: 'a number without bounds',
    file: rancher,
    from: '      max: 86400\n',
    to: '',
    says: /COOLDOWN_SECONDS: a number has min and max/,
  },
  {
    mistake: 'a default that is not one of the options',
    file: rancher,
    from: 'default: volume',
    to: 'default: volumes',
    says: /STORAGE: the default "volumes" is not one of its options/,
  },
  {
    mistake: 'a version that is not the one of config.yml',
    file: config,
    from: 'version: 0.1.0',
    to: 'version: 0.2.0',
    says: /version 0\.2\.0 is in none of the version folders \(0\.1\.0\)/,
  },
  {
    mistake: 'an image tag that is not the version',
    file: docker,
    from: '${IMAGE_REPOSITORY}:0.1.0',
    to: '${IMAGE_REPOSITORY}:0.0.9',
    says: /the image's tag is not the version 0\.1\.0/,
  },
  {
    mistake: 'a variable that nobody is asked for',
    file: docker,
    from: '${LOG_LEVEL}',
    to: '${LOGLEVEL}',
    says: /LOGLEVEL is used and not asked/,
  },
  {
    mistake: 'a question that nothing uses',
    file: docker,
    from: /\n.*\$\{TRUSTED_HOPS\}/,
    to: '',
    says: /TRUSTED_HOPS is asked and not used/,
  },
  {
    mistake: 'a bound that the product does not take',
    file: rancher,
    from: 'max: 86400',
    to: 'max: 100000',
    says: /the variable COOLDOWN_SECONDS: "100000" is not a whole number from 0 to 86400/,
  },
  {
    mistake: "a secret's mode as a text, which Rancher's executor refuses",
    file: docker,
    from: 'target: sealing-key',
    to: "target: sealing-key\n        mode: '0400'",
    says: /services\.receiver-hooks\.secrets\.\d: Unrecognized key: "mode"/,
  },
  {
    mistake: 'a compose key that Rancher would ignore',
    file: docker,
    from: 'read_only: true',
    to: 'readonly: true',
    says: /services\.receiver-hooks: Unrecognized key: "readonly"/,
  },
  {
    mistake: 'YAML that is broken for one of the answers only',
    file: docker,
    from: '      - data:/data',
    to: '     data:/data',
    says: /rendered, it is no YAML|rendered, services/,
  },
  {
    mistake: 'an if without its end',
    file: docker,
    from: /\{\{- end \}\}\n$/,
    to: '',
    says: /\{\{ if \}\} without \{\{ end \}\}/,
  },
  {
    mistake: 'a function that the check cannot render',
    file: docker,
    from: '{{- if eq .Values.ACCESS "port" }}',
    to: '{{- if hasPrefix .Values.ACCESS "port" }}',
    says: /line \d+: hasPrefix in .* is not of what this check can render/,
  },
  {
    mistake: 'two containers on one volume',
    file: rancher,
    from: 'scale: 1',
    to: 'scale: 2',
    says: /with a volume there can be one container only/,
  },
  {
    mistake: 'starting the new container first on a volume',
    file: rancher,
    from: 'start_first: false',
    to: 'start_first: true',
    says: /the old container must stop before the new one starts/,
  },
  {
    mistake: 'starting the new container first on a port of the host that the old one holds',
    file: rancher,
    from: /(only when the old one has gone\.\n\s+start_first: )false/,
    to: '$1true',
    says: /with a port of the host the old container must stop before the new one starts/,
  },
  {
    mistake: 'readiness as the health check',
    file: rancher,
    from: 'GET /healthz HTTP/1.0',
    to: 'GET /readyz HTTP/1.0',
    says: /its health check must be GET \/healthz/,
  },
  {
    mistake: 'a credential in plain that nobody asked to be',
    file: docker,
    from: 'DATABASE_URL_FILE: /run/secrets/database-url',
    to: 'DATABASE_URL: ${DATABASE_URL}',
    says: /DATABASE_URL stands there in plain/,
  },
  {
    mistake: 'an environment variable that the product does not read',
    file: docker,
    from: 'LOG_LEVEL: $',
    to: 'LOGGING: $',
    says: /it does not read the variable LOGGING/,
  },
  {
    mistake: 'a secret that is not declared',
    file: docker,
    from: '  {{ .Values.DATABASE_URL_SECRET }}:\n    external: true\n',
    to: '',
    says: /secret receiver-hooks-database-url is used and not declared/,
  },
  {
    mistake: 'a capability that is kept',
    file: docker,
    from: '      - ALL',
    to: '      - CHOWN',
    says: /it must drop ALL capabilities/,
  },
  {
    mistake: 'a missing agent label',
    file: docker,
    from: /\n.*io\.rancher\.container\.agent\.role: environment\n/,
    to: '\n',
    says: /it needs the agent role environment/,
  },
];

describe('addon/catalog', () => {
  let root: string;
  beforeEach(async () => {
    root = join(await mkdtemp(join(tmpdir(), 'receiver-hooks-catalog-')), 'templates');
    await cp(templates, root, { recursive: true });
  });
  afterEach(async () => {
    await rm(join(root, '..'), { recursive: true });
  });

  const problems = (): readonly string[] =>
    checkCatalog(root, version).map(({ file, problem }) => `${file}: ${problem}`);

  it('finds nothing wrong with the catalog as it is', () => {
    expect(problems()).toEqual([]);
  });

  it.each(seeded)('refuses $mistake', async ({ file, from, to, says }) => {
    const path = join(root, file);
    const source = await readFile(path, 'utf8');
    const wrong = source.replace(from, to);
    expect(wrong).not.toBe(source);
    await writeFile(path, wrong);
    expect(problems().join('\n')).toMatch(says);
  });

  it.each([
    'receiver-hooks/README.md',
    'receiver-hooks/catalogIcon-receiver-hooks.svg',
    'receiver-hooks/0',
    config,
    docker,
    rancher,
  ])('refuses a catalog without %s', async (path) => {
    await rename(join(root, path), join(root, '..', 'gone'));
    expect(problems()).not.toEqual([]);
  });

  it('takes the next version as templates/README.md has it added, and the one before as it was released', async () => {
    await cp(join(root, 'receiver-hooks/0'), join(root, 'receiver-hooks/1'), { recursive: true });
    const edit = async (path: string, edits: readonly (readonly [string, string])[]): Promise<void> => {
      const source = await readFile(join(root, path), 'utf8');
      await writeFile(
        join(root, path),
        edits.reduce((text, [from, to]) => text.replace(from, to), source),
      );
    };
    await edit(config, [['version: 0.1.0', 'version: 0.2.0']]);
    await edit(docker.replace('/0/', '/1/'), [['}:0.1.0', '}:0.2.0']]);
    await edit(rancher.replace('/0/', '/1/'), [
      ['version: 0.1.0', 'version: 0.2.0'],
      ["upgrade_from: ''", "upgrade_from: '>=0.1.0'"],
    ]);

    expect(checkCatalog(root, '0.2.0')).toEqual([]);
  });

  it('is of the version that the image says it is', async () => {
    const dockerfile = await readFile(new URL('addon/Dockerfile', repository), 'utf8');

    expect(/^ARG VERSION=(.+)$/m.exec(dockerfile)?.[1]).toBe(version);
  });

  it('is the only folder of this repository in which Rancher looks for templates', () => {
    // The catalog service takes `templates`, and whatever top folder has one hyphen in its name (manager/traverse.go).
    const folders = readdirSync(repository, { withFileTypes: true }).filter((entry) => entry.isDirectory());

    expect(folders.map(({ name }) => name).filter((name) => name.split('-').length === 2)).toEqual([]);
    expect(folders.map(({ name }) => name)).toContain('templates');
  });

  it('refuses a version that is not the one of the product', () => {
    const found = checkCatalog(root, '9.9.9');
    expect(found.map(({ problem }) => problem)).toContain("version 0.1.0 is not the product's 9.9.9 (package.json)");
  });

  it('renders every answer that a condition looks at, with every other one', () => {
    const [first] = readCatalog(root).templates[0]?.versions ?? [];
    const all = first === undefined ? [] : combinations(first);
    const places = new Set(
      all.map(({ ACCESS, STORAGE, CREDENTIALS, HOST_KEY, OLD_DOCKER }) =>
        [ACCESS, STORAGE, CREDENTIALS, HOST_KEY, OLD_DOCKER].join('/'),
      ),
    );
    expect(places.size).toBe(2 * 3 * 2 * 2 * 2);
    // And with a sealing key or without.
    expect(all.length).toBe(2 * places.size);
  });
});
