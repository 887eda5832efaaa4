import { describeStep } from '../client/apply-plan.ts';
import type { Finding } from '../doctor/finding.ts';
import type { HandOver } from './hand-over.ts';
import { describeTemplateStep } from './template-plan.ts';
import { describeUsers, isUsed, type TemplateUsers } from './template-users.ts';

/** What `apply` would do, line by line: `+` made, `~` replaced or edited, `-` removed, `=` as it is, `!` stays and why. */
export function describeHandOver({ plan, receiverSteps, usersLeft }: HandOver): readonly string[] {
  return [
    ...plan.steps.map(describeTemplateStep),
    ...receiverSteps.map((step) => {
      const [sign = '', ...rest] = describeStep(step).split(' ');
      return `${sign} receiver ${rest.join(' ')}`;
    }),
    ...plan.outdated.map((outdated) => describeRemoval(outdated.template, usersLeft(outdated))),
  ];
}

/** What `prune` would do with the templates that the outputs no longer name. */
export function describeUnnamed({ plan, usersOf }: HandOver): readonly string[] {
  return plan.unnamed.map((template) => `${describeRemoval(template, usersOf(template.id))} (prune)`);
}

/** A template that is to go, or why it stays. */
export function describeRemoval(
  template: { readonly id: string; readonly name?: string | null },
  users: TemplateUsers,
): string {
  const title = `template ${template.name ?? ''} ${template.id}`;
  return isUsed(users) ? `! ${title} stays, ${describeUsers(users)}` : `- ${title}`;
}

/** One line for a check that is worth saying. */
export function describeFinding({ check, state, message, remedy }: Finding): string {
  return `${state}: ${check}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** Whether a second `apply` would have nothing to carry out. */
export function isUpToDate({ plan, receiverSteps, usersLeft }: HandOver): boolean {
  return (
    plan.steps.every(({ kind }) => kind === 'keep') &&
    receiverSteps.every(({ kind }) => kind === 'keep') &&
    plan.outdated.every((outdated) => isUsed(usersLeft(outdated)))
  );
}
