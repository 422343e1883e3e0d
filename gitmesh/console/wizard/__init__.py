"""Create mesh service: answers to a few questions become the resources of a service. Pure.

Read ``answers.py`` first. The page is ``gitmesh/console/pages/new_service.py``.
"""
