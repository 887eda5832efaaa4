import { z } from 'zod';
import type { Mistake } from '../config/mistake.ts';
import type { AlarmRule, Pool } from '../config/shape.ts';
import { check, eachPool, PoolsSeen } from './check.ts';

/** Periods CloudMonitor aggregates ECS metrics over (PutGroupMetricRule); the provider takes any number. */
const periodsSeconds = [60, 300, 900, 3600];
const silenceSeconds = { least: 300, most: 86_400 };
const timesAtMost = 180;

const Pooled = z.object({ pools: PoolsSeen });

/** Alarm rules: periods and counts CloudMonitor takes, and an up and a down that do not chase each other. */
export const checkAlarms = check(Pooled, ({ pools }) =>
  eachPool(pools, (pool, path) => [
    ...(pool.alarms.up ? ruleMistakes(`${path}.alarms.up`, pool.alarms.up) : []),
    ...(pool.alarms.down ? ruleMistakes(`${path}.alarms.down`, pool.alarms.down) : []),
    ...chaseMistakes(path, pool),
  ]),
);

function ruleMistakes(path: string, rule: AlarmRule): Mistake[] {
  const mistakes: Mistake[] = [];
  const add = (name: keyof AlarmRule, problem: string, remedy: string): void => {
    mistakes.push({ path: `${path}.${name}`, value: rule[name], problem, remedy });
  };
  if (!/^[A-Za-z][A-Za-z0-9_.]*$/.test(rule.metric)) {
    add(
      'metric',
      'it is no metric of acs_ecs_dashboard',
      'write one like CPUUtilization, or memory_usedutilization where the agent runs',
    );
  }
  if (!periodsSeconds.includes(rule.periodSeconds)) {
    add('periodSeconds', 'CloudMonitor does not aggregate over it', `write one of ${periodsSeconds.join(', ')}`);
  }
  if (rule.silenceSeconds < silenceSeconds.least || rule.silenceSeconds > silenceSeconds.most) {
    const remedy = `write a whole number from ${silenceSeconds.least} to ${silenceSeconds.most}`;
    add('silenceSeconds', 'CloudMonitor cannot keep quiet that long or that briefly', remedy);
  }
  if (rule.times < 1 || rule.times > timesAtMost) {
    add('times', 'it is out of range', `write a whole number from 1 to ${timesAtMost}`);
  }
  if (isPercentage(rule.metric) && (rule.threshold < 0 || rule.threshold > 100)) {
    add('threshold', `${rule.metric} is a percentage`, 'write a number from 0 to 100');
  }
  return mistakes;
}

function isPercentage(metric: string): boolean {
  return /utilization|^cpu_/i.test(metric);
}

function chaseMistakes(path: string, { alarms: { up, down } }: Pool): Mistake[] {
  if (!up || !down || up.metric !== down.metric) return [];
  const at = { path: `${path}.alarms.down.threshold`, value: down.threshold };
  const [upRises, downRises] = [up, down].map(({ operator }) => operator.startsWith('>'));
  if (upRises === downRises) {
    const problem = `up and down both call when ${up.metric} is ${upRises ? 'high' : 'low'}`;
    return [
      { ...at, path: `${path}.alarms.down.operator`, value: down.operator, problem, remedy: 'turn one of them round' },
    ];
  }
  const [low, high] = upRises ? [down.threshold, up.threshold] : [up.threshold, down.threshold];
  if (low < high) return [];
  const problem = `one ${up.metric} can be up and down at once (up ${up.operator} ${up.threshold})`;
  return [{ ...at, problem, remedy: 'leave a gap between the two thresholds' }];
}

const Interval = z.object({ alarms: z.object({ effectiveInterval: z.string() }) });

/** The hours in which alarms may call. */
export const checkEffectiveInterval = check(Interval, ({ alarms }) => {
  const value = alarms.effectiveInterval;
  if (/^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/.test(value)) return [];
  const remedy = 'write it like 00:00-23:59';
  return [{ path: 'alarms.effectiveInterval', value, problem: 'it is no interval of hours and minutes', remedy }];
});
