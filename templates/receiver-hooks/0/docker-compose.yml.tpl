version: '2'
services:
  receiver-hooks:
    image: ${IMAGE_REPOSITORY}:0.1.0
    user: '1000:1000'
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges
{{- if eq .Values.OLD_DOCKER "true" }}
      # Its filter answers EPERM to clone3, with which Debian 12 starts threads: Node would end at once (nodejs/docker-node#1943).
      - seccomp=unconfined
{{- end }}
    mem_limit: 268435456
    stop_signal: SIGTERM
{{- if eq .Values.ACCESS "port" }}
    ports:
      - ${PORT}:8085/tcp
{{- end }}
    environment:
      PORT: '8085'
      PUBLIC_URL: ${PUBLIC_URL}
      TRUSTED_HOPS: ${TRUSTED_HOPS}
      COOLDOWN_SECONDS: ${COOLDOWN_SECONDS}
      ALLOWED_SOURCES: ${ALLOWED_SOURCES}
      TRUST_EXISTING_RECEIVERS: ${TRUST_EXISTING_RECEIVERS}
      LOG_LEVEL: ${LOG_LEVEL}
{{- if eq .Values.CREDENTIALS "rancher-secrets" }}
{{- if eq .Values.HOST_KEY "true" }}
      CATTLE_HOST_ACCESS_KEY_FILE: /run/secrets/host-access-key
      CATTLE_HOST_SECRET_KEY_FILE: /run/secrets/host-secret-key
{{- end }}
{{- if ne .Values.STORAGE "volume" }}
      DATABASE_URL_FILE: /run/secrets/database-url
{{- end }}
{{- if ne .Values.SEALING_KEY_SECRET "" }}
      SEALING_KEY_FILE: /run/secrets/sealing-key
{{- end }}
{{- if or (eq .Values.HOST_KEY "true") (ne .Values.STORAGE "volume") (ne .Values.SEALING_KEY_SECRET "") }}
    # Rancher makes them readable for everybody in the container (0444) where nothing is said, and there is one user in it.
    secrets:
{{- if eq .Values.HOST_KEY "true" }}
      - source: ${HOST_ACCESS_KEY_SECRET}
        target: host-access-key
      - source: ${HOST_SECRET_KEY_SECRET}
        target: host-secret-key
{{- end }}
{{- if ne .Values.STORAGE "volume" }}
      - source: ${DATABASE_URL_SECRET}
        target: database-url
{{- end }}
{{- if ne .Values.SEALING_KEY_SECRET "" }}
      - source: ${SEALING_KEY_SECRET}
        target: sealing-key
{{- end }}
{{- end }}
{{- else }}
{{- if eq .Values.HOST_KEY "true" }}
      CATTLE_HOST_ACCESS_KEY: ${HOST_ACCESS_KEY}
      CATTLE_HOST_SECRET_KEY: ${HOST_SECRET_KEY}
{{- end }}
{{- if ne .Values.STORAGE "volume" }}
      DATABASE_URL: ${DATABASE_URL}
{{- end }}
      SEALING_KEY: ${SEALING_KEY}
{{- end }}
{{- if eq .Values.STORAGE "volume" }}
    volumes:
      - data:/data
{{- else }}
    volumes:
      - /data
{{- end }}
    labels:
      # Rancher gives the container CATTLE_URL, CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY of this environment.
      io.rancher.container.create_agent: 'true'
      io.rancher.container.agent.role: environment
      io.rancher.container.pull_image: always
{{- if eq .Values.STORAGE "volume" }}
      # The volume lies on one host; anywhere else the container would begin with an empty database.
      io.rancher.scheduler.affinity:host_label: ${DATA_HOST_LABEL}
{{- else }}
      io.rancher.scheduler.affinity:container_label_soft_ne: io.rancher.stack_service.name=$${stack_name}/$${service_name}
{{- end }}
{{- if eq .Values.STORAGE "bundled-postgres" }}
  postgres:
    image: postgres:18.4-bookworm
{{- if eq .Values.OLD_DOCKER "true" }}
    security_opt:
      - seccomp=unconfined
{{- end }}
    mem_limit: 536870912
    stop_signal: SIGINT
    environment:
      POSTGRES_USER: hooks
      POSTGRES_DB: hooks
{{- if eq .Values.CREDENTIALS "rancher-secrets" }}
      POSTGRES_PASSWORD_FILE: /run/secrets/postgres-password
    secrets:
      - source: ${POSTGRES_PASSWORD_SECRET}
        target: postgres-password
{{- else }}
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}
{{- end }}
    volumes:
      - postgres:/var/lib/postgresql
    labels:
      io.rancher.scheduler.affinity:host_label: ${DATA_HOST_LABEL}
{{- end }}
{{- if eq .Values.ACCESS "load-balancer" }}
  load-balancer:
    image: rancher/lb-service-haproxy:v0.9.14
    ports:
      - ${PORT}:${PORT}/tcp
    labels:
      io.rancher.container.agent.role: environmentAdmin,agent
      io.rancher.container.agent_service.drain_provider: 'true'
      io.rancher.container.create_agent: 'true'
{{- end }}
{{- if eq .Values.STORAGE "volume" }}
volumes:
  data:
    driver: local
{{- end }}
{{- if eq .Values.STORAGE "bundled-postgres" }}
volumes:
  postgres:
    driver: local
{{- end }}
{{- if eq .Values.CREDENTIALS "rancher-secrets" }}
{{- if or (eq .Values.HOST_KEY "true") (ne .Values.STORAGE "volume") (ne .Values.SEALING_KEY_SECRET "") }}
secrets:
{{- if eq .Values.HOST_KEY "true" }}
  {{ .Values.HOST_ACCESS_KEY_SECRET }}:
    external: true
  {{ .Values.HOST_SECRET_KEY_SECRET }}:
    external: true
{{- end }}
{{- if ne .Values.STORAGE "volume" }}
  {{ .Values.DATABASE_URL_SECRET }}:
    external: true
{{- end }}
{{- if ne .Values.SEALING_KEY_SECRET "" }}
  {{ .Values.SEALING_KEY_SECRET }}:
    external: true
{{- end }}
{{- if eq .Values.STORAGE "bundled-postgres" }}
  {{ .Values.POSTGRES_PASSWORD_SECRET }}:
    external: true
{{- end }}
{{- end }}
{{- end }}
