/** One thing that is wrong with the catalog: where, what, and what to do. */
export interface Finding {
  /** Relative to the catalog's folder. */
  readonly file: string;
  readonly problem: string;
}
