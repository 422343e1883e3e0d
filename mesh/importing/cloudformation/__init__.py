"""CloudFormation templates to resources: intrinsic functions evaluated, names resolved. Pure.

Read ``template_import.py`` first."""
