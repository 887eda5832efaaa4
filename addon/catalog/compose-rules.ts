import * as z from 'zod';

const Labels = z.record(z.string(), z.string());
const Environment = z.record(z.string(), z.string());

// Without uid, gid and mode on purpose. Rancher's compose executor demands a number as mode and hands it on in decimal, and what
// writes the file reads octal (rancher/secrets-flexvol): 0400 becomes 0256, and '0400' is refused, so no stack would start.
const SecretReference = z.strictObject({ source: z.string().min(1), target: z.string().min(1) });

/** A service in Rancher's docker-compose.yml, with the keys we use; a key that is not here is a mistake or a decision to make here. */
const Service = z.strictObject({
  image: z.string().regex(/^[a-z0-9./_-]+(?::\d+\/[a-z0-9./_-]+)?:[\w.-]+$/, 'is not an image with a pinned tag'),
  user: z.string().optional(),
  read_only: z.literal(true).optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  mem_limit: z.int().optional(),
  stop_signal: z.string().optional(),
  ports: z.array(z.string().regex(/^\d+:\d+\/tcp$/, 'is not <port>:<port>/tcp')).optional(),
  environment: Environment.optional(),
  secrets: z.array(SecretReference).min(1).optional(),
  volumes: z.array(z.string().regex(/^(?:[\w-]+:)?\/[\w/-]+$/, 'is not a named volume or a path')).optional(),
  labels: Labels.optional(),
});

export const DockerCompose = z.strictObject({
  version: z.literal('2'),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.strictObject({ driver: z.string() })).optional(),
  secrets: z.record(z.string().min(1), z.strictObject({ external: z.literal(true) })).optional(),
});

const HealthCheck = z.strictObject({
  port: z.int(),
  request_line: z.string().optional(),
  interval: z.int(),
  response_timeout: z.int(),
  initializing_timeout: z.int(),
  reinitializing_timeout: z.int(),
  healthy_threshold: z.int(),
  unhealthy_threshold: z.int(),
  strategy: z.enum(['recreate', 'none', 'recreateOnQuorum']),
});

const PortRule = z.strictObject({
  hostname: z.string(),
  path: z.string(),
  protocol: z.enum(['http', 'https', 'tcp', 'sni', 'tls']),
  service: z.string(),
  source_port: z.coerce.number().int(),
  target_port: z.int(),
});

export const RancherCompose = z.looseObject({
  version: z.literal('2'),
  services: z.record(
    z.string(),
    z.strictObject({
      scale: z.coerce.number().int().min(1),
      upgrade_strategy: z
        .strictObject({ start_first: z.boolean(), batch_size: z.int(), interval_millis: z.int() })
        .optional(),
      start_on_create: z.boolean(),
      health_check: HealthCheck.optional(),
      lb_config: z.strictObject({ port_rules: z.array(PortRule).min(1) }).optional(),
    }),
  ),
});

export type DockerCompose = z.infer<typeof DockerCompose>;
export type RancherCompose = z.infer<typeof RancherCompose>;
