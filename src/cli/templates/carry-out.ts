import { bodyOf, type Step } from '../client/apply-plan.ts';
import { pathTo } from '../client/service-client.ts';
import type { HandOver } from './hand-over.ts';
import { Ledger } from './ledger.ts';
import type { TemplateStep } from './template-plan.ts';
import { describeRemoval } from './describe-hand-over.ts';
import { findTemplateUsers, isUsed } from './template-users.ts';
import { templateBody } from './wanted-template.ts';

/**
 * Makes templates, then makes and moves receivers, then removes what was replaced, in this order, so that at no moment a
 * receiver points at a template that is gone. `readSecret` is called before anything is changed, and only when a template is
 * to be made. Answers how many steps were carried out. @throws CliError that lists what was done and what was not
 */
export async function carryOut(
  handOver: HandOver,
  readSecret: () => string,
  print: (line: string) => void,
): Promise<number> {
  const { plan, rancher, service } = handOver;
  const missing = plan.steps.filter((step) => step.kind !== 'keep');
  const secret = missing.length > 0 ? readSecret() : '';
  const ledger = new Ledger(planned(handOver), print);

  const ids = new Map(plan.steps.flatMap((step) => (step.kind === 'keep' ? [[step.wanted.name, step.id]] : [])));
  for (const { wanted } of missing) {
    const made = await ledger.carryOut(makeTitle(wanted.name), () =>
      rancher.collection('hostTemplates').create(templateBody(wanted, secret)),
    );
    ids.set(wanted.name, made.id);
  }

  const steps =
    handOver.receiverSteps.length === 0 ? [] : await handOver.planReceivers((name) => ids.get(name) ?? name);
  for (const step of steps) {
    if (step.kind === 'keep') continue;
    await ledger.carryOut(receiverTitle(step), () =>
      step.kind === 'create'
        ? service.call('POST', '/receivers', { body: bodyOf(step.spec) })
        : service.call('PUT', pathTo('receivers', step.current.id), {
            body: bodyOf(step.spec, step.current),
          }),
    );
  }

  await removeUnused(handOver, { templates: plan.outdated.map(({ template }) => template), ledger, print });
  return ledger.count;
}

/** Removes the templates that the outputs no longer name, and leftovers of replaced ones. @throws CliError as `carryOut` */
export async function prune(handOver: HandOver, print: (line: string) => void): Promise<number> {
  const { unnamed, outdated, steps } = handOver.plan;
  // Until its successor is made, an outdated template is all that its pool has.
  const succeeded = new Set(steps.flatMap((step) => (step.kind === 'keep' ? [step.wanted.name] : [])));
  const templates = [
    ...unnamed,
    ...outdated.filter(({ wanted }) => succeeded.has(wanted.name)).map(({ template }) => template),
  ];
  const ledger = new Ledger(templates.map(removeTitle), print);
  await removeUnused(handOver, { templates, ledger, print });
  return ledger.count;
}

async function removeUnused(
  { rancher }: HandOver,
  work: {
    readonly templates: readonly { readonly id: string; readonly name?: string | null }[];
    readonly ledger: Ledger;
    readonly print: (line: string) => void;
  },
): Promise<void> {
  if (work.templates.length === 0) return;
  // Looked up once more: a host may have been made since.
  const usersOf = await findTemplateUsers(rancher);
  for (const template of work.templates) {
    const users = usersOf(template.id);
    if (isUsed(users)) work.print(describeRemoval(template, users));
    else
      await work.ledger.carryOut(removeTitle(template), () => rancher.collection('hostTemplates').remove(template.id));
  }
}

function planned({ plan, receiverSteps, usersLeft }: HandOver): readonly string[] {
  const isChange = (step: TemplateStep | Step): boolean => step.kind !== 'keep';
  return [
    ...plan.steps.filter(isChange).map(({ wanted }) => makeTitle(wanted.name)),
    ...receiverSteps.filter(isChange).map(receiverTitle),
    ...plan.outdated.filter((one) => !isUsed(usersLeft(one))).map(({ template }) => removeTitle(template)),
  ];
}

const makeTitle = (name: string): string => `make template ${name}`;
const removeTitle = ({ name, id }: { readonly name?: string | null; readonly id: string }): string =>
  `remove template ${name ?? ''} ${id}`;
const receiverTitle = ({ kind, spec }: Step): string =>
  `${kind === 'create' ? 'create' : 'edit'} receiver ${spec.name}`;
