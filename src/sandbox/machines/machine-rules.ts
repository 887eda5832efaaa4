/** How a machine's creation ends, instead of well. */
export interface MachineFault {
  /** Tried on the hostname; any when absent. */
  readonly hostname?: RegExp;
  /** How many machines it hits; 1 unless given, Infinity for all. */
  readonly times?: number;
  /**
   * What the machine driver says; shown as the host's `transitioningMessage`. Without one the machine is made and its agent
   * never checks in, which Rancher notices after ten minutes (recording f_host_create_states_without_machine_service).
   */
  readonly message?: string;
}

/** How long machines take and which of them fail. */
export interface Machines {
  /** Milliseconds of recorded time from provisioning to active. */
  readyMs: number;
  /** The first fault that fits a machine and is not used up hits it. */
  fail(fault: MachineFault): void;
}

/** The rules of a running sandbox. */
export class MachineRules implements Machines {
  readyMs: number;
  readonly #faults: { readonly fault: MachineFault; left: number }[] = [];

  constructor(readyMs: number) {
    this.readyMs = readyMs;
  }

  fail(fault: MachineFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault that hits this machine, counted as used. */
  hit(hostname: string): MachineFault | undefined {
    const found = this.#faults.find(({ fault, left }) => left > 0 && (fault.hostname?.test(hostname) ?? true));
    if (found !== undefined) found.left -= 1;
    return found?.fault;
  }
}
