"""The Airflow side: sensors, tasks, parameters, assets and retry policies. The only part that imports Airflow.

DAG files import from here at parse time, so heavy imports stand inside the functions that run in a worker.
"""
