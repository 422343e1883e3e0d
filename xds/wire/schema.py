"""Message classes for the fields of discovery requests that this server reads.

protobuf's own runtime parses them (:mod:`xds.wire.message_classes`). Field numbers are those of
``envoy/service/discovery/v3/discovery.proto``, ``envoy/config/core/v3/base.proto`` and
``google/protobuf/struct.proto``. ``LoadReport`` and ``Metrics`` are the first messages of reports
(:mod:`xds.reports`), of which only the node is declared.
"""

from typing import Final

from xds.wire.message_classes import message_classes

_SCHEMA: Final = """
Request
  1 string version_info
  2 Node node
  3 string* resource_names
  4 string type_url
  5 string response_nonce
  6 Status error_detail
DeltaRequest
  1 Node node
  2 string type_url
  3 string* resource_names_subscribe
  4 string* resource_names_unsubscribe
  5 map<string> initial_resource_versions
  6 string response_nonce
  7 Status error_detail
LoadReport
  1 Node node
Metrics
  1 Identifier identifier
Identifier
  1 Node node
Node
  1 string id
  2 string cluster
  3 Struct metadata
  6 string user_agent_name
  7 string user_agent_version oneof
  8 BuildVersion user_agent_build_version oneof
  10 string* client_features
BuildVersion
  1 SemanticVersion version
SemanticVersion
  1 uint32 major_number
  2 uint32 minor_number
  3 uint32 patch
Status
  1 uint32 code
  2 bytes message
Struct
  1 map<Value> fields
Value
  1 uint64 null_value oneof
  2 double number_value oneof
  3 string string_value oneof
  4 bool bool_value oneof
  5 Struct struct_value oneof
  6 bytes list_value oneof
"""
"""A status message is text of the client, so it is read as bytes and cannot be invalid. All members
of a oneof are declared, because the last one on the wire counts.
"""

_class_of = message_classes("gitmesh.wire", _SCHEMA)

Request: Final = _class_of("Request")
DeltaRequest: Final = _class_of("DeltaRequest")
LoadReport: Final = _class_of("LoadReport")
Metrics: Final = _class_of("Metrics")
