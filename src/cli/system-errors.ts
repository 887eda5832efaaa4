import { isNativeError } from 'node:util/types';
import { hasCode } from '../domain/errors.ts';
import { CliError } from './cli-error.ts';

/** The first error of a chain of causes that carries a code of the operating system (`EADDRINUSE`, …). */
export function findSystemError(error: unknown): NodeJS.ErrnoException | undefined {
  for (let current = error; isNativeError(current); current = current.cause) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return current;
  }
  return undefined;
}

/**
 * Runs `start` and turns what keeps a server from listening into one line that names the port and its variable.
 * @throws CliError for a port that is taken or forbidden or an address that is not ours; anything else as it was thrown.
 */
export async function namingPort<T>(
  listen: { readonly host: string; readonly port: number; readonly portVariable: string },
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    // It says itself what is wrong, and a database that cannot be reached is no address of ours.
    if (hasCode(error)) throw error;
    const port = String(listen.port);
    switch (findSystemError(error)?.code) {
      case 'EADDRINUSE':
        throw new CliError(
          `port ${port} on ${listen.host} is already in use; stop what listens there, or set ${listen.portVariable} to a free port`,
          { cause: error },
        );
      case 'EACCES':
        throw new CliError(
          `port ${port} on ${listen.host} is not allowed for this user; set ${listen.portVariable} to one above 1023`,
          { cause: error },
        );
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new CliError(`the address ${listen.host} is not one of this machine; set HOST to one that is`, {
          cause: error,
        });
      default:
        throw error;
    }
  }
}
