import { Construct } from 'constructs';
import { Fn } from 'cdktf';
import { CmsDynamicTagGroup } from '@cdktf/provider-alicloud/lib/cms-dynamic-tag-group';
import { CmsGroupMetricRule } from '@cdktf/provider-alicloud/lib/cms-group-metric-rule';
import { DataAlicloudCmsMonitorGroups } from '@cdktf/provider-alicloud/lib/data-alicloud-cms-monitor-groups';
import type { AlarmRule } from '../config/shape.ts';
import type { Direction } from '../config/trigger-url.ts';

export interface PoolAlarm {
  readonly direction: Direction;
  readonly rule: AlarmRule;
  /** A secret: the reference to a sensitive variable, never the URL itself. */
  readonly triggerUrl: string;
}

export interface PoolAlarmsProps {
  readonly name: string;
  /** The tag that every machine of the pool carries, and no other. */
  readonly tag: { readonly key: string; readonly value: string };
  readonly contactGroup: string;
  readonly effectiveInterval: string;
  readonly alarms: readonly PoolAlarm[];
}

/** Group rules spell operators out; the provider checks them for another resource only, and there as signs. */
const operators = {
  '>': 'GreaterThanThreshold',
  '>=': 'GreaterThanOrEqualToThreshold',
  '<': 'LessThanThreshold',
  '<=': 'LessThanOrEqualToThreshold',
} satisfies Record<AlarmRule['operator'], string>;

/** Alarms on whatever machines carry the pool's tag at the time: hosts Rancher makes and removes join and leave by themselves. */
export class PoolAlarms extends Construct {
  constructor(scope: Construct, id: string, props: PoolAlarmsProps) {
    super(scope, id);
    const tagGroup = new CmsDynamicTagGroup(this, 'tag-group', {
      tagKey: props.tag.key,
      contactGroupList: [props.contactGroup],
      matchExpressFilterRelation: 'and',
      matchExpress: [{ tagValue: props.tag.value, tagValueMatchFunction: 'equals' }],
    });
    const groupId = this.#applicationGroupOf(tagGroup, props);
    for (const alarm of props.alarms) this.#rule(groupId, alarm, props);
  }

  /** The resource above is the tag rule; the group that rules hang on is made from it by CloudMonitor, with an id of its own. */
  #applicationGroupOf(tagGroup: CmsDynamicTagGroup, { tag }: PoolAlarmsProps): string {
    const groups = new DataAlicloudCmsMonitorGroups(this, 'application-group', {
      dynamicTagRuleId: tagGroup.id,
      lifecycle: {
        postcondition: [
          {
            condition: '${length(self.ids) > 0}',
            errorMessage: `CloudMonitor has no group for the tag ${tag.key}=${tag.value} yet; it makes one when the first host with that tag runs. Let Rancher make a host, then deploy alarms again.`,
          },
        ],
      },
    });
    return Fn.element(groups.ids, 0) as string;
  }

  #rule(groupId: string, { direction, rule, triggerUrl }: PoolAlarm, props: PoolAlarmsProps): void {
    const name = `${props.name}-${direction}`;
    new CmsGroupMetricRule(this, direction, {
      ruleId: name,
      groupMetricRuleName: name,
      groupId,
      category: 'ecs',
      namespace: 'acs_ecs_dashboard',
      metricName: rule.metric,
      period: rule.periodSeconds,
      silenceTime: rule.silenceSeconds,
      // Aliyun fills it in when it is absent, and every plan would then find a difference.
      effectiveInterval: props.effectiveInterval,
      webhook: triggerUrl,
      escalations: {
        critical: {
          comparisonOperator: operators[rule.operator],
          statistics: rule.statistic,
          threshold: String(rule.threshold),
          times: rule.times,
        },
      },
    });
  }
}
