# leakcheck in an image: small, not root, no shell needed.
#
#   docker build -t leakcheck .
#   docker run --rm -v "$PWD:/work:ro" leakcheck ci /work
#   docker run --rm -i leakcheck check --password < password.txt
#   docker run --rm -v "$PWD:/work" --user "$(id -u)" leakcheck build /work/dump -o /work/acme.bloom
#   docker run --rm -p 8080:8080 -v /srv/filters:/filters:ro leakcheck serve /filters --host 0.0.0.0 --port 8080
FROM python:3.13-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential curl ca-certificates \
    && curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs \
        | sh -s -- -y --profile minimal --default-toolchain 1.95.0
ENV PATH=/root/.cargo/bin:$PATH
COPY . /source
RUN python -m venv /opt/leakcheck \
    && /opt/leakcheck/bin/pip install --no-cache-dir '/source[lz4,serve]' \
    && /opt/leakcheck/bin/leakcheck --version | grep -F '(native engine)' \
    && /opt/leakcheck/bin/pip uninstall -y pip

FROM python:3.13-slim
COPY --from=build /opt/leakcheck /opt/leakcheck
ENV LEAKCHECK_HOME=/var/lib/leakcheck PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 leakcheck && install -d -o leakcheck /var/lib/leakcheck /work
USER leakcheck
WORKDIR /work
ENTRYPOINT ["/opt/leakcheck/bin/leakcheck"]
CMD ["--help"]
