// Every flow with the library openid-client; prints what came of each, as JSON:
//   node openid_client.mjs '{"issuer": …, "cookie": …, "callback": …, "web": {…}, "machine": {…}, "gateway": {…}}'
import * as client from "openid-client";

import { comeBack, letIn } from "./oauth_browser.mjs";

const { issuer, cookie, callback, web, machine, terminal, invitation } = JSON.parse(process.argv[2]);
const found = {};
const plain = { execute: [client.allowInsecureRequests] };
const discover = (program) => client.discovery(new URL(issuer), program.id, undefined, client.ClientSecretBasic(program.secret), plain);
const query = { method: "POST", body: JSON.stringify({ query: "{ viewer { email } }" }) };
const headers = new Headers({ "content-type": "application/json" });

async function signIn(config, build, extra = {}, options = undefined) {
  const verifier = client.randomPKCECodeVerifier();
  const nonce = client.randomNonce();
  const state = client.randomState();
  const address = await build(config, {
    redirect_uri: callback,
    scope: "openid profile email offline_access orders:read",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    nonce,
    state,
    ...extra,
  }, options);
  const back = await comeBack(address, cookie, callback);
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true };
  return client.authorizationCodeGrant(config, back, { ...checks, maxAge: extra.max_age }, undefined, options);
}

const config = await discover(web);
const tokens = await signIn(config, client.buildAuthorizationUrl, { max_age: 3600 });
found.claims = tokens.claims();
found.userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
const answered = await client.fetchProtectedResource(
  config, tokens.access_token, new URL(`${issuer}/graphql`), "POST", query.body, headers);
found.answer = await answered.json();
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
found.rotated = refreshed.refresh_token !== tokens.refresh_token;
found.active = (await client.tokenIntrospection(config, refreshed.access_token)).active;
await client.tokenRevocation(config, refreshed.refresh_token);
found.revoked = (await client.tokenIntrospection(config, refreshed.access_token)).active;

const pushed = await signIn(config, client.buildAuthorizationUrlWithPAR);
found.pushed = pushed.claims().sub;

const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const bound = await signIn(config, client.buildAuthorizationUrlWithPAR, {}, { DPoP });
found.bound = bound.token_type;
const held = await client.fetchProtectedResource(
  config, bound.access_token, new URL(`${issuer}/graphql`), "POST", query.body, headers, { DPoP });
found.held = (await held.json()).data;
found.heldAgain = (await client.refreshTokenGrant(config, bound.refresh_token, undefined, { DPoP })).token_type;

const alone = await client.clientCredentialsGrant(await discover(machine), { scope: "orders:read" });
found.machine = alone.scope;

const mine = await client.dynamicClientRegistration(
  new URL(issuer),
  { client_name: "自助程序", grant_types: ["client_credentials"], response_types: [], scope: "orders:read", redirect_uris: [],
    token_endpoint_auth_method: "client_secret_post" },
  undefined, { initialAccessToken: invitation, ...plain });
const { registration_client_uri: place, registration_access_token: key, ...registered } = mine.clientMetadata();
const manage = (method, body) => fetch(place, {
  method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } });
const own = await client.clientCredentialsGrant(mine, { scope: "orders:read" });
const changed = await manage("PUT", { ...(await (await manage("GET")).json()), client_name: "改名的程序" });
const removed = await manage("DELETE");
const gone = await client.clientCredentialsGrant(mine).catch((error) => error.error);
const ended = await fetch(`${issuer}/graphql`, {
  ...query, headers: { "content-type": "application/json", authorization: `Bearer ${own.access_token}` } });
found.registration = {
  name: registered.client_name, scope: own.scope, renamed: (await changed.json()).client_name,
  statuses: [changed.status, removed.status, ended.status], gone };

const device = await client.discovery(new URL(issuer), terminal.id, undefined, client.None(), plain);
const started = await client.initiateDeviceAuthorization(device, { scope: "openid" });
await letIn(started.verification_uri_complete, started.user_code, cookie);
found.device = (await client.pollDeviceAuthorizationGrant(device, { ...started, interval: 1 })).claims().sub;

const leaving = client.buildEndSessionUrl(config, {
  id_token_hint: pushed.id_token, post_logout_redirect_uri: callback, state: "bye" });
found.left = (await fetch(leaving, { headers: { cookie }, redirect: "manual" })).headers.get("location");
console.log(JSON.stringify(found));
