/** One environment variable the product reads; `docs/configuration.md` has one row for each (a repository test compares both ways). */
export interface Variable {
  readonly name: string;
  /** What happens when it is not set, as the docs say it; `-` when nothing does. */
  readonly fallback: string;
  /** A secret's value is never printed, and `<name>_FILE` may name a file that holds it. */
  readonly isSecret: boolean;
}

const plain = (name: string, fallback: string): Variable => ({ name, fallback, isSecret: false });
const secret = (name: string, fallback: string): readonly Variable[] => [
  { name, fallback, isSecret: true },
  plain(`${name}_FILE`, '-'),
];

/** Every variable the product reads, in the order of the docs. */
export const variables: readonly Variable[] = [
  plain('CATTLE_URL', '-'),
  ...secret('CATTLE_ACCESS_KEY', '-'),
  ...secret('CATTLE_SECRET_KEY', '-'),
  ...secret('CATTLE_HOST_ACCESS_KEY', '`CATTLE_ACCESS_KEY`, when Rancher lets it create hosts'),
  ...secret('CATTLE_HOST_SECRET_KEY', '-'),
  plain('HOST', '`0.0.0.0`; `127.0.0.1` for `try` and with `INSTALL_PLACE=rancher-proxy`'),
  plain('PORT', '`8085`'),
  plain('SANDBOX_PORT', '`8081`'),
  plain('DATA_DIR', '`./data`; for `try` a fresh temporary directory'),
  ...secret('DATABASE_URL', 'SQLite in `DATA_DIR`'),
  plain('HISTORY_DAYS', '`30`'),
  plain('HISTORY_LIMIT', '`100000`'),
  plain('PUBLIC_URL', "each request's own address"),
  plain('INSTALL_PLACE', '`own-port`'),
  plain('LOG_LEVEL', '`info`; `warn` for `try`'),
  plain('RSA_PUBLIC_KEY_CONTENTS', '-'),
  plain('RSA_PUBLIC_KEY_FILE', '-'),
  ...secret('SEALING_KEY', 'made once in `DATA_DIR/sealing.key`; required with `DATABASE_URL`'),
  plain('TRIGGER_KEYS', '`hashed`; `plain` with `INSTALL_PLACE=rancher-proxy`'),
  plain('TRUST_EXISTING_RECEIVERS', '`false`; `true` with `INSTALL_PLACE=rancher-proxy`'),
  plain('TRUSTED_HOPS', '`0`'),
  plain('COOLDOWN_SECONDS', '`0`: none'),
  plain('ALLOWED_SOURCES', 'every address'),
  plain('ALLOW_PRIVATE_CALLBACKS', '`false`'),
  ...secret('ECS_ACCESS_KEY_SECRET', '-'),
  plain('NODE_ENV', '-'),
];
