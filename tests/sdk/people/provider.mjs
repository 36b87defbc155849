// An identity provider: npm oidc-provider, in which everybody who comes is signed in as `dr-lind` at once, and gives its consent.
// Says on standard output where it is; ends with standard input.
import http from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const packages = createRequire(`${process.env.NODE_PACKAGES}/package.json`);
const { Provider } = await import(pathToFileURL(packages.resolve("oidc-provider")).href);

const back = process.argv[2];
const resource = process.argv[3];
const key = (kid) => ({ ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" });
const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      { client_id: "asepsis", client_secret: "a secret of the test: + and /", redirect_uris: [back], grant_types: ["authorization_code"], response_types: ["code"] },
      { client_id: "nightly", client_secret: "another-secret-of-the-test", redirect_uris: [], grant_types: ["client_credentials"], response_types: [] },
    ],
    jwks: { keys: [key("first")] },
    cookies: { keys: ["a key of the test"] },
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "preferred_username", "groups", "amr"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, groups: ["everybody", "clinicians"], amr: ["pwd", "mfa"] }) }),
    interactions: { url: (_, interaction) => `/enter/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: () => ({ scope: "ask", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 300, jwt: { sign: { alg: "RS256" } } }),
      },
    },
    extraTokenClaims: () => ({ preferred_username: "nightly", groups: ["clinicians"] }),
  });
  const callback = provider.callback();
  server.on("request", async (request, response) => {
    if (request.url.startsWith("/enter/")) {
      await provider.interactionDetails(request, response);
      return provider.interactionFinished(request, response, { login: { accountId: "dr-lind", amr: ["pwd", "mfa"] } });
    }
    return callback(request, response);
  });
  console.log(issuer);
});
process.stdin.on("end", () => process.exit(0)).resume();
