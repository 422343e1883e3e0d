"""Import of specs written for other tools: CloudFormation, Terraform, bare API input.

Pure: files and answers in, resources and problems out. Nothing is guessed. A value that depends on
template parameters, on other stacks or on the deployment is requested by name, in a problem.
"""

from mesh.importing.outcome import Answers, Imported
from mesh.importing.reading import import_files

__all__ = ["Answers", "Imported", "import_files"]
