"""Trueup's library. Nothing outside `include.jobs` imports Airflow."""
