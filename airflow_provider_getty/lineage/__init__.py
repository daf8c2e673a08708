"""OpenLineage and asset events: the generations and files that tasks have made."""
