"""Problem codes of imports; see :mod:`mesh.problems.codes`."""

from typing import Final

from mesh.problems.problem import CodeDoc, Severity

IMPORT_CODES: Final = {
    "import-dropped": CodeDoc(
        "A part of a resource is not imported, because it has no meaning in a mesh in git: the "
        "account that owns a mesh, a priority of 0 (Terraform writes it for a route without a "
        "priority), the health of an instance, or a resource that was deleted.",
        "Nothing; if the value was intended, write it into the document.",
        Severity.WARNING,
    ),
    "import-preview": CodeDoc(
        "The file was written for the preview of App Mesh in 2018. There, nodes listed backends "
        "by name and had a `serviceName` in `dns`, and routers listed services by name. It was "
        "converted to the current API.",
        "Nothing; check the imported documents.",
        Severity.WARNING,
    ),
    "import-form": CodeDoc(
        "The format of the file is not supported by the import.",
        "Follow the hint: convert Terraform's own state file with `terraform show -json`; "
        "Kubernetes manifests need no import.",
    ),
    "import-name-made": CodeDoc(
        "A resource of a template has no name. CloudFormation would generate one with random "
        "letters; the import uses its logical id instead.",
        "If proxies know the resource by the name that CloudFormation generated, write that name "
        "into the template or into the document.",
        Severity.WARNING,
    ),
    "import-macro": CodeDoc(
        "`Transform` names a macro, which can change any part of the template before "
        "CloudFormation creates the stack. The import ignores the macro.",
        "Import the processed template: `aws cloudformation get-template --template-stage "
        "Processed`.",
        Severity.WARNING,
    ),
    "import-names": CodeDoc(
        "A document does not name its resource; the names are in the script that used it.",
        "Give them with `--mesh`, `--name`, `--parent` and, if the fields fit several kinds, "
        "`--kind`.",
    ),
    "import-parameter": CodeDoc(
        "A template needs a value that it does not contain: a parameter without a default, "
        "`AWS::Region`, or an attribute of a resource that exists only after the stack is "
        "created.",
        "Give it: `--param Name=Value`, `--param AWS::Region=eu-west-1`, `--param "
        "LoadBalancer.DNSName=…`. Until then, resources that depend on it are not written.",
    ),
    "import-ref": CodeDoc(
        "The template refers to another resource where a name is required. The import uses that "
        "resource's name: `Ref` of an App Mesh resource is its ARN in CloudFormation, and the id "
        "of a mesh in a Terraform plan is its name after the plan is applied.",
        "Use `Fn::GetAtt` with the name, `Mesh.MeshName`, or `aws_appmesh_mesh.….name`.",
        Severity.WARNING,
    ),
    "import-template": CodeDoc(
        "A template contradicts itself: it refers to something it does not contain, or calls a "
        "function with wrong arguments.",
        "Correct the template. CloudFormation would reject it, too.",
    ),
    "import-undecided": CodeDoc(
        "A value cannot be computed from the file: a function or a dynamic reference that only "
        "CloudFormation can evaluate, or a value that Terraform knows only after it has applied a "
        "plan.",
        "Follow the hint, or write the value into the file. Until then, the resource is not "
        "written.",
    ),
    "import-value": CodeDoc(
        "A template imports a value that another stack exports.",
        "Give it: `--import-value Name=Value`; or pass the other stack's template to the same "
        "import, so that its exports are known.",
    ),
}
