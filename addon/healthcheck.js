// The image's HEALTHCHECK: exit code 0 when the service answers on its port. The slim base has neither curl nor wget.
import { get } from 'node:http';

// Where the service listens, as it reads it itself; every address of the container includes loopback.
// oxlint-disable-next-line no-restricted-properties -- it runs beside the service, not in it
const { HOST = '', PORT = '' } = process.env;
const host = ['', '0.0.0.0', '::'].includes(HOST.trim()) ? '127.0.0.1' : HOST.trim();

get({ host, port: PORT.trim() || 8085, path: '/healthz', timeout: 4_000 }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
})
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
