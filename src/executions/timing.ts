/** How long things may take. Production uses the defaults; tests shrink them together. All milliseconds. */
export interface Timing {
  /** Longest call to Rancher (`RANCHER_TIMEOUT`): after it nothing of the call can be under way on our side. */
  readonly rancherTimeoutMs: number;
  /** A write follows a read whose answer is younger than this (design §5.3). */
  readonly freshReadMs: number;
  /**
   * How long a lane is held without a word. A write begins while more of it is left than a call may last (design §5.4): what is
   * beyond that must hold the slowest read and the commits around it, or a slow Rancher is read again and again and never written to.
   */
  readonly leaseMs: number;
  /** From acceptance to the first send. */
  readonly sendWithinMs: number;
  /** How long a late write is watched for (design §5.2). */
  readonly lateWriteMs: number;
  /** After a round of several, how long the next one waits for those who were just answered and come again. */
  readonly gatherMs: number;
  /** And how long it waits at most while more and more of them come. */
  readonly gatherLongestMs: number;
  /** How often a late write is looked for, and an in-doubt one looked at. */
  readonly lookAgainMs: number;
  /** How long a caller waits for an answer. CloudMonitor hangs up after 5 s. */
  readonly answerWithinMs: number;
  /** The same with `wait=settled`. */
  readonly settleWithinMs: number;
  /** How often unfinished work is looked for that nobody told this process about. */
  readonly sweepEveryMs: number;
  /** How often a shared store is asked for the end of awaited executions, behind its announcements. */
  readonly pollEveryMs: number;
  /** How often changes under way are looked for that are due. */
  readonly followEveryMs: number;
  /** First and longest pause between attempts while Rancher is away. */
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  /** A trigger that waited longer asks again whether its receiver still lives. */
  readonly askAgainAfterMs: number;
}

export const defaultTiming: Timing = {
  rancherTimeoutMs: 10_000,
  freshReadMs: 250,
  leaseMs: 25_000,
  sendWithinMs: 600_000,
  lateWriteMs: 60_000,
  gatherMs: 6,
  gatherLongestMs: 30,
  lookAgainMs: 1_000,
  answerWithinMs: 3_000,
  settleWithinMs: 25_000,
  sweepEveryMs: 2_000,
  pollEveryMs: 250,
  followEveryMs: 1_000,
  retryFirstMs: 100,
  retryLongestMs: 15_000,
  askAgainAfterMs: 1_000,
};
