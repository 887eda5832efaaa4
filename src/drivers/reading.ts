/**
 * Under it a change carries what its round was decided on, so that a fresh change need not be read twice. Not serialised: a change
 * that was stored has none, and its target is looked at anew.
 */
export const reading = Symbol('reading');
