/** One API call the sandbox received. */
export interface Call {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The caller's role: `project`, `readonly`, … or `none`. */
  as: string;
  /** Undefined when no answer was sent (yet). */
  status: number | undefined;
}

/** The last calls, newest last; older ones than the limit are dropped, so that memory stays flat. */
export class CallLog {
  private calls: Call[] = [];
  private underWay = 0;
  private most = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** A request has arrived; `ended` is called when it is over, answered or broken off. */
  record(method: string, path: string): Call {
    this.underWay += 1;
    this.most = Math.max(this.most, this.underWay);
    const call: Call = { method, path, at: Date.now(), as: 'none', status: undefined };
    this.calls.push(call);
    // Cutting at twice the limit keeps the cost of a call constant.
    if (this.calls.length > 2 * this.limit) this.calls = this.calls.slice(-this.limit);
    return call;
  }

  ended(): void {
    this.underWay -= 1;
  }

  /** How many calls were under way at once, at most, since the log was last cleared. */
  mostAtOnce(): number {
    return this.most;
  }

  list(): readonly Call[] {
    return this.calls.slice(-this.limit);
  }

  count({ method, path }: { readonly method?: string; readonly path?: RegExp } = {}): number {
    return this.list().filter((call) => (method ?? call.method) === call.method && (path?.test(call.path) ?? true))
      .length;
  }

  clear(): void {
    this.calls = [];
    this.most = this.underWay;
  }
}
