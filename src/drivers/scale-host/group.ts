import { describeSelector, matchesAllLabels } from '../../domain/host-selector.ts';
import type { HostSelector } from '../../domain/host-selector.ts';
import type { ScaleHostConfig } from './config.ts';
import { poolLabel } from './labels.ts';

/** Which hosts a receiver means: JSON, kept in the change so that they can be counted again. */
export type HostGroup =
  | { readonly by: 'labels'; readonly selector: HostSelector }
  /** A receiver of the old service's preview line: hosts of the template, and those that carry our label for it. */
  | { readonly by: 'template'; readonly templateId: string };

type Member = { readonly labels: Readonly<Record<string, string>>; readonly templateId?: string };

/** With a selector membership is by labels alone, so that a receiver's template can be replaced by a newer one. */
export function groupOf({ hostSelector, hostTemplateId }: ScaleHostConfig): HostGroup {
  if (hostSelector !== undefined) return { by: 'labels', selector: hostSelector };
  return { by: 'template', templateId: hostTemplateId ?? '' };
}

/** Whether a host belongs to the group. */
export function isMember(group: HostGroup, { labels, templateId }: Member): boolean {
  if (group.by === 'labels') return matchesAllLabels(group.selector, labels);
  return templateId === group.templateId || labels[poolLabel] === group.templateId;
}

/** What a new host must carry to belong to the group. */
export function labelsOfMember(group: HostGroup): Readonly<Record<string, string>> {
  return group.by === 'labels' ? group.selector : { [poolLabel]: group.templateId };
}

/** The same text for the same group. */
export function keyOfGroup(group: HostGroup): string {
  return group.by === 'labels' ? describeSelector(group.selector) : `template ${group.templateId}`;
}

/** Why nobody belongs to the group, in the old service's words where it had some (recording execute.json). */
export function describeEmpty(group: HostGroup, hostCount: number): string {
  if (hostCount === 0) return 'No hosts for scaling found';
  return group.by === 'labels'
    ? `No host with label ${describeSelector(group.selector)} exists`
    : `No host of template ${group.templateId} exists`;
}
