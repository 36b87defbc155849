// Passkeys need the browser's own call; nothing else on these pages does.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const say = (words) => { const place = document.getElementById("passkey-says"); if (place) place.textContent = words; };
  const post = async (path, body) => {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin" });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || "that did not work");
    return said;
  };
  const signIn = async () => {
    const asked = await post("/asepsis/passkey/question", {});
    const key = await navigator.credentials.get({ publicKey: { ...asked, challenge: bytes(asked.challenge) } });
    await post("/asepsis/passkey/answer", {
      id: key.id, client_data: text(key.response.clientDataJSON), authenticator_data: text(key.response.authenticatorData),
      signature: text(key.response.signature), user_handle: key.response.userHandle ? text(key.response.userHandle) : null,
    });
    location.assign("/asepsis/");
  };
  const add = async (button) => {
    const csrf = button.dataset.csrf;
    const name = document.getElementById("passkey-name").value;
    const asked = await post("/asepsis/passkey/new-question", { csrf });
    const named = asked.excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) }));
    const user = { ...asked.user, id: bytes(asked.user.id) };
    const key = await navigator.credentials.create({ publicKey: { ...asked, challenge: bytes(asked.challenge), user, excludeCredentials: named } });
    await post("/asepsis/passkey/new-answer", {
      csrf, name, answer: { id: key.id, client_data: text(key.response.clientDataJSON), attestation: text(key.response.attestationObject) },
    });
    location.assign("/asepsis/passkeys");
  };
  const on = (id, act) => {
    const button = document.getElementById(id);
    if (button) button.addEventListener("click", () => { say(""); act(button).catch((error) => say(error.message)); });
  };
  on("passkey-sign-in", signIn);
  on("passkey-add", add);
})();
