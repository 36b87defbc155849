// npm @simplewebauthn/server as a judge of passkeys: reads cases, one JSON object a line, and says of each whether it counts.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const packages = createRequire(`${process.env.NODE_PACKAGES}/package.json`);
const { verifyAuthenticationResponse, verifyRegistrationResponse } = packages("@simplewebauthn/server");

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, answer, challenge, origin, rp, credential } = JSON.parse(line);
  const common = { expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rp, requireUserVerification: true };
  let counts = false;
  try {
    if (kind === "registration") {
      const response = {
        id: answer.id, rawId: answer.id, type: "public-key", clientExtensionResults: {},
        response: { clientDataJSON: answer.client_data, attestationObject: answer.attestation },
      };
      counts = (await verifyRegistrationResponse({ ...common, response, supportedAlgorithmIDs: [-7, -8, -257] })).verified;
    } else {
      const response = {
        id: answer.id, rawId: answer.id, type: "public-key", clientExtensionResults: {},
        response: { clientDataJSON: answer.client_data, authenticatorData: answer.authenticator_data, signature: answer.signature },
      };
      const known = { id: credential.id, publicKey: new Uint8Array(Buffer.from(credential.key, "base64url")), counter: credential.counter };
      counts = (await verifyAuthenticationResponse({ ...common, response, credential: known })).verified;
    }
  } catch {
    counts = false;
  }
  console.log(JSON.stringify(counts));
}
