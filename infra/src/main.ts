import { readFileSync } from 'node:fs';
import { ensureBindings } from '../provider-alicloud/scripts/build.ts';
import { ConfigurationError } from './config/mistake.ts';
import { readConfiguration } from './config/read.ts';

/** What `cdktf` runs (cdktf.json): the configuration that `INFRA_CONFIG` names becomes Terraform JSON in cdktf.out. */
async function synthesise(): Promise<void> {
  const name = process.env['INFRA_CONFIG'];
  if (name === undefined || name === '') {
    throw new ConfigurationError('the environment', [
      {
        path: 'INFRA_CONFIG',
        value: name,
        problem: 'it names no configuration',
        remedy: 'copy infra.config.example.json, change it, and set INFRA_CONFIG to its path',
      },
    ]);
  }
  const configuration = readConfiguration({ name, text: readText(name), environment: process.env, now: new Date() });
  // The stacks import the generated bindings, so they can be loaded only once these are there.
  await ensureBindings();
  const { addStacks, createApp } = await import('./program.ts');
  const app = createApp();
  addStacks(app, configuration);
  app.synth();
}

function readText(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError('the environment', [
      { path: 'INFRA_CONFIG', value: name, problem, remedy: 'set INFRA_CONFIG to a file that exists and can be read' },
    ]);
  }
}

try {
  await synthesise();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isOurs = error instanceof ConfigurationError || error.message.includes('Encountered Annotations');
  console.error(isOurs ? error.message : error);
  process.exitCode = 1;
}
