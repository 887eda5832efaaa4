import { describe, expect, it } from '@jest/globals';
import { changed, exampleJson, mistakesIn } from '../support/example.ts';
import type { Json } from '../support/example.ts';

describe('infra/src/checks/trigger-urls', () => {
  const complaints = (url: string, json: Json = exampleJson()) =>
    mistakesIn(json, { TF_VAR_trigger_url_web_up: url }).map((mistake) => mistake.problem);

  it.each([
    'http://hooks.example.com/v1-webhooks/endpoint/1a5/key',
    'http://203.0.113.9:8085/v1-webhooks/endpoint?key=k',
  ])('takes %s', (url) => {
    expect(complaints(url)).toEqual([]);
  });

  it.each([
    ['https://hooks.example.com/x', 'CloudMonitor posts to http only, this is https'],
    ['hooks.example.com/x', 'it is not a URL'],
    ['http://localhost:8085/x', 'CloudMonitor calls from the internet and cannot reach that host'],
    ['http://10.0.0.7/x', 'CloudMonitor calls from the internet and cannot reach that host'],
    ['http://user:pass@hooks.example.com/x', 'CloudMonitor sends no credentials and no fragment'],
  ])('refuses %s', (url, problem) => {
    expect(complaints(url)).toContain(problem);
  });

  it('never repeats the URL, which is a credential', () => {
    const mistakes = mistakesIn(exampleJson(), {
      TF_VAR_trigger_url_web_up: 'https://hooks.example.com/the-secret-key',
    });
    expect(JSON.stringify(mistakes)).not.toContain('the-secret-key');
  });

  it('does not look at a URL no alarm asks for', () => {
    expect(complaints('banana', changed('pools.0.alarms.up', undefined))).toEqual([]);
  });
});
