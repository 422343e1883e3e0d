"""Problems that a log and reports of traffic show, as rules over values. Pure.

Read ``finding.py`` first. ``gitmesh.service`` collects what the rules look at.
"""
