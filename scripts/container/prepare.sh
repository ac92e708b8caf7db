#!/bin/sh
# Before anything else starts: bring the three databases to this image's schemas, and say who may log in.
# Everything here may be done again; a database that is newer than the image stops it.
set -eu
umask 077

python -c '
import json, os, pathlib
path = pathlib.Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
path.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}))
'
airflow db migrate
lamplighter upgrade
mlflow db upgrade "$MLFLOW_BACKEND_STORE_URI"
