import pg from 'pg';
import { channel, readAnnouncement, type Announcement } from './operations/announce.ts';

const firstPauseMs = 250;
const longestPauseMs = 10_000;

export interface Announcements {
  close(): Promise<void>;
}

/**
 * Hears what other replicas announce, over a connection of its own that is opened again whenever it breaks. Announcements
 * made meanwhile are lost; the executions poll behind it.
 */
export function listen(url: string, announced: (announcement: Announcement) => void): Announcements {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;
  let isClosed = false;
  let connecting: Promise<void> | undefined;

  const hear = (payload = ''): void => {
    const announcement = readAnnouncement(payload);
    if (announcement !== undefined) announced(announcement);
  };
  const connect = async (): Promise<void> => {
    const mine = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true });
    let isLost = false;
    // Told once a connection, however many ways it has of telling: two reconnections would leave one behind for ever.
    const lost = (): void => {
      if (isLost) return;
      isLost = true;
      if (client === mine) client = undefined;
      if (isClosed) return;
      timer = setTimeout(() => {
        timer = undefined;
        connecting = connect();
      }, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    mine.on('error', lost);
    mine.on('end', lost);
    mine.on('notification', ({ payload }) => hear(payload));
    try {
      await mine.connect();
      await mine.query(`listen ${channel}`);
      if (!isClosed) client = mine;
      pauseMs = firstPauseMs;
    } catch {
      lost();
      await mine.end().catch(() => undefined);
      return;
    }
    // It may have been closed while this connection was being made.
    if (isClosed) await mine.end();
  };
  connecting = connect();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      const open = client;
      client = undefined;
      await open?.end();
      await connecting;
    },
  };
}
