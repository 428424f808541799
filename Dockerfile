# The county hub. Build: docker compose build. Kiosks run from systemd/, not from here.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY . .
# The versions of the lock, without what only a kiosk or a developer needs.
RUN grep -oE '^[A-Za-z0-9._-]+==[^ ;]+' requirements.lock > /constraints.txt \
    && python -m venv /opt/tongjie \
    && /opt/tongjie/bin/pip install --no-cache-dir -c /constraints.txt '.[hub]'

FROM python:3.13-slim-trixie
# pg_dump, pg_restore and psql of the server's major version, for hub backup|restore.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/tongjie-hub --create-home tongjie-hub
COPY --from=build /opt/tongjie /opt/tongjie
ENV PATH=/opt/tongjie/bin:$PATH PYTHONUNBUFFERED=1
USER tongjie-hub
WORKDIR /var/lib/tongjie-hub
VOLUME /var/lib/tongjie-hub
EXPOSE 8443
STOPSIGNAL SIGTERM
CMD ["tongjie", "hub", "serve", "--host", "0.0.0.0", "--workers", "2"]
