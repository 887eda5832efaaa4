import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Finding } from './finding.ts';
import { Question } from './question.ts';
import type { TemplateNode } from './template-syntax.ts';
import { parseTemplate, TemplateError } from './template-syntax.ts';

const semver = /^\d+\.\d+\.\d+$/;

const Config = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  version: z.string().regex(semver, 'is not a version'),
  category: z.string().min(1),
  license: z.string().min(1),
  maintainer: z.string().regex(/^\S+( \S+)+ <[^@\s]+@[^@\s]+>$/, 'is not "Name Surname <mail>"'),
  minimum_rancher_version: z.string().regex(/^v1\.6\.\d+$/, 'is not a 1.6, as v1.6.0'),
  projectURL: z.url().optional(),
});

const Catalog = z.strictObject({
  name: z.string().min(1),
  version: z.string().regex(semver, 'is not a version'),
  description: z.string().min(1),
  minimum_rancher_version: z.string().regex(/^v1\.6\.\d+$/, 'is not a 1.6, as v1.6.0'),
  maximum_rancher_version: z.string().optional(),
  upgrade_from: z.string().regex(/^(?:|[<>=~^ \d.x|]+)$/, 'is not a range of versions, quoted'),
  questions: z.array(Question).min(1),
});

/** One file that goes through Go's text/template. */
export interface TemplateFile {
  readonly file: string;
  readonly source: string;
  readonly nodes: readonly TemplateNode[];
}

export interface CatalogVersion {
  /** `receiver-hooks/0` */
  readonly folder: string;
  readonly catalog: z.infer<typeof Catalog>;
  readonly dockerCompose: TemplateFile;
  readonly rancherCompose: TemplateFile;
}

export interface CatalogTemplate {
  readonly folder: string;
  readonly config: z.infer<typeof Config>;
  readonly versions: readonly CatalogVersion[];
}

/** Reads a `templates` folder as Rancher's catalog service does, but strictly; what cannot be read is a finding and left out. */
export function readCatalog(root: string): {
  readonly templates: readonly CatalogTemplate[];
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const templates = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readTemplate(root, name, findings) ?? []);
  if (templates.length === 0 && findings.length === 0)
    findings.push({ file: '.', problem: 'there is no template here' });
  return { templates, findings };
}

function readTemplate(root: string, folder: string, findings: Finding[]): CatalogTemplate | undefined {
  const refuse = (file: string, problem: string): void => void findings.push({ file: `${folder}/${file}`, problem });
  if (!/^[a-zA-Z0-9-]{1,63}$/.test(folder))
    refuse('', 'the folder is named with other characters than letters, digits and -');
  const entries = readdirSync(join(root, folder));
  if (!entries.some((name) => /^catalogIcon-[\w-]+\.(?:svg|png|jpg)$/.test(name)))
    refuse('', 'there is no catalogIcon-<name>.svg');
  if (!entries.includes('README.md')) refuse('README.md', 'it is missing');
  const numbers = entries.filter((name) => /^\d+$/.test(name));
  if (!numbers.includes('0')) refuse('0', 'the first version folder is missing');
  const config = readYaml(root, `${folder}/config.yml`, Config, findings);
  const versions = numbers.flatMap((number) => readVersionFolder(root, `${folder}/${number}`, findings) ?? []);
  return config === undefined ? undefined : { folder, config, versions };
}

function readVersionFolder(root: string, folder: string, findings: Finding[]): CatalogVersion | undefined {
  const dockerCompose = readTemplateFile(root, `${folder}/docker-compose.yml.tpl`, findings);
  const rancherCompose = readTemplateFile(root, `${folder}/rancher-compose.yml.tpl`, findings);
  if (dockerCompose === undefined || rancherCompose === undefined) return undefined;
  const { file, source } = rancherCompose;
  // Rancher reads the questions before anything is answered: the part above `services:` stands as it is.
  const [head = ''] = source.split(/^services:/m);
  if (head.includes('{{')) {
    findings.push({ file, problem: 'catalog: must not depend on answers; it is read before there are any' });
    return undefined;
  }
  const parsed = parseYaml(file, head, z.looseObject({ version: z.literal('2'), catalog: Catalog }), findings);
  return parsed === undefined ? undefined : { folder, catalog: parsed.catalog, dockerCompose, rancherCompose };
}

function readTemplateFile(root: string, file: string, findings: Finding[]): TemplateFile | undefined {
  const path = join(root, file);
  if (!existsSync(path)) {
    findings.push({ file, problem: 'it is missing' });
    return undefined;
  }
  const source = readFileSync(path, 'utf8');
  try {
    return { file, source, nodes: parseTemplate(source) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    findings.push({ file, problem: error.message });
    return undefined;
  }
}

function readYaml<T>(root: string, file: string, Schema: z.ZodType<T>, findings: Finding[]): T | undefined {
  const path = join(root, file);
  if (existsSync(path)) return parseYaml(file, readFileSync(path, 'utf8'), Schema, findings);
  findings.push({ file, problem: 'it is missing' });
  return undefined;
}

/** Rancher reads YAML 1.1 (gopkg.in/yaml.v2): `0400` is 256 there, and `yes` is true. @throws the library's errors */
export function parseAsRancher(text: string): unknown {
  return parse(text, { version: '1.1' });
}

function parseYaml<T>(file: string, text: string, Schema: z.ZodType<T>, findings: Finding[]): T | undefined {
  let value: unknown;
  try {
    value = parseAsRancher(text);
  } catch (error) {
    findings.push({
      file,
      problem: `it is no YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`,
    });
    return undefined;
  }
  const parsed = Schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    findings.push({ file, problem: `${path.join('.') || 'the whole'}: ${message}` });
  }
  return undefined;
}
