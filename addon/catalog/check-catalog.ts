import type * as z from 'zod';
import type { CatalogTemplate, CatalogVersion, TemplateFile } from './catalog-folder.ts';
import { parseAsRancher, readCatalog } from './catalog-folder.ts';
import { checkRendered } from './check-rendered.ts';
import { DockerCompose, RancherCompose } from './compose-rules.ts';
import type { Finding } from './finding.ts';
import { answersThatMatter, usualAnswer } from './question.ts';
import type { Answers } from './render-template.ts';
import { answersUsed, interpolate, renderTemplate, variablesUsed } from './render-template.ts';

/** Everything that is wrong with the catalog in `root`, each once. `productVersion` is that of package.json. */
export function checkCatalog(root: string, productVersion: string): readonly Finding[] {
  const { templates, findings } = readCatalog(root);
  const all = [...findings, ...templates.flatMap((template) => checkTemplate(template, productVersion))];
  const seen = new Map(all.map((finding) => [`${finding.file} ${finding.problem}`, finding]));
  return [...seen.values()];
}

function checkTemplate(template: CatalogTemplate, productVersion: string): readonly Finding[] {
  const { folder, config, versions } = template;
  const file = `${folder}/config.yml`;
  const findings: Finding[] = [];
  const listed = versions.map(({ catalog }) => catalog.version);
  if (!listed.includes(config.version)) {
    findings.push({
      file,
      problem: `version ${config.version} is in none of the version folders (${listed.join(', ')})`,
    });
  }
  if (config.version !== productVersion) {
    findings.push({ file, problem: `version ${config.version} is not the product's ${productVersion} (package.json)` });
  }
  for (const version of new Set(listed.filter((each, at) => listed.indexOf(each) !== at))) {
    findings.push({ file: folder, problem: `two folders are version ${version}` });
  }
  return [...findings, ...versions.flatMap(checkVersion)];
}

function checkVersion(version: CatalogVersion): readonly Finding[] {
  const findings = [...checkQuestions(version)];
  const { catalog, dockerCompose, rancherCompose } = version;
  for (const answers of [...combinations(version), ...extremes(version)]) {
    const docker = render(dockerCompose, answers, DockerCompose, findings);
    const rancher = render(rancherCompose, answers, RancherCompose, findings);
    if (docker === undefined || rancher === undefined) continue;
    const image = docker.services['receiver-hooks']?.image ?? '';
    if (!image.endsWith(`:${catalog.version}`)) {
      findings.push({
        file: dockerCompose.file,
        problem: `the image's tag is not the version ${catalog.version}: ${image}`,
      });
    }
    for (const problem of checkRendered(docker, rancher, answers)) findings.push({ file: dockerCompose.file, problem });
  }
  return findings;
}

function checkQuestions({ catalog, dockerCompose, rancherCompose }: CatalogVersion): readonly Finding[] {
  const asked = catalog.questions.map(({ variable }) => variable);
  const findings: Finding[] = asked
    .filter((variable, at) => asked.indexOf(variable) !== at)
    .map((variable) => ({ file: rancherCompose.file, problem: `${variable} is asked twice` }));
  const used = new Set<string>();
  for (const { file, source, nodes } of [dockerCompose, rancherCompose]) {
    for (const name of [...variablesUsed(source), ...answersUsed(nodes, 'anywhere')]) {
      used.add(name);
      if (!asked.includes(name)) findings.push({ file, problem: `${name} is used and not asked` });
    }
  }
  for (const name of asked) {
    if (!used.has(name)) findings.push({ file: rancherCompose.file, problem: `${name} is asked and not used` });
  }
  return findings;
}

/** Every combination of the answers that conditions look at; the other answers are their defaults, or something. */
export function combinations({ catalog, dockerCompose, rancherCompose }: CatalogVersion): readonly Answers[] {
  const decisive = new Set([
    ...answersUsed(dockerCompose.nodes, 'conditions'),
    ...answersUsed(rancherCompose.nodes, 'conditions'),
  ]);
  let all: readonly Answers[] = [{}];
  for (const question of catalog.questions) {
    const values = answersThatMatter(question);
    const chosen = decisive.has(question.variable) ? values : [usualAnswer(question)];
    all = all.flatMap((answers) => chosen.map((value) => ({ ...answers, [question.variable]: value })));
  }
  return all;
}

/** The usual answers, and one number at one of its bounds. */
function extremes({ catalog }: CatalogVersion): readonly Answers[] {
  const usual = Object.fromEntries(catalog.questions.map((question) => [question.variable, usualAnswer(question)]));
  return catalog.questions.flatMap(({ variable, min, max }) =>
    [min, max].filter((bound) => bound !== undefined).map((bound) => ({ ...usual, [variable]: String(bound) })),
  );
}

function render<T>(template: TemplateFile, answers: Answers, Schema: z.ZodType<T>, findings: Finding[]): T | undefined {
  const refuse = (problem: string): undefined => void findings.push({ file: template.file, problem });
  let value: unknown;
  try {
    value = interpolate(parseAsRancher(renderTemplate(template.nodes, answers)), answers);
  } catch (error) {
    return refuse(`rendered, it is no YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
  }
  const parsed = Schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) refuse(`rendered, ${path.join('.') || 'the whole'}: ${message}`);
  return undefined;
}
