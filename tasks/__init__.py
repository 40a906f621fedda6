"""WHEN: the background entrances, thin on purpose; what they do stands in workflow.services."""
