// What a person at a browser does, for the scripts that need one: follows a program's request, agrees, comes back.

export async function comeBack(address, cookie, callback) {
  let response = await fetch(address, { headers: { cookie }, redirect: "manual" });
  if (response.status === 200) {
    const page = await response.text();
    const token = /name="form-token" value="([^"]+)"/.exec(page)[1];
    const guard = response.headers.getSetCookie().map((each) => each.split(";")[0]);
    response = await fetch(address, {
      method: "POST",
      headers: { cookie: [cookie, ...guard].join("; "), "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ "form-token": token, decision: "allow" }),
      redirect: "manual",
    });
  }
  const location = response.headers.get("location");
  if (!location?.startsWith(callback)) throw new Error(`${response.status} ${location} ${await response.text()}`);
  return new URL(location);
}
