# Any image with Airflow 3.3.2 and Python 3.11 to 3.13 will do. Astro's runtime image of that version can be passed in:
#   docker build --build-arg AIRFLOW_IMAGE=<runtime image for Airflow 3.3.2, Python 3.12 or 3.13> .
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.12
FROM ${AIRFLOW_IMAGE}

COPY requirements.txt /requirements.txt
RUN pip install --no-cache-dir --require-hashes -r /requirements.txt

COPY dags ${AIRFLOW_HOME}/dags
COPY plugins ${AIRFLOW_HOME}/plugins
COPY include ${AIRFLOW_HOME}/include
# `from include... import` works as in the project folder.
ENV PYTHONPATH=${AIRFLOW_HOME}
# What went wrong, and what to do, is one long line at the head of a failed task's log: shown whole.
ENV AIRFLOW__API__DEFAULT_WRAP=True
