import { describe, expect, it } from '@jest/globals';
import { createLogger, type LoggerOptions } from '../../src/observability/logger.ts';

const secret = 'S3cr3t"with-a-quote-in-it';

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) }, ...options });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('observability/logger', () => {
  it('writes JSON lines with time, the level by its name, a message and the facts', () => {
    const { logger, parsed } = capture();

    logger.info({ port: 8085 }, 'listening');

    expect(parsed()).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), port: 8085, msg: 'listening' },
    ]);
  });

  it('writes nothing below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });

    logger.info('state changed');
    logger.debug('detail');

    expect(lines).toEqual([]);
  });

  it('lets a secret through in no place: address, header, body, child, message, error and cause', () => {
    const { logger, lines, parsed } = capture();
    const plain = 'abcdefabcdefabcdefabcdef';
    const cause = new Error(`GET http://h/genericobjects?key=${plain}`);

    logger.child({ authorization: `Basic ${plain}` }).warn({ url: `/v1-webhooks/endpoint?key=${plain}` }, 'refused');
    logger.info({ headers: { cookie: `token=${plain}` }, body: { push: plain } }, `careless /endpoint/1a5/${plain}`);
    logger.error({ err: new Error(`http://u:${plain}@h`, { cause }) }, 'failed');
    logger.error(new Error(`?token=${plain}`, { cause }));

    expect(lines).toHaveLength(4);
    expect(lines.join('')).not.toContain(plain);
    expect(parsed()[2]).toMatchObject({ msg: 'failed', err: { type: 'Error', cause: { type: 'Error' } } });
  });

  it('takes known secrets out of a line wherever they stand', () => {
    const { logger, lines, parsed } = capture({ secrets: [secret, 'short'] });

    logger.info({ note: `a ${secret} b`, short: 'short' }, `said ${secret}`);

    expect(lines.join('')).not.toContain('with-a-quote-in-it');
    expect(parsed()[0]).toMatchObject({ note: 'a [redacted] b', short: 'short', msg: 'said [redacted]' });
  });
});
