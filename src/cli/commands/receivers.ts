import type { Command } from 'commander';
import { withConnectionOptions, type ConnectionOptions } from '../client/connection-options.ts';
import type { CliContext } from '../context.ts';
import type { ApplyOptions } from './receivers-apply.ts';
import type { CreateOptions } from './receivers-create.ts';

type Printed = ConnectionOptions & { readonly json?: true };

/** `receivers list | create | delete | test | adopt | export | apply`. */
export function addReceiverCommands(program: Command, context: CliContext): void {
  const receivers = program.command('receivers').description('manage the receivers of a running service');
  const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

  withConnectionOptions(receivers.command('list').description('list the receivers'))
    .option('--show-urls', 'print the trigger URLs, too: whoever knows one may trigger')
    .option('--json', 'print what the API answers')
    .action(async (options: Printed & { readonly showUrls?: true }) => {
      await (await import('./receivers-list.ts')).listCommand(options, context);
    });
  withConnectionOptions(receivers.command('create <name>').description('create a receiver and print its trigger URL'))
    .requiredOption('--driver <driver>', 'what it does, as scaleService')
    .option('--set <field=value>', "a field of the driver's config, as --set amount=1; repeat it for each", collect)
    .option('--format <format>', "how the sender's body is read")
    .option('--signature <kind>', 'how the sender proves who it is, as gitlab; the secret is made and printed once')
    .option('--json', 'print what the API answers')
    .action(async (name: string, options: Printed & CreateOptions) => {
      await (await import('./receivers-create.ts')).createCommand(name, options, context);
    });
  withConnectionOptions(
    receivers.command('delete <name-or-id>').description('delete a receiver; its trigger URL stops working at once'),
  ).action(async (nameOrId: string, options: ConnectionOptions) => {
    await (await import('./receivers-delete.ts')).deleteCommand(nameOrId, options, context);
  });
  withConnectionOptions(
    receivers.command('test <name-or-id>').description('say what a trigger would do now, and change nothing'),
  )
    .option('--json', 'print what the API answers')
    .action(async (nameOrId: string, options: Printed) => {
      await (await import('./receivers-test.ts')).testCommand(nameOrId, options, context);
    });
  withConnectionOptions(
    receivers
      .command('adopt <name-or-id>')
      .description(
        'make a receiver that somebody else wrote, or changed by hand in Rancher, run as one of this service',
      ),
  ).action(async (nameOrId: string, options: ConnectionOptions) => {
    await (await import('./receivers-adopt.ts')).adoptCommand(nameOrId, options, context);
  });
  withConnectionOptions(
    receivers
      .command('export')
      .description('print the receivers as YAML without keys, to review and to apply elsewhere'),
  ).action(async (options: ConnectionOptions) => {
    await (await import('./receivers-export.ts')).exportCommand(options, context);
  });
  withConnectionOptions(
    receivers.command('apply').description('create and edit receivers, by name, so that they are as a file says'),
  )
    .requiredOption('-f, --file <file>', 'YAML as "receivers export" prints it; - reads standard input')
    .option('--dry-run', 'print the differences and change nothing')
    .action(async (options: ConnectionOptions & ApplyOptions) => {
      await (await import('./receivers-apply.ts')).applyCommand(options, context);
    });
}
