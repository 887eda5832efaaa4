/** Says yes to a share of the questions, evenly spread and the same in every run: 0.1 is every tenth. */
class Share {
  private owed = 0;

  take(share: number): boolean {
    this.owed += share;
    // Ten tenths do not quite make one in floating point.
    if (this.owed < 1 - 1e-9) return false;
    this.owed -= 1;
    return true;
  }
}

/**
 * Which PUTs answer 409: some of those that meet another PUT to the same resource under way, and, when asked for, a share
 * of all (recordings b_put_scale_two_racing, b_put_scale_read_modify_write_lost_update, b_put_scale_conflict_window).
 */
export class Contention {
  private readonly underWay = new Map<object, number>();
  private readonly overlapping = new Share();
  private readonly any = new Share();
  private readonly conflictRate: number;

  constructor(conflictRate: number) {
    this.conflictRate = conflictRate;
  }

  /** Registers a PUT; `leave` must follow. Answers whether it is lost. */
  enter(row: object, overlapConflictShare: number): 'conflict' | 'free' {
    const others = this.underWay.get(row) ?? 0;
    this.underWay.set(row, others + 1);
    const isLost = (others > 0 && this.overlapping.take(overlapConflictShare)) || this.any.take(this.conflictRate);
    return isLost ? 'conflict' : 'free';
  }

  leave(row: object): void {
    const left = (this.underWay.get(row) ?? 1) - 1;
    if (left === 0) this.underWay.delete(row);
    else this.underWay.set(row, left);
  }
}
