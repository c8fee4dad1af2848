// What a person at a browser does, for the scripts that need one: follows a program's request, agrees, comes back.

export async function comeBack(address, cookie, callback) {
  let response = await fetch(address, { headers: { cookie }, redirect: "manual" });
  if (response.status === 200) response = await agree(response, address, cookie);
  const location = response.headers.get("location");
  if (!location?.startsWith(callback)) throw new Error(`${response.status} ${location} ${await response.text()}`);
  return new URL(location);
}

export async function letIn(address, code, cookie) {
  const response = await agree(await fetch(address, { headers: { cookie } }), address, cookie, { user_code: code });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
}

async function agree(shown, address, cookie, more = {}) {
  const token = /name="form-token" value="([^"]+)"/.exec(await shown.text())[1];
  const guard = shown.headers.getSetCookie().map((each) => each.split(";")[0]);
  return fetch(address, {
    method: "POST",
    headers: { cookie: [cookie, ...guard].join("; "), "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ "form-token": token, decision: "allow", ...more }),
    redirect: "manual",
  });
}
