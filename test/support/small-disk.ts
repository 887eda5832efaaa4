import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A command line that runs `command` with a disk of so many KiB mounted on `directory`, for that process alone
 * (mount_namespaces(7)), and as an unprivileged user where one is named and we are root. Anybody but root needs user
 * namespaces for it.
 */
export function onSmallDisk(
  command: readonly string[],
  { directory, kib, as }: { readonly directory: string; readonly kib: number; readonly as?: number },
): readonly string[] {
  const isRoot = process.getuid?.() === 0;
  const namespaces = isRoot ? ['--mount'] : ['--mount', '--user', '--map-current-user', '--keep-caps'];
  const owner = isRoot ? as : process.getuid?.();
  const owned = owner === undefined ? '' : `,uid=${String(owner)},gid=${String(owner)}`;
  const user =
    as !== undefined && isRoot ? ['setpriv', `--reuid=${String(as)}`, `--regid=${String(as)}`, '--clear-groups'] : [];
  const mountAndRun = `mount -t tmpfs -o size=${String(kib)}k,mode=0700${owned} receiver-hooks "$0" && exec "$@"`;
  return ['unshare', ...namespaces, 'sh', '-c', mountAndRun, directory, ...user, ...command];
}

/** Fills the disk that the process sees on `directory`, to the last byte; the function that is answered makes room again. */
export async function fillDisk(pid: number | undefined, directory: string): Promise<() => Promise<void>> {
  const ballast = join(`/proc/${String(pid)}/root`, directory, 'ballast');
  try {
    for (;;) await writeFile(ballast, Buffer.alloc(4_096), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return () => rm(ballast);
}
