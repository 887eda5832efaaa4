import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import { CmsAlarmContactGroup } from '@cdktf/provider-alicloud/lib/cms-alarm-contact-group';
import type { Configuration, Pool } from '../config/shape.ts';
import type { Direction } from '../config/trigger-url.ts';
import { triggerUrlVariable } from '../config/trigger-url.ts';
import { PoolAlarms } from '../constructs/pool-alarms.ts';
import type { PoolAlarm } from '../constructs/pool-alarms.ts';
import { AliyunStack, declareProvider } from './aliyun-stack.ts';
import { poolTag } from './pool-tag.ts';

/** Alarms that call the pools' trigger URLs. Nothing refers to this stack, so the URLs stay in its own state. */
export class AlarmsStack extends AliyunStack {
  constructor(scope: Construct, id: string, configuration: Configuration) {
    super(scope, id, configuration);
    declareProvider(this, configuration);
    const { prefix, alarms, pools } = configuration;
    const contactGroup = new CmsAlarmContactGroup(this, 'contacts', {
      alarmContactGroupName: `${prefix}-scaling`,
      ...(alarms.contacts.length > 0 ? { contacts: alarms.contacts } : {}),
      describe: 'Told by the scaling alarms, beside the trigger URLs',
    });
    for (const pool of pools) {
      const poolAlarms = (['up', 'down'] as const).flatMap((direction) => this.#alarm(pool, direction));
      if (poolAlarms.length === 0) continue;
      new PoolAlarms(this, `pool-${pool.name}`, {
        name: `${prefix}-${pool.name}`,
        tag: poolTag(configuration, pool),
        contactGroup: contactGroup.alarmContactGroupName,
        effectiveInterval: alarms.effectiveInterval,
        alarms: poolAlarms,
      });
    }
  }

  #alarm(pool: Pool, direction: Direction): PoolAlarm[] {
    const rule = pool.alarms[direction];
    if (!rule) return [];
    const name = triggerUrlVariable(pool.name, direction);
    const variable = new TerraformVariable(this, name, {
      type: 'string',
      sensitive: true,
      nullable: false,
      description: `Trigger URL that scales pool ${pool.name} ${direction}; give it as TF_VAR_${name}`,
      validation: [
        {
          condition: `\${can(regex("^http://[^/@]+/", var.${name}))}`,
          errorMessage: 'The URL must begin with http:// and a public host: CloudMonitor posts to nothing else.',
        },
      ],
    });
    return [{ direction, rule, triggerUrl: variable.stringValue }];
  }
}
