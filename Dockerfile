# One image for every process of docker-compose.yaml: the locked packages, the wheel, the DAG file.

FROM python:3.12-slim-bookworm AS build
ARG UV_VERSION=0.13.9
RUN pip install --no-cache-dir "uv==${UV_VERSION}" && python -m venv --without-pip /opt/venv
WORKDIR /src
# First what changes seldom, so that a changed line of ours installs nothing again. Bytecode is written
# here, since the user who runs this cannot write it, and without it every start compiles for minutes.
COPY requirements.txt ./
RUN uv pip install --no-cache --python /opt/venv/bin/python --compile-bytecode -r requirements.txt
COPY pyproject.toml requirements-dev.txt README.md LICENSE ./
COPY include/lamplighter include/lamplighter
COPY plugins/lamplighter_airflow plugins/lamplighter_airflow
# The locked build backend builds the wheel, in an environment that stays in this stage.
RUN uv build --no-cache --python /opt/venv/bin/python --wheel --build-constraints requirements-dev.txt --out-dir /dist \
    && uv pip install --no-cache --python /opt/venv/bin/python --compile-bytecode --no-deps /dist/*.whl

FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 lamplighter \
    && useradd --uid 10001 --gid lamplighter --create-home lamplighter \
    && install --directory --owner=lamplighter --group=lamplighter \
        /opt/airflow /opt/airflow/auth /opt/airflow/logs /var/lib/lamplighter /var/lib/mlflow
COPY --from=build /opt/venv /opt/venv
COPY config/airflow_local_settings.py /opt/airflow/config/airflow_local_settings.py
COPY dags /opt/lamplighter/dags
COPY include/models /opt/lamplighter/models
COPY scripts/container /opt/lamplighter/container
ENV PATH="/opt/venv/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/lamplighter/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    LAMPLIGHTER_HOME=/var/lib/lamplighter \
    LAMPLIGHTER_MODELS=/opt/lamplighter/models
RUN python -m compileall -q /opt/airflow/config /opt/lamplighter/dags
USER lamplighter
WORKDIR /var/lib/lamplighter
CMD ["airflow", "version"]
