"""Specs written for other tools → native documents: CloudFormation, Terraform, bare API input.

Pure: text and answers in, resources and problems out. Nothing is guessed: what a template leaves
to parameters, to other stacks or to the day of deployment is asked for by name, in a problem.
"""

from mesh.importing.outcome import Answers, Imported
from mesh.importing.reading import import_files

__all__ = ["Answers", "Imported", "import_files"]
