import { Option, type Command } from 'commander';
import type { CliContext, ExitCode } from '../context.ts';
import type { HandOverOptions } from '../templates/hand-over.ts';
import type { ApplyTemplatesOptions } from './templates-apply.ts';

/** `templates list | diff | apply | prune`. */
export function addTemplateCommands(program: Command, context: CliContext, ended: (code: ExitCode) => void): void {
  const templates = program
    .command('templates')
    .description('look at the host templates of the Rancher in CATTLE_URL, and make those that infra describes');
  templates
    .command('list')
    .description('list the host templates of the environment, with the names of their secret values')
    .option('--json', 'print the templates as JSON')
    .action(async (options: { json?: true }) => {
      await (await import('./templates-list.ts')).listTemplates(options, context);
    });
  withHandOverOptions(
    templates
      .command('diff')
      .description('print what apply and prune would make, replace and remove, and what is wrong in Rancher'),
  )
    .option('--receivers', 'compare the scaleHost receivers of the pools, too')
    .action(async (options: HandOverOptions) =>
      ended(await (await import('./templates-diff.ts')).diffTemplates(options, context)),
    );
  withHandOverOptions(
    templates
      .command('apply')
      .description("make the host templates; the driver's secret comes from ECS_ACCESS_KEY_SECRET, a file or stdin"),
  )
    .option('--receivers', 'make and edit the scaleHost receivers of the pools, too: up and down')
    .option('--secret-file <file>', "file that holds the driver's secret alone")
    .option('--secret-stdin', "read the driver's secret from standard input")
    .action(async (options: ApplyTemplatesOptions) => {
      await (await import('./templates-apply.ts')).applyTemplates(options, context);
    });
  withHandOverOptions(
    templates
      .command('prune')
      .description('remove the templates made from earlier outputs that the file no longer names and nobody uses'),
  ).action(async (options: HandOverOptions) => {
    await (await import('./templates-prune.ts')).pruneTemplates(options, context);
  });
}

function withHandOverOptions(command: Command): Command {
  return command
    .requiredOption('--from <file>', 'outputs, as "cdktf deploy --outputs-file" writes them')
    .addOption(
      new Option('--url <url>', 'address of the service, for receivers that are made or moved').default(
        'http://127.0.0.1:8085',
      ),
    )
    .addOption(new Option('--project <id>', 'environment, as 1a5 (default: the one that CATTLE_URL or the key names)'));
}
