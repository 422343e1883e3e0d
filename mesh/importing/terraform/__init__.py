"""Terraform plans and states to resources. Pure.

Read ``plan_import.py`` first."""
