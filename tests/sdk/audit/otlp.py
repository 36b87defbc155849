"""Reads OTLP/HTTP log requests in JSON, one a line of the file in the first argument, with the published protobuf messages.

A field that they do not know is an error. Prints a JSON object a record: its event name, its time and its attributes.
"""

import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        request = json_format.Parse(line, ExportLogsServiceRequest(), ignore_unknown_fields=False)
        for resource in request.resource_logs:
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    attributes = {a.key: json_format.MessageToDict(a.value) for a in record.attributes}
                    print(json.dumps({
                        "event": record.event_name,
                        "time": record.time_unix_nano,
                        "severity": record.severity_number,
                        "body": record.body.string_value,
                        "attributes": attributes,
                    }))
