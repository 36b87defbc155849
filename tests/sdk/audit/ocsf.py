"""Validates OCSF events, one a line of the file in the first argument, against the schema that ocsf-json-schema carries.

The class is API Activity with the profiles that each event names in `metadata.profiles`. Says how many there were and which
are not valid, and exits with 1 where one is not.
"""

import json
import sys

from jsonschema_rs import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"
schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
validators = {}
count = invalid = 0
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        count += 1
        event = json.loads(line)
        profiles = tuple(event["metadata"]["profiles"])
        if profiles not in validators:
            name = schemas.lookup_class_name_from_uid(class_uid=6003)
            schema = schemas.get_class_schema(class_name=name, profiles=list(profiles))
            validators[profiles] = Draft202012Validator(schema)
        errors = [f"{list(e.instance_path)}: {e.message}" for e in validators[profiles].iter_errors(event)]
        if event["metadata"]["version"] != VERSION or event["type_uid"] != 600300 + event["activity_id"]:
            errors.append("version or type_uid")
        if errors:
            invalid += 1
            if invalid <= 10:
                print(f"line {count}: {errors}")
print(f"{count} events of OCSF {VERSION} with {sorted(validators)}, {invalid} invalid")
sys.exit(1 if invalid else 0)
