import { describe, expect, it } from '@jest/globals';
import { ServiceError, partRemedy } from '../../src/domain/errors.ts';

describe('domain/errors', () => {
  it('leaves a message alone that a person would read', () => {
    const message = 'Invalid amount: 0; a whole number from 1 to 10 is needed';

    expect(new ServiceError('SETTINGS_INVALID', message)).toMatchObject({ message, code: 'SETTINGS_INVALID' });
  });

  it('cuts a value that is a megabyte, and keeps the remedy', () => {
    const error = new ServiceError('SETTINGS_INVALID', `Invalid action ${'x'.repeat(1_000_000)}; use up or down`, {
      fieldName: `config.${'y'.repeat(1_000_000)}`,
    });

    expect(error.message.length).toBeLessThan(600);
    expect(partRemedy(error.message)).toEqual({
      message: expect.stringMatching(/^Invalid action x+…$/),
      detail: 'use up or down',
    });
    expect(error.details.fieldName?.length).toBeLessThan(250);
  });
});
