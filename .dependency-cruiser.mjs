// What the store does and what it holds; never an engine, nor the thread it runs in.
const store = 'storage/(store|rounds|stored-execution)\\.ts';

/** The rings of the design: a folder may import only what stands here. A new arrow is a decision, not an accident. */
const rings = {
  domain: [],
  formats: ['domain'],
  rancher: ['domain'],
  drivers: ['domain', 'rancher'],
  storage: ['domain'],
  receivers: ['domain', 'rancher', 'drivers/driver', 'formats/format'],
  executions: ['domain', 'rancher', 'drivers/driver', store],
  router: ['domain', 'drivers/driver', 'formats/(format|recognise|parsed-trigger)', 'receivers', 'executions', store],
  observability: ['domain'],
  // What a receiver may name as a source is also what ALLOWED_SOURCES may name; CATTLE_URL is read as the client reads it.
  config: ['domain', 'rancher/api-url', 'receivers/allowed-sources'],
  installations: ['domain', 'rancher', 'receivers/stored-receiver'],
  callbacks: ['domain', store, 'executions', 'receivers'],
  api: [
    'domain',
    'rancher',
    'drivers/driver',
    'formats/(format|recognise)',
    'receivers',
    'executions',
    'router',
    'callbacks',
    'observability',
    store,
  ],
  sandbox: [],
};

const forbidden = Object.entries(rings).map(([folder, allowed]) => ({
  name: `ring-${folder}`,
  comment: `src/${folder} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [`^src/${folder}/`, ...allowed.map((ring) => `^src/${ring}`)] },
}));

export default {
  forbidden: [
    ...forbidden,
    {
      name: 'domain-is-pure',
      comment: 'rules without I/O and without a clock can be tested by properties',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'sandbox-only-from-cli',
      comment: 'the product never depends on the thing it is tried against',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|sandbox)/' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'infra-stands-alone',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^src/' },
    },
    {
      name: 'src-never-imports-infra',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^infra/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // It follows `import type`, too. `tsPreCompilationDeps` would ask for a TypeScript below 7 and find nothing more.
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
