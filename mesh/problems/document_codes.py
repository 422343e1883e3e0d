"""Problem codes of single files and documents; see :mod:`mesh.problems.codes`."""

from typing import Final

from mesh.problems.problem import CodeDoc, Severity

FILE_CODES: Final = {
    "file-too-big": CodeDoc(
        "A file is larger than any that is read (1 MiB).",
        "Spread its documents over several files; one resource a file reads best.",
    ),
    "lfs-pointer": CodeDoc(
        "The file was committed through Git LFS, so the repository holds a pointer to the spec and "
        "not the spec. gitmesh reads git objects only and fetches nothing.",
        "Take specs out of LFS: `git lfs untrack '*.yaml'`, then `git add --renormalize .`.",
    ),
    "merge-conflict": CodeDoc(
        "The lines `<<<<<<<` and `>>>>>>>` of an unresolved merge were committed.",
        "Keep one side of each conflict and remove the three marker lines.",
    ),
    "more-problems": CodeDoc(
        "The file has more problems than are told at once.",
        "Mend the ones that are told; often the others go with them.",
    ),
    "not-text": CodeDoc(
        "The file is not text in UTF-8: it holds NUL bytes or other bytes that are no characters.",
        "Save it as UTF-8. A file that is no spec belongs outside `root`, or into `ignore`, of "
        "`gitmesh.yaml`.",
    ),
    "too-many-documents": CodeDoc(
        "One file holds more documents than are read (1000).",
        "Spread them over several files.",
    ),
    "too-many-values": CodeDoc(
        "One file holds more keys, values, lists and objects than are read (100,000).",
        "Spread its documents over several files.",
    ),
}

DOCUMENT_CODES: Final = {
    "bad-route-test": CodeDoc(
        "A test of routing asks what cannot be asked: a text that is no request, a `from` that is "
        "no virtual node or gateway.",
        'Write `request: "GET /cart"` with a `host`, or `call: package.Service/Method`; and '
        "`from: mesh/shop/virtualNode/web`. docs/route-tests.md has it all.",
    ),
    "alias": CodeDoc(
        "A YAML anchor (`&name`) or alias (`*name`). Specs have none: a few hundred bytes of them "
        "can stand for gigabytes, and a diff would not show what changes.",
        "Write the value out where it is used.",
    ),
    "ambiguous-spec": CodeDoc(
        "A file holds a spec without names, and its shape fits several kinds: a listener and no "
        "more is that of a virtual router or of a virtual gateway. Only `validate --no-link` asks.",
        "Say which with `--kind`, or add the names.",
    ),
    "cloudformation-form": CodeDoc(
        "The document is a CloudFormation template. What it says depends on parameters, conditions "
        "and other stacks, so it cannot be a spec as it stands.",
        "Convert it with `gitmesh import`, which writes native documents.",
    ),
    "control-character": CodeDoc(
        "A text holds a character that is no part of any name, path, header or host.",
        "Remove it. It often comes from copying out of a terminal or a web page.",
    ),
    "duplicate-key": CodeDoc(
        "An object has the same key twice. Most readers of YAML silently keep the last one.",
        "Remove one of the two; both lines are named.",
    ),
    "ignored-field": CodeDoc(
        "A Kubernetes manifest has a field that its kind never had. Kubernetes dropped such fields "
        "silently, so manifests in use hold some.",
        "Correct the spelling, or remove the field.",
        Severity.WARNING,
    ),
    "key-not-text": CodeDoc(
        "A key is a number, `true`, `null`, a list or an object. Unfilled templates, "
        "`{{ .Values.x }}`, look like this to YAML.",
        "Put the key in quotes, or fill in the template before committing its result.",
    ),
    "kind-mismatch": CodeDoc(
        "`kind` says one thing and the names another: `kind: VirtualNode` with a `routeName`.",
        "Correct `kind`, or leave it out: it follows from the names.",
    ),
    "kubernetes-version": CodeDoc(
        "A Kubernetes manifest of App Mesh (`appmesh.k8s.aws`) has a version that is not read: "
        "it is misspelt, or older than `v1beta1`.",
        "Write the manifest as `apiVersion: appmesh.k8s.aws/v1beta2`; `v1beta1` is read too.",
    ),
    "missing-name": CodeDoc(
        "A document does not say which resource it is about. Files written for "
        "`aws appmesh … --cli-input-json` may hold a `spec` alone, their names being in a script.",
        "Add `meshName` and the resource's own name (`virtualNodeName`, `routeName`, …); a route "
        "has `virtualRouterName` and a gateway route `virtualGatewayName` as well. To check the "
        "spec without names: `gitmesh validate --no-link`.",
    ),
    "not-a-resource": CodeDoc(
        "The document is not an App Mesh resource.",
        "Keep other files apart: set `root` to the folder of the specs, or list what to leave out "
        "in `ignore`, both in `gitmesh.yaml`.",
    ),
    "not-an-object": CodeDoc(
        "A document is a list or a single value, where an object of keys and values is needed.",
        "Write one resource a document; in YAML a line `---` separates documents.",
    ),
    "syntax": CodeDoc(
        "The text is not YAML, or in a file named `.json` not JSON.",
        "Correct the line that is named; a quote or bracket is told where it begins. jq programs "
        "with bare `$NAMES` are not JSON: commit what they print.",
    ),
    "tab": CodeDoc(
        "A line is indented with a tab, which YAML forbids.",
        "Indent with spaces.",
    ),
    "tag": CodeDoc(
        "A YAML tag (`!Ref`, `!!python/name`) gives a value a type of its own. Specs are plain "
        "values.",
        "Remove the tag. CloudFormation's short forms, `!Ref` and `!Sub`, come in through "
        "`gitmesh import`.",
    ),
    "template": CodeDoc(
        "The file is a template, not a spec: a shell script, jq, Helm or another engine fills in "
        "its placeholders (`${NAME}`, `$NAME`, `{{ … }}`) before it is used.",
        "Commit what it renders to: `envsubst < a.template > a.yaml`, `jq -n --arg …`, `helm "
        "template`. Keep the template itself out of the mesh with `ignore` in `gitmesh.yaml`.",
    ),
    "too-deep": CodeDoc(
        "Objects and lists are nested deeper than is read (64).",
        "No resource needs this; look for a bracket too many.",
    ),
    "unknown-kind": CodeDoc(
        "`kind` is not one of App Mesh's seven kinds.",
        "Write Mesh, VirtualService, VirtualNode, VirtualRouter, Route, VirtualGateway or "
        "GatewayRoute.",
    ),
    "wrong-name": CodeDoc(
        "A document has a name that its kind does not have: a virtual node with a `routeName`.",
        "Remove the name, or correct `kind`.",
    ),
}

SHAPE_CODES: Final = {
    "exactly-one": CodeDoc(
        "Of fields that exclude one another, exactly one must be set: the protocol of a route, "
        "`exact` or `regex` of a path, the kind of a certificate.",
        "Keep the one that is meant.",
    ),
    "missing-field": CodeDoc(
        "A field is not there that the resource cannot do without.",
        "Add it. The line is that of the object which should hold it.",
    ),
    "not-one-of": CodeDoc(
        "A value is not among those that the field can have. Upper and lower case differ.",
        "Write one of the values that are named.",
    ),
    "out-of-range": CodeDoc(
        "A number is smaller or larger than App Mesh, or Envoy, can use.",
        "Write a number within the limits that are named.",
    ),
    "unknown-field": CodeDoc(
        "There is no such field here. App Mesh spells fields like `httpRoute`; CloudFormation and "
        "Terraform spell them differently.",
        "Correct the spelling or the indentation. A field that belongs to another kind hints at a "
        "name that is missing or wrong.",
    ),
    "wrong-length": CodeDoc(
        "A text has too few or too many characters, or a list too few or too many items.",
        "Keep to the limit that is named.",
    ),
    "wrong-pattern": CodeDoc(
        "A text holds characters that App Mesh does not allow in this field.",
        "Keep to the pattern that is named.",
    ),
    "wrong-type": CodeDoc(
        "A value is a number where text is wanted, or the reverse. Without quotes, whole numbers, "
        "`true`, `false` and `null` are not text, and everything else is: `yes`, `010`, `1.5`.",
        "Put text in quotes; write numbers and `true` or `false` without.",
    ),
}

RULE_CODES: Final = {
    "at-least-one": CodeDoc(
        "None of several fields is set, and without one the object says nothing.",
        "Set one of them, or remove the object.",
    ),
    "at-most-one": CodeDoc(
        "Fields that exclude each other are both set, such as `prefix` and `path`.",
        "Keep one of them.",
    ),
    "bad-address": CodeDoc(
        "An instance's `AWS_INSTANCE_IPV4` or `AWS_INSTANCE_IPV6` is not an address of that "
        "version at which one instance can be dialled.",
        "Write the address itself, not a name, a network or a wildcard.",
    ),
    "bad-grpc-name": CodeDoc(
        "A gRPC service or method name is empty, or holds a slash or a space.",
        "Write `serviceName: shop.Cart` and `methodName: AddItem`, not `/shop.Cart/AddItem`.",
    ),
    "bad-header-name": CodeDoc(
        "No HTTP header can have this name. `:authority`, `:method`, `:path` and `:scheme` can be "
        "matched too.",
        "Correct the name: letters, digits and ``-_.!#$%&'*+^`|~``.",
    ),
    "bad-hostname": CodeDoc(
        "A text is not the name of a host: it has a scheme, a port, a wildcard, a space, or labels "
        "that DNS does not allow.",
        "Write the bare name, `cart.shop.local`; ports have fields of their own.",
    ),
    "bad-log-format": CodeDoc(
        "A percent sign in an access log format begins no command. Envoy would refuse the whole "
        "listener.",
        "Write commands as `%START_TIME%` or `%REQ(:METHOD)%`, and a plain sign as `%%`.",
    ),
    "bad-path": CodeDoc(
        "A path or a prefix does not begin with a slash, holds a query or fragment, or a prefix to "
        "be written does not end with a slash.",
        "Write paths as `/cart/items`, and match queries with `queryParameters`.",
    ),
    "bad-regex": CodeDoc(
        "Envoy cannot run this regular expression. It uses RE2, which has no lookaround and no "
        "backreferences, and limits the size of the compiled program (1000, as App Mesh did).",
        "Rewrite it; several routes are often clearer than one large expression.",
    ),
    "duplicate-backend": CodeDoc(
        "A virtual node lists the same virtual service twice among its backends.",
        "Remove one of the two.",
    ),
    "duplicate-instance": CodeDoc(
        "Two instances of a service have the same id.",
        "Give each its own, or remove one.",
    ),
    "duplicate-log-key": CodeDoc(
        "A JSON log format has the same key twice.",
        "Rename or remove one of the two.",
    ),
    "duplicate-port": CodeDoc(
        "Two listeners of one resource have the same port.",
        "Give each listener a port of its own.",
    ),
    "duplicate-target": CodeDoc(
        "A route names the same virtual node and port twice among its targets.",
        "Name it once, with the sum of both weights.",
    ),
    "empty-match": CodeDoc(
        "A match says nothing at all.",
        'Say what is meant: `prefix: "/"` takes every request.',
    ),
    "empty-range": CodeDoc(
        "A range holds no number: `end`, which is not part of it, is not above `start`.",
        "To match 5 alone, write `start: 5` and `end: 6`.",
    ),
    "implied-prefix": CodeDoc(
        "A match names no path, so it takes every one. App Mesh's own examples do this.",
        'Say so with `prefix: "/"`.',
        Severity.WARNING,
    ),
    "instance-without-address": CodeDoc(
        "An instance has neither `AWS_INSTANCE_IPV4` nor `AWS_INSTANCE_IPV6`, so nobody could "
        "dial it. Names (`AWS_INSTANCE_CNAME`, `AWS_ALIAS_DNS_NAME`) cannot stand in for them.",
        "Add its address; for a name, find the node through `dns` instead of `awsCloudMap`.",
    ),
    "missing-service-discovery": CodeDoc(
        "A virtual node has listeners, but nothing says where its instances are found.",
        "Add `serviceDiscovery` with `dns` or `awsCloudMap`.",
    ),
    "no-effect": CodeDoc(
        "A field is accepted and does nothing: a path in a TCP or gRPC health check, the health "
        "check of a virtual gateway, which has no proxy as client, a match of the method CONNECT, "
        "or a retry policy of HTTP/1.1 for `stream-error` alone.",
        "Remove the field.",
        Severity.WARNING,
    ),
    "no-retry-event": CodeDoc(
        "A retry policy names no event, so nothing is ever tried again.",
        "Add `httpRetryEvents`, `grpcRetryEvents` or `tcpRetryEvents`, or remove the policy; "
        "without one App Mesh's default policy holds.",
    ),
    "reserved-name": CodeDoc(
        "A gateway route matches a path or service that App Mesh keeps for itself.",
        "Choose a path that does not begin with `/aws-appmesh` or `/aws-app-mesh`, or a service "
        "not in `aws.appmesh` or `aws.app-mesh`.",
    ),
    "reserved-port": CodeDoc(
        "A virtual gateway listens on the port that its own proxy uses within.",
        "Use another port than 15001.",
    ),
    "rewrite-mismatch": CodeDoc(
        "A gateway route rewrites what it does not match: a prefix where it matches a whole path, "
        "or a path where it matches a prefix.",
        "Rewrite what is matched.",
    ),
    "unmapped-certificate": CodeDoc(
        "The spec names a certificate or authorities by their ARN in AWS Certificate Manager, "
        "which gitmesh does not ask, and `gitmesh.yaml` maps it to nothing. The proxy asks its own "
        "secret discovery service for a secret of that name (several authorities are one name, "
        "sorted and joined by commas). Until it gets it, it takes or makes no connection there: "
        "nothing is sent in plain text instead.",
        "Map the ARN under `certificates` or `authorities` in `gitmesh.yaml`: `{file: "
        "{certificateChain: …, privateKey: …}}` or `{sds: {secretName: …}}`. Authorities that are "
        "believed together are mapped to one and the same bundle. Or let the machine's secret "
        "discovery service provide that secret.",
        Severity.WARNING,
    ),
    "weights-over-100": CodeDoc(
        "The weights of a route sum to more than 100, which App Mesh's API refuses.",
        "Weights are shares of their sum, so 90 and 10 say the same as 900 and 100.",
    ),
    "wrong-port": CodeDoc(
        "A health check names another port than its listener's.",
        "Leave `port` out of the health check.",
    ),
    "wrong-protocol": CodeDoc(
        "A connection pool or a timeout is written under another protocol than the listener's.",
        "Write it under the protocol of `portMapping`.",
    ),
    "zero-weights": CodeDoc(
        "Every target of a route has weight 0, so no request could go anywhere. Envoy refuses it.",
        "Give one target a weight, or remove the route: its requests are then answered with 404.",
    ),
}
