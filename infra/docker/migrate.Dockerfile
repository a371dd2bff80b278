# The job that runs before the services: docker build -f infra/docker/migrate.Dockerfile -t valueverse/migrate .
ARG PYTHON=python:3.12-slim

FROM ${PYTHON} AS dependencies
RUN python -m venv /opt/venv
# The architect's: of all services its migrations need most, as they bring the drivers that ship with the product.
COPY services/architect/requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/venv/bin/pip install --no-input --disable-pip-version-check --require-hashes --requirement /tmp/requirements.txt \
    && /opt/venv/bin/pip uninstall --yes --quiet pip

FROM ${PYTHON}
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin valueverse
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=dependencies /opt/venv /opt/venv
COPY services services
RUN python -m compileall -q services
USER 10001
ENTRYPOINT ["python", "-m", "services"]
CMD ["migrate"]
