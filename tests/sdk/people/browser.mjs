// Chromium, driven over its own protocol, with a virtual authenticator: sets an account up, signs in with a password and a code, registers
// a passkey, signs out, and signs in with the passkey. `node browser.mjs ADDRESS USER SET-UP-CODE`; exit code 0 where all of it worked.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [address, user, setUp] = process.argv.slice(2);
const password = "copper kettle sings";
const patience = 60_000;
const folder = mkdtempSync(join(tmpdir(), "asepsis-browser-"));
const browser = spawn(
  "chromium",
  ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--remote-debugging-pipe", `--user-data-dir=${folder}`, "about:blank"],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);
const end = (code) => {
  // Its helpers end a little later, and write into the folder until then.
  const clear = (tries) => {
    try {
      rmSync(folder, { recursive: true, force: true });
      process.exit(code);
    } catch (error) {
      if (tries === 0) throw error;
      setTimeout(clear, 200, tries - 1);
    }
  };
  browser.once("exit", () => clear(100));
  browser.kill();
};
browser.once("error", (error) => { console.error(`chromium: ${error.message}`); process.exit(1); });
setTimeout(() => { console.error("it took too long"); end(1); }, 2 * patience).unref();

let last = 0;
let session;
const waiting = new Map();
const violations = [];
let rest = "";
browser.stdio[4].setEncoding("utf8").on("data", (piece) => {
  rest += piece;
  for (let at; (at = rest.indexOf("\0")) >= 0; rest = rest.slice(at + 1)) {
    const message = JSON.parse(rest.slice(0, at));
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? reject(new Error(JSON.stringify(message.error))) : resolve(message.result);
    } else if (message.method === "Log.entryAdded" && ["security", "violation"].includes(message.params.entry.source)) {
      violations.push(message.params.entry.text);
    } else if (message.method === "Runtime.exceptionThrown") {
      violations.push(message.params.exceptionDetails.text);
    }
  }
});
const ask = (method, params = {}) => new Promise((resolve, reject) => {
  waiting.set(++last, { resolve, reject });
  browser.stdio[3].write(`${JSON.stringify({ id: last, method, params, ...(session && { sessionId: session }) })}\0`);
});
const evaluate = async (expression) => {
  const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression, returnByValue: true, userGesture: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
};
const until = async (what, condition) => {
  const began = Date.now();
  for (;;) {
    // While a page is being left there is nothing to ask.
    if (await evaluate(condition).catch(() => false)) return;
    if (Date.now() - began > patience) throw new Error(`in vain: ${what}; the page says: ${await evaluate("document.body.innerText").catch(() => "?")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const open = async (path) => {
  await ask("Page.navigate", { url: address + path });
  await until(path, `document.readyState === "complete" && location.pathname === ${JSON.stringify(path)}`);
};
const fill = async (fields) => {
  for (const [id, value] of Object.entries(fields)) {
    await evaluate(`document.getElementById(${JSON.stringify(id)}).value = ${JSON.stringify(value)}`);
  }
};
const code = (seed, at) => {
  const bits = [...seed].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30)));
  const mac = createHmac("sha1", key).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
};
// Early enough in a step that the code is still the code when it arrives.
const now = async () => {
  for (;;) {
    const seconds = Date.now() / 1000;
    if (seconds % 30 < 20) return seconds;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

try {
  const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
  ({ sessionId: session } = await ask("Target.attachToTarget", { targetId, flatten: true }));
  for (const domain of ["Page", "Runtime", "Log", "WebAuthn"]) await ask(`${domain}.enable`);
  await ask("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });

  await open("/asepsis/set-up");
  await fill({ user, set_up: setUp, password, again: password });
  await evaluate("document.querySelector('main form').requestSubmit()");
  await until("the seed", "document.getElementById('seed') !== null");
  const seed = await evaluate("document.getElementById('seed').textContent");
  await fill({ code: code(seed, (await now()) - 30) });
  await evaluate("document.querySelector('main form').requestSubmit()");
  await until("recovery codes", "document.querySelectorAll('li.secret').length === 10");

  await open("/asepsis/sign-in");
  await fill({ user, password, code: code(seed, await now()) });
  await evaluate("document.querySelector('main form').requestSubmit()");
  await until("signed in", `location.pathname === "/asepsis/" && document.body.innerText.includes("Signed in as ${user}")`);

  await open("/asepsis/passkeys");
  await fill({ "passkey-name": "Virtual key" });
  await evaluate("document.getElementById('passkey-add').click()");
  await until("the passkey is registered", "document.body.innerText.includes('Virtual key')");
  await evaluate("document.querySelector('header form').requestSubmit()");
  // A button does nothing before the page's script has run.
  await until("signed out", "location.pathname === '/asepsis/sign-in' && document.readyState === 'complete' && document.getElementById('passkey-sign-in') !== null");
  await evaluate("document.getElementById('passkey-sign-in').click()");
  await until("signed in with the passkey", `location.pathname === "/asepsis/" && document.body.innerText.includes("Signed in as ${user}")`);
  if (violations.length > 0) throw new Error(violations.join("; "));
  console.log("done");
  end(0);
} catch (error) {
  console.error(error.message, violations.join("; "));
  end(1);
}
