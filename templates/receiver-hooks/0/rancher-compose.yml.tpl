version: '2'
catalog:
  name: Receiver Hooks
  version: 0.1.0
  description: An HTTP call becomes a scaling step, counted exactly once
  minimum_rancher_version: v1.6.0
  # The first version: there is nothing to upgrade from. Later versions name a range, as '>=0.1.0'.
  upgrade_from: ''
  questions:
    - variable: IMAGE_REPOSITORY
      label: Image
      description: |
        Where the image lies that you built and pushed, without a tag, as registry.example.com/receiver-hooks. There is no
        default: nobody publishes one, and a name on a public registry could belong to a stranger
      type: string
      default: ''
      invalid_chars: ' @'
      required: true
      group: Image
    - variable: OLD_DOCKER
      label: Docker older than 20.10.10
      description: |
        Whether a host that may run it has such an engine, as those that Rancher 1.6 supports (to 18.09). The container then runs
        without Docker's system call filter, which would end it at once; it still has no capabilities and no rights
      type: boolean
      default: 'false'
      required: true
      group: Image
    - variable: ACCESS
      label: How callers reach it
      description: |
        "port": a port on the hosts that run it. "load-balancer": a Rancher load balancer of its own, for one host name
      type: enum
      options: [port, load-balancer]
      default: port
      required: true
      group: Address
    - variable: PORT
      label: Port
      description: The port that is opened on the hosts, by the service or by the load balancer
      type: int
      min: 1
      max: 65535
      default: '8085'
      required: true
      group: Address
    - variable: HOST_NAME
      label: Host name at the load balancer
      description: Requests for this host name go to the service; empty means every host name. Only with "load-balancer"
      type: string
      default: ''
      invalid_chars: ' /:'
      required: false
      group: Address
    - variable: PUBLIC_URL
      label: Public address
      description: |
        What trigger URLs begin with, as https://hooks.example.com. Empty: the address by which the receiver was made
      type: string
      default: ''
      invalid_chars: ' ?#@'
      required: false
      group: Address
    - variable: TRUSTED_HOPS
      label: Proxies of yours in front
      description: |
        How many load balancers in front append the caller's address to X-Forwarded-For: 1 with the load balancer above,
        0 when callers come straight to the port
      type: int
      min: 0
      max: 9
      default: '0'
      required: true
      group: Address
    - variable: CREDENTIALS
      label: How credentials are given
      description: |
        "rancher-secrets": the questions below name Rancher secrets (Infrastructure > Secrets). With
        "plain-every-member-can-read-them" you type them in, and every member of this environment can read them in the stack
      type: enum
      options: [rancher-secrets, plain-every-member-can-read-them]
      default: rancher-secrets
      required: true
      group: Credentials
    - variable: HOST_KEY
      label: Make hosts
      description: |
        Only for scaleHost receivers. Rancher lets the container's own key do everything but create hosts; for that it needs
        an environment API key (API > Keys > Advanced Options)
      type: boolean
      default: 'false'
      required: true
      group: Credentials
    - variable: HOST_ACCESS_KEY_SECRET
      label: Secret with the environment API key's access key
      description: Name of a Rancher secret. Only with "Make hosts"
      type: string
      default: receiver-hooks-host-access-key
      valid_chars: a-zA-Z0-9_.-
      required: true
      group: Credentials
    - variable: HOST_SECRET_KEY_SECRET
      label: Secret with the environment API key's secret key
      description: Name of a Rancher secret. Only with "Make hosts"
      type: string
      default: receiver-hooks-host-secret-key
      valid_chars: a-zA-Z0-9_.-
      required: true
      group: Credentials
    - variable: SEALING_KEY_SECRET
      label: Secret with the sealing key
      description: |
        Name of a Rancher secret with the base64 of 32 random bytes (openssl rand -base64 32), with which the receivers' own
        secrets are sealed. May be empty with "volume" only: then one is made and kept there. Keep a copy
      type: string
      default: receiver-hooks-sealing-key
      valid_chars: a-zA-Z0-9_.-
      required: false
      group: Credentials
    - variable: DATABASE_URL_SECRET
      label: Secret with the database's address
      description: |
        Name of a Rancher secret, as postgres://hooks:<password>@postgres:5432/hooks for the bundled one. Only with PostgreSQL
      type: string
      default: receiver-hooks-database-url
      valid_chars: a-zA-Z0-9_.-
      required: true
      group: Credentials
    - variable: POSTGRES_PASSWORD_SECRET
      label: Secret with the bundled PostgreSQL's password
      description: Name of a Rancher secret; the same password as in the database's address. Only with "bundled-postgres"
      type: string
      default: receiver-hooks-postgres-password
      valid_chars: a-zA-Z0-9_.-
      required: true
      group: Credentials
    - variable: HOST_ACCESS_KEY
      label: Access key, in plain
      description: Only with "Make hosts" and "plain"; every member of this environment can read it
      type: string
      default: ''
      invalid_chars: ' '
      required: false
      group: Credentials in plain
    - variable: HOST_SECRET_KEY
      label: Secret key, in plain
      description: Only with "Make hosts" and "plain"; every member of this environment can read it
      type: password
      default: ''
      invalid_chars: ' '
      required: false
      group: Credentials in plain
    - variable: SEALING_KEY
      label: Sealing key, in plain
      description: Only with "plain"; every member of this environment can read it
      type: password
      default: ''
      valid_chars: a-zA-Z0-9+/=
      required: false
      group: Credentials in plain
    - variable: DATABASE_URL
      label: Database's address, in plain
      description: Only with PostgreSQL and "plain"; every member of this environment can read it
      type: password
      default: ''
      invalid_chars: ' '
      required: false
      group: Credentials in plain
    - variable: POSTGRES_PASSWORD
      label: Bundled PostgreSQL's password, in plain
      description: Only with "bundled-postgres" and "plain"; every member of this environment can read it
      type: password
      default: ''
      invalid_chars: ' '
      required: false
      group: Credentials in plain
    - variable: STORAGE
      label: Where triggers are stored
      description: |
        "volume": a small database in a volume on one host, one replica. "bundled-postgres": PostgreSQL in this stack.
        "own-postgres": a PostgreSQL of yours. Several replicas need one of the last two
      type: enum
      options: [volume, bundled-postgres, own-postgres]
      default: volume
      required: true
      group: Storage
    - variable: DATA_HOST_LABEL
      label: Label of the host with the volume
      description: |
        The volume lies on one host. Give exactly one host this label (Infrastructure > Hosts > Edit) before you launch
      type: string
      default: receiver-hooks.data=true
      invalid_chars: ' ,'
      required: true
      group: Storage
    - variable: REPLICAS
      label: Replicas
      description: |
        Containers of the service; with "port" each needs a host of its own. With "volume" there is always one, whatever is
        written here
      type: int
      min: 1
      max: 20
      default: '1'
      required: true
      group: Storage
    - variable: COOLDOWN_SECONDS
      label: Cooldown
      description: |
        Seconds after a change in which a trigger does nothing, for receivers that set no cooldownSeconds of their own; 0 is none.
        It holds for receivers of Rancher's own webhook service, too
      type: int
      min: 0
      max: 86400
      default: '0'
      required: true
      group: Receivers
    - variable: ALLOWED_SOURCES
      label: Allowed sources
      description: |
        From where triggers are taken for receivers that name no allowedSources: addresses and CIDR ranges with commas and without
        blanks, as 10.0.0.0/8,198.51.100.7; cloudmonitor are Aliyun's. Empty: from everywhere. Behind a load balancer "Proxies of
        yours in front" must be right, or every trigger is refused
      type: string
      default: ''
      valid_chars: a-zA-Z0-9.:/,
      required: false
      group: Receivers
    - variable: TRUST_EXISTING_RECEIVERS
      label: Trust the receivers that are there
      description: |
        Whether receivers made by Rancher's own webhook service may make and remove hosts without being adopted one by one
      type: boolean
      default: 'false'
      required: true
      group: Receivers
    - variable: LOG_LEVEL
      label: Log level
      description: How much is logged; each level holds those after it
      type: enum
      options: [debug, info, warn, error]
      default: info
      required: true
      group: More
services:
  receiver-hooks:
{{- if eq .Values.STORAGE "volume" }}
    # One database file takes one process: a second container, even for the time of an upgrade, could not open it.
    scale: 1
    upgrade_strategy:
      start_first: false
      batch_size: 1
      interval_millis: 2000
{{- else }}
    scale: ${REPLICAS}
    upgrade_strategy:
{{- if eq .Values.ACCESS "port" }}
      # The port of a host is free for the new container only when the old one has gone.
      start_first: false
{{- else }}
      start_first: true
{{- end }}
      batch_size: 1
      interval_millis: 2000
{{- end }}
    start_on_create: true
    # Alive, not ready: while Rancher is away the service must go on storing triggers, not be replaced.
    health_check:
      port: 8085
      request_line: GET /healthz HTTP/1.0
      interval: 5000
      response_timeout: 3000
      initializing_timeout: 60000
      reinitializing_timeout: 60000
      healthy_threshold: 1
      unhealthy_threshold: 3
      strategy: recreate
{{- if eq .Values.STORAGE "bundled-postgres" }}
  postgres:
    scale: 1
    upgrade_strategy:
      start_first: false
      batch_size: 1
      interval_millis: 2000
    start_on_create: true
    health_check:
      port: 5432
      interval: 5000
      response_timeout: 3000
      initializing_timeout: 60000
      reinitializing_timeout: 60000
      healthy_threshold: 1
      unhealthy_threshold: 5
      strategy: recreate
{{- end }}
{{- if eq .Values.ACCESS "load-balancer" }}
  load-balancer:
    scale: 1
    start_on_create: true
    lb_config:
      port_rules:
        - hostname: ${HOST_NAME}
          path: /v1-webhooks
          protocol: http
          service: receiver-hooks
          source_port: ${PORT}
          target_port: 8085
    health_check:
      port: 42
      interval: 2000
      response_timeout: 2000
      initializing_timeout: 60000
      reinitializing_timeout: 60000
      healthy_threshold: 2
      unhealthy_threshold: 3
      strategy: recreate
{{- end }}
