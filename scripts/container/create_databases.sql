-- What Postgres runs when its volume is empty: a database and a user for each of the three that keep
-- books, and nobody may look into another's. Passwords come from the environment and are never printed.
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv lamplighter_password LAMPLIGHTER_DB_PASSWORD
\getenv mlflow_password MLFLOW_DB_PASSWORD

CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE lamplighter LOGIN PASSWORD :'lamplighter_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';

CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE lamplighter OWNER lamplighter;
CREATE DATABASE mlflow OWNER mlflow;

REVOKE CONNECT ON DATABASE airflow, lamplighter, mlflow FROM PUBLIC;
