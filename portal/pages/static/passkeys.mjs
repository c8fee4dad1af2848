// Forms that a passkey signs: <form data-passkey="get" or "create" data-options="/where/options/come/from"> with an
// empty field `credential`. They are hidden until this module finds that the browser can; without it the password is enough.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function described(credential) {
  const said = credential.response;
  const response = { clientDataJSON: text(said.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (said[name]) response[name] = text(said[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

async function ask(form) {
  const token = form.elements["form-token"].value;
  const body = new URLSearchParams({ "form-token": token });
  const answer = await fetch(form.dataset.options, { method: "POST", body });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  const publicKey = await answer.json();
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  for (const list of [publicKey.allowCredentials, publicKey.excludeCredentials]) {
    for (const each of list ?? []) each.id = bytes(each.id);
  }
  return navigator.credentials[form.dataset.passkey]({ publicKey });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      form.elements.credential.value = described(await ask(form));
      form.submit();
    } catch {
      // The person has put it off, or has no passkey here: the page says so and everything else still works.
      form.querySelector("[data-failed]").hidden = false;
      button.disabled = false;
    }
  });
}
