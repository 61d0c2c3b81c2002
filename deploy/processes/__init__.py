"""The processes that ``spanmesh`` starts and supervises."""
