"""Problem codes of single files and documents; see :mod:`mesh.problems.codes`."""

from typing import Final

from mesh.problems.problem import CodeDoc, Severity

FILE_CODES: Final = {
    "file-too-big": CodeDoc(
        "A file is larger than the limit (1 MiB).",
        "Split it into several files, best with one resource per file.",
    ),
    "lfs-pointer": CodeDoc(
        "The file was committed through Git LFS, so the repository contains a pointer to the spec "
        "instead of the spec. gitmesh reads only git objects and fetches nothing.",
        "Remove specs from LFS: `git lfs untrack '*.yaml'`, then `git add --renormalize .`.",
    ),
    "merge-conflict": CodeDoc(
        "The lines `<<<<<<<` and `>>>>>>>` of an unresolved merge conflict were committed.",
        "Keep one side of each conflict and remove the three marker lines.",
    ),
    "more-problems": CodeDoc(
        "The file has more problems than are listed at once.",
        "Correct the listed problems; often this removes the others, too.",
    ),
    "not-text": CodeDoc(
        "The file is not UTF-8 text: it contains NUL bytes or other invalid bytes.",
        "Save it as UTF-8. If it is not a spec, move it out of `root` or list it under `ignore` "
        "in `gitmesh.yaml`.",
    ),
    "too-many-documents": CodeDoc(
        "One file contains more documents than the limit (1000).",
        "Split it into several files.",
    ),
    "too-many-values": CodeDoc(
        "One file contains more keys, values, lists and objects than the limit (100,000).",
        "Split it into several files.",
    ),
}

DOCUMENT_CODES: Final = {
    "bad-route-test": CodeDoc(
        "A route test is invalid: its request cannot be parsed, or `from` is not a virtual node "
        "or gateway.",
        'Write `request: "GET /cart"` with a `host`, or `call: package.Service/Method`, and '
        "`from: mesh/shop/virtualNode/web`. docs/route-tests.md describes all fields.",
    ),
    "bad-shift": CodeDoc(
        "A document in `.gitmesh/shifts` is not a shift that can be made: its route or one of its "
        "targets does not exist, its steps do not grow to 100, or its file has another name.",
        "Correct the line that is named; docs/shifts.md describes all fields. The two virtual "
        "nodes must be targets of the route already: add the new one with weight 0.",
    ),
    "alias": CodeDoc(
        "The file uses a YAML anchor (`&name`) or alias (`*name`). They are not allowed: a few "
        "hundred bytes of them can expand to gigabytes, and a diff would not show what changes.",
        "Write the value out where it is used.",
    ),
    "ambiguous-spec": CodeDoc(
        "A file contains a spec without names, and its fields fit several kinds: a spec with only "
        "a listener can be a virtual router or a virtual gateway. Only `validate --no-link` "
        "reports this.",
        "Set the kind with `--kind`, or add the names.",
    ),
    "cloudformation-form": CodeDoc(
        "The document is a CloudFormation template. Its values depend on parameters, conditions "
        "and other stacks, so it cannot be used as a spec directly.",
        "Convert it with `gitmesh import`, which writes native documents.",
    ),
    "control-character": CodeDoc(
        "A text contains a control character, which no name, path, header or host can contain.",
        "Remove it. It often comes from copying out of a terminal or a web page.",
    ),
    "duplicate-key": CodeDoc(
        "An object has the same key twice. Most YAML parsers silently keep the last one.",
        "Remove one of the two; the problem gives both lines.",
    ),
    "ignored-field": CodeDoc(
        "A Kubernetes manifest has a field that its kind never had. Kubernetes dropped such "
        "fields silently, so existing manifests may contain some.",
        "Correct the spelling, or remove the field.",
        Severity.WARNING,
    ),
    "key-not-text": CodeDoc(
        "A key is a number, `true`, `null`, a list or an object. Template placeholders such as "
        "`{{ .Values.x }}` look like this to a YAML parser.",
        "Put the key in quotes, or render the template and commit the result.",
    ),
    "kind-mismatch": CodeDoc(
        "`kind` and the names contradict each other: `kind: VirtualNode` with a `routeName`.",
        "Correct `kind`, or omit it: it follows from the names.",
    ),
    "kubernetes-version": CodeDoc(
        "A Kubernetes manifest of App Mesh (`appmesh.k8s.aws`) has an unsupported version: it is "
        "misspelt, or older than `v1beta1`.",
        "Write the manifest as `apiVersion: appmesh.k8s.aws/v1beta2`; `v1beta1` is supported, too.",
    ),
    "missing-name": CodeDoc(
        "A document does not name its resource. Files for `aws appmesh … --cli-input-json` may "
        "contain only a `spec`, with the names in a script.",
        "Add `meshName` and the resource's own name (`virtualNodeName`, `routeName`, …); a route "
        "also has `virtualRouterName`, and a gateway route `virtualGatewayName`. To check a spec "
        "without names: `gitmesh validate --no-link`.",
    ),
    "not-a-resource": CodeDoc(
        "The document is not an App Mesh resource.",
        "Keep other files apart: set `root` to the folder of the specs, or list the files under "
        "`ignore`, both in `gitmesh.yaml`.",
    ),
    "not-an-object": CodeDoc(
        "A document is a list or a single value. It must be an object with keys and values.",
        "Write one resource per document; in YAML, a line `---` separates documents.",
    ),
    "syntax": CodeDoc(
        "The text is not valid YAML, or in a file named `.json` not valid JSON.",
        "Correct the given line; for a quote or bracket, it is the line where it begins. jq "
        "programs with bare `$NAMES` are not JSON: commit their output.",
    ),
    "tab": CodeDoc(
        "A line is indented with a tab, which YAML forbids.",
        "Indent with spaces.",
    ),
    "tag": CodeDoc(
        "A YAML tag (`!Ref`, `!!python/name`) gives a value a special type. Specs have only plain "
        "values.",
        "Remove the tag. CloudFormation's short forms, such as `!Ref` and `!Sub`, are converted "
        "by `gitmesh import`.",
    ),
    "template": CodeDoc(
        "The file is a template, not a spec: a shell script, jq, Helm or another engine replaces "
        "its placeholders (`${NAME}`, `$NAME`, `{{ … }}`) before it is used.",
        "Commit the rendered result: `envsubst < a.template > a.yaml`, `jq -n --arg …`, `helm "
        "template`. List the template itself under `ignore` in `gitmesh.yaml`.",
    ),
    "too-deep": CodeDoc(
        "Objects and lists are nested deeper than the limit (64).",
        "No resource needs this; look for an extra bracket.",
    ),
    "unknown-kind": CodeDoc(
        "`kind` is not one of App Mesh's seven kinds.",
        "Write Mesh, VirtualService, VirtualNode, VirtualRouter, Route, VirtualGateway or "
        "GatewayRoute.",
    ),
    "wrong-name": CodeDoc(
        "A document has a name field that its kind does not have: a virtual node with a "
        "`routeName`.",
        "Remove the name, or correct `kind`.",
    ),
}

SHAPE_CODES: Final = {
    "exactly-one": CodeDoc(
        "Exactly one of several fields must be set: the protocol of a route, `exact` or `regex` "
        "of a path, the type of a certificate.",
        "Keep the intended field and remove the others.",
    ),
    "missing-field": CodeDoc(
        "A required field is missing.",
        "Add it. The line is that of the object that must contain it.",
    ),
    "not-one-of": CodeDoc(
        "The field does not allow this value. Upper and lower case differ.",
        "Write one of the listed values.",
    ),
    "out-of-range": CodeDoc(
        "A number is smaller or larger than App Mesh or Envoy supports.",
        "Write a number within the given limits.",
    ),
    "unknown-field": CodeDoc(
        "There is no such field here. App Mesh spells fields like `httpRoute`; CloudFormation and "
        "Terraform spell them differently.",
        "Correct the spelling or the indentation. If the field belongs to another kind, a name is "
        "probably missing or wrong.",
    ),
    "wrong-length": CodeDoc(
        "A text has too few or too many characters, or a list has too few or too many items.",
        "Keep to the given limit.",
    ),
    "wrong-pattern": CodeDoc(
        "A text contains characters that App Mesh does not allow in this field.",
        "Keep to the given pattern.",
    ),
    "wrong-type": CodeDoc(
        "A value is a number where text is required, or the reverse. Without quotes, whole "
        "numbers, `true`, `false` and `null` are not text, and everything else is: `yes`, `010`, "
        "`1.5`.",
        "Put text in quotes; write numbers and `true` or `false` without quotes.",
    ),
}

RULE_CODES: Final = {
    "at-least-one": CodeDoc(
        "None of several fields is set, so the object has no effect.",
        "Set one of them, or remove the object.",
    ),
    "at-most-one": CodeDoc(
        "Fields that exclude each other are both set, such as `prefix` and `path`.",
        "Keep one of them.",
    ),
    "bad-address": CodeDoc(
        "An instance's `AWS_INSTANCE_IPV4` or `AWS_INSTANCE_IPV6` is not a unicast address of "
        "that IP version.",
        "Write the address of one instance, not a name, a network or a wildcard.",
    ),
    "bad-grpc-name": CodeDoc(
        "A gRPC service or method name is empty, or contains a slash or a space.",
        "Write `serviceName: shop.Cart` and `methodName: AddItem`, not `/shop.Cart/AddItem`.",
    ),
    "bad-header-name": CodeDoc(
        "No HTTP header can have this name. Besides header names, `:authority`, `:method`, "
        "`:path` and `:scheme` can be matched.",
        "Correct the name: letters, digits and ``-_.!#$%&'*+^`|~``.",
    ),
    "bad-hostname": CodeDoc(
        "A text is not a host name: it has a scheme, a port, a wildcard, a space, or labels that "
        "DNS does not allow.",
        "Write the bare name, `cart.shop.local`; ports have fields of their own.",
    ),
    "bad-log-format": CodeDoc(
        "A percent sign in an access log format does not begin a command operator. Envoy would "
        "reject the whole listener.",
        "Write command operators as `%START_TIME%` or `%REQ(:METHOD)%`, and a plain percent sign "
        "as `%%`.",
    ),
    "bad-path": CodeDoc(
        "A path or a prefix does not begin with a slash, or contains a query or fragment; or the "
        "value of a prefix rewrite does not end with a slash.",
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
        "Give each instance its own id, or remove one.",
    ),
    "duplicate-log-key": CodeDoc(
        "A JSON log format has the same key twice.",
        "Rename or remove one of the two.",
    ),
    "duplicate-port": CodeDoc(
        "Two listeners of one resource have the same port.",
        "Give each listener its own port.",
    ),
    "duplicate-target": CodeDoc(
        "A route lists the same virtual node and port twice among its targets.",
        "List it once, with the sum of both weights.",
    ),
    "empty-match": CodeDoc(
        "A match has no condition.",
        'Write the intended condition: `prefix: "/"` matches every request.',
    ),
    "empty-range": CodeDoc(
        "A range contains no number: `end`, which is exclusive, is not greater than `start`.",
        "To match 5 alone, write `start: 5` and `end: 6`.",
    ),
    "implied-prefix": CodeDoc(
        "A match has no path condition, so it matches every path. App Mesh's own examples do this.",
        'Write `prefix: "/"`, so that readers see it.',
        Severity.WARNING,
    ),
    "instance-without-address": CodeDoc(
        "An instance has neither `AWS_INSTANCE_IPV4` nor `AWS_INSTANCE_IPV6`, so no proxy can "
        "connect to it. Names (`AWS_INSTANCE_CNAME`, `AWS_ALIAS_DNS_NAME`) cannot replace them.",
        "Add its address. If you have only a name, find the node through `dns` instead of "
        "`awsCloudMap`.",
    ),
    "missing-service-discovery": CodeDoc(
        "A virtual node has listeners, but no service discovery for its instances.",
        "Add `serviceDiscovery` with `dns` or `awsCloudMap`.",
    ),
    "no-effect": CodeDoc(
        "A field is allowed but has no effect: a path in a TCP or gRPC health check, the health "
        "check of a virtual gateway, which no proxy calls, a match of the method CONNECT, or a "
        "retry policy of HTTP/1.1 for `stream-error` alone.",
        "Remove the field.",
        Severity.WARNING,
    ),
    "no-retry-event": CodeDoc(
        "A retry policy lists no event, so it never retries.",
        "Add `httpRetryEvents`, `grpcRetryEvents` or `tcpRetryEvents`, or remove the policy; then "
        "App Mesh's default policy applies.",
    ),
    "reserved-name": CodeDoc(
        "A gateway route matches a path or service that App Mesh reserves.",
        "Choose a path that does not begin with `/aws-appmesh` or `/aws-app-mesh`, or a service "
        "that does not begin with `aws.appmesh` or `aws.app-mesh`.",
    ),
    "reserved-port": CodeDoc(
        "A virtual gateway listens on the port that its own proxy uses internally.",
        "Use another port than 15001.",
    ),
    "rewrite-mismatch": CodeDoc(
        "A gateway route rewrites what it does not match: a prefix although it matches a whole "
        "path, or a path although it matches a prefix.",
        "Rewrite the part that is matched.",
    ),
    "unmapped-certificate": CodeDoc(
        "The spec names a certificate or authorities by their ARN in AWS Certificate Manager. "
        "gitmesh does not call that service, and `gitmesh.yaml` does not map the ARN. The proxy "
        "requests a secret of that name from its own secret discovery service (the name of "
        "several authorities is their ARNs, sorted and joined by commas). Until it receives the "
        "secret, it opens and accepts no connections there; it never falls back to plain text.",
        "Map the ARN under `certificates` or `authorities` in `gitmesh.yaml`: `{file: "
        "{certificateChain: …, privateKey: …}}` or `{sds: {secretName: …}}`. Map authorities that "
        "are trusted together to the same bundle. Or let the machine's secret discovery service "
        "provide that secret.",
        Severity.WARNING,
    ),
    "weights-over-100": CodeDoc(
        "The weights of a route sum to more than 100, which App Mesh's API rejects.",
        "Weights are relative to their sum, so 90 and 10 mean the same as 900 and 100.",
    ),
    "wrong-port": CodeDoc(
        "The port of a health check differs from the port of its listener.",
        "Omit `port` in the health check.",
    ),
    "wrong-protocol": CodeDoc(
        "A connection pool or a timeout is written for another protocol than the listener's.",
        "Write it for the protocol in `portMapping`.",
    ),
    "zero-weights": CodeDoc(
        "All targets of a route have weight 0, so no target can receive a request. Envoy rejects "
        "this.",
        "Give one target a weight, or remove the route: its requests are then answered with 404.",
    ),
}
