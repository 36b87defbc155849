// Validates FHIR R4 resources, one a line of the file in the first argument, with the npm package `fhir`. Says how many there
// were and which are not valid, and exits with 1 where one is not.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const require = createRequire(process.env.NODE_PACKAGES + '/');
const { Fhir } = require('fhir');
const fhir = new Fhir();

let count = 0;
let invalid = 0;
for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
  count += 1;
  const result = fhir.validate(JSON.parse(line), { errorOnUnexpected: true });
  if (!result.valid) {
    invalid += 1;
    const errors = result.messages.filter((m) => m.severity === 'error' || m.severity === 'fatal');
    if (invalid <= 10) console.log(`line ${count}: ${JSON.stringify(errors)}`);
  } else if (process.env.WARNINGS) {
    for (const m of result.messages) console.log(`line ${count}: ${m.severity} ${m.location}: ${m.message}`);
  }
}
console.log(`${count} resources, ${invalid} invalid`);
process.exitCode = invalid ? 1 : 0;
