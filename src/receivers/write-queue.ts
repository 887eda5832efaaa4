/** Runs writes one after the other, in the order in which they were asked for; a failed one does not stop the next. */
export class WriteQueue {
  #last: Promise<unknown> = Promise.resolve();

  async run<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#last.then(write);
    this.#last = result.catch(() => undefined);
    return await result;
  }
}
