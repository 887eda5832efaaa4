import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

/** `templates list`. */
export function addTemplateCommands(program: Command, context: CliContext): void {
  const templates = program.command('templates').description('look at the host templates of the Rancher in CATTLE_URL');
  templates
    .command('list')
    .description('list the host templates of the environment, with the names of their secret values')
    .option('--json', 'print the templates as JSON')
    .action(async (options: { json?: true }) => {
      await (await import('./templates-list.ts')).listTemplates(options, context);
    });
}
