import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../domain/errors.ts';
import { sealingKeyBytes } from './sealing.ts';

/** The name of the generated key within the data directory. */
const sealingKeyFileName = 'sealing.key';

/**
 * The sealing key of an installation that was given none: made once, kept beside its database, readable by its user alone.
 * @throws ServiceError SEALING_KEY_UNUSABLE when it can be neither read nor made, or holds something else.
 */
export async function readOrMakeSealingKey(dataDirectory: string): Promise<Uint8Array> {
  const path = join(dataDirectory, sealingKeyFileName);
  const text = await readText(path);
  if (text === undefined) return await make(path);
  const key = Buffer.from(text, 'base64');
  if (key.byteLength !== sealingKeyBytes) throw unusable(path, `holds no base64 of ${String(sealingKeyBytes)} bytes`);
  return key;
}

/** Under another name first: a crash in the middle leaves no half key that the next start would stumble over. */
async function make(path: string): Promise<Uint8Array> {
  const key = randomBytes(sealingKeyBytes);
  const unfinished = `${path}.new`;
  try {
    const file = await open(unfinished, 'w', 0o600);
    try {
      await file.writeFile(`${key.toString('base64')}\n`);
      // Secrets are sealed with it from now on; after a power cut they must not outlive it.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    return key;
  } catch (error) {
    throw unusable(path, 'cannot be made', error);
  }
}

/** Undefined when there is no such file. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(path, 'cannot be read', error);
  }
}

function unusable(path: string, what: string, cause?: unknown): ServiceError {
  return new ServiceError(
    'SEALING_KEY_UNUSABLE',
    `the sealing key ${path} ${what}; put the one back that was there, set SEALING_KEY, or move the file away to begin with a new key`,
    { cause },
  );
}
