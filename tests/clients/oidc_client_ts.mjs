// A program in a browser, with the library oidc-client-ts; prints what came of it, as JSON:
//   node oidc_client_ts.mjs '{"issuer": …, "cookie": …, "callback": …, "spa": {"id": …}}'
import { InMemoryWebStorage, OidcClient, WebStorageStateStore } from "oidc-client-ts";

import { comeBack } from "./oauth_browser.mjs";

const { issuer, cookie, callback, spa } = JSON.parse(process.argv[2]);
const found = {};
const client = new OidcClient({
  authority: issuer,
  client_id: spa.id,
  redirect_uri: callback,
  post_logout_redirect_uri: callback,
  scope: "openid profile offline_access",
  loadUserInfo: true,
  stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
});
const asked = await client.createSigninRequest({ state: { page: "/maps" } });
const back = await comeBack(asked.url, cookie, callback);
const answer = await client.processSigninResponse(back.href);
found.profile = answer.profile;
found.page = answer.userState.page;
const refreshed = await client.useRefreshToken({
  state: { refresh_token: answer.refresh_token, id_token: answer.id_token, session_state: null, scope: answer.scope,
    profile: answer.profile, data: answer.userState },
});
found.rotated = refreshed.refresh_token !== answer.refresh_token;
await client.revokeToken(refreshed.refresh_token, "refresh_token");
try {
  await client.useRefreshToken({ state: { refresh_token: refreshed.refresh_token, profile: answer.profile } });
} catch (error) {
  found.afterwards = error.error;
}

const leaving = await client.createSignoutRequest({ id_token_hint: answer.id_token, state: "bye" });
found.left = (await fetch(leaving.url, { headers: { cookie }, redirect: "manual" })).headers.get("location");
console.log(JSON.stringify(found));
