import base from './jest.config.mjs';

/** The tests of the image and the stacks, on a Docker engine: `npm run test:e2e`. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  // It prepares infra's bindings and bundles, which no stack needs.
  globalSetup: undefined,
  moduleNameMapper: {},
};
