# syntax=docker/dockerfile:1

# Dependencies are installed where npm is; the image that runs has neither npm's cache nor a compiler.
# libsql's binary comes from its platform package, which is optional and therefore not omitted; the
# Node packages that serve machines with an old Node are removed instead.
FROM node:24-bookworm-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="mcp-metrics" \
      org.opencontainers.image.description="The metrics service for MCP gateways"
# curl: the health checks of compose files that were written for the predecessor call it in the container.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
 && ln -s /app/src/mcp-metrics.js /usr/local/bin/mcp-metrics \
 && install -d -o node -g node -m 0700 /var/lib/sqlite
WORKDIR /app
COPY --from=install /app/node_modules node_modules
COPY package.json ./
COPY gen gen
COPY migrations migrations
COPY src src
ENV NODE_ENV=production \
    SQLITE_DB_PATH=/var/lib/sqlite/metrics.db
USER node
VOLUME /var/lib/sqlite
EXPOSE 8890 9465
# Readiness, not liveness: a service that cannot store is not healthy. The certificate is made for the
# public name and not for the loopback address, so that it is not verified here.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "--no-warnings", "-e", "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch(`${process.env.TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${process.env.METRICS_SERVICE_PORT || 8890}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/mcp-metrics.js"]
CMD ["serve"]
