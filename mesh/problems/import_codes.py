"""Problem codes of imports; see :mod:`mesh.problems.codes`."""

from typing import Final

from mesh.problems.problem import CodeDoc, Severity

IMPORT_CODES: Final = {
    "import-dropped": CodeDoc(
        "A part of a resource has no place in a mesh that lives in git, or says nothing: the "
        "account that owns a mesh, a priority of 0 that Terraform writes for a route without one, "
        "the health of an instance, a resource that is deleted already.",
        "Nothing, unless it was meant; then write it into the document.",
        Severity.WARNING,
    ),
    "import-preview": CodeDoc(
        "The file was written for the preview of App Mesh in 2018, whose nodes listed backends by "
        "name and had a `serviceName` in `dns`, and whose routers listed services by name. It is "
        "read as what the API says today.",
        "Nothing; check that what is written is meant.",
        Severity.WARNING,
    ),
    "import-form": CodeDoc(
        "The file is in a form that is not imported.",
        "Follow the hint: Terraform's own state file becomes readable through "
        "`terraform show -json`; Kubernetes manifests are read where they stand.",
    ),
    "import-name-made": CodeDoc(
        "A resource of a template has no name of its own. CloudFormation would have made one, with "
        "random letters; here its logical id is its name.",
        "If proxies know the resource by the name CloudFormation made, write that into the "
        "template, or into the document.",
        Severity.WARNING,
    ),
    "import-macro": CodeDoc(
        "`Transform` names a macro, which may make anything of a template before CloudFormation "
        "makes a stack of it. The template is read as if it were not there.",
        "Import what the macro made of it: `aws cloudformation get-template --template-stage "
        "Processed`.",
        Severity.WARNING,
    ),
    "import-names": CodeDoc(
        "A document does not say which resource it is about; its names stand in the script that "
        "used it.",
        "Say them with `--mesh`, `--name`, `--parent` and, where the shape fits several kinds, "
        "`--kind`.",
    ),
    "import-parameter": CodeDoc(
        "A template needs a value that is not in it: a parameter without a default, `AWS::Region`, "
        "or an attribute of a resource that exists only once the stack is made.",
        "Say it: `--param Name=Value`, `--param AWS::Region=eu-west-1`, "
        "`--param LoadBalancer.DNSName=…`. Resources that depend on it are not written until then.",
    ),
    "import-ref": CodeDoc(
        "A name is written as a reference to something that is nearly the name, and the name is "
        "taken: `Ref` of an App Mesh resource, which is its ARN in CloudFormation, or the id of a "
        "mesh in a plan of Terraform, which is its name once the plan is applied.",
        "Use `Fn::GetAtt` with the name, `Mesh.MeshName`, or `aws_appmesh_mesh.….name`, to say so.",
        Severity.WARNING,
    ),
    "import-template": CodeDoc(
        "A template contradicts itself: it refers to something it does not hold, or calls a "
        "function with the wrong arguments.",
        "Correct the template. CloudFormation would refuse it too.",
    ),
    "import-undecided": CodeDoc(
        "A value cannot be told from the file: a function or a dynamic reference that only "
        "CloudFormation works out, or something Terraform knows only after it has applied a plan.",
        "Follow the hint, or write the value into the file. The resource is not written until "
        "then.",
    ),
    "import-value": CodeDoc(
        "A template imports a value that another stack exports.",
        "Say it: `--import-value Name=Value`; or give the other stack's template to the same "
        "import, and its exports are known.",
    ),
}
