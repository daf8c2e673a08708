"""The gallery: shows what the tasks of a DAG have generated, to people who may see the DAG."""
