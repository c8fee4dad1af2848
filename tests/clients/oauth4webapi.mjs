// A program with a key of its own instead of a secret, with the library oauth4webapi; prints what came of it, as JSON:
//   node oauth4webapi.mjs '{"issuer": …, "cookie": …, "callback": …, "keyed": {"id": …, "jwk": {…}}}'
import * as oauth from "oauth4webapi";

import { comeBack } from "./oauth_browser.mjs";

const { issuer, cookie, callback, keyed } = JSON.parse(process.argv[2]);
const found = {};
const plain = { [oauth.allowInsecureRequests]: true };
const at = new URL(issuer);
const as = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, { algorithm: "oauth2", ...plain }));
const key = await crypto.subtle.importKey("jwk", keyed.jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const client = { client_id: keyed.id };
const auth = oauth.PrivateKeyJwt({ key, kid: keyed.jwk.kid });
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const asked = {
  response_type: "code",
  redirect_uri: callback,
  scope: "openid offline_access orders:read",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  resource: `${issuer}/graphql`,
  state,
  nonce,
};
const kept = await oauth.processPushedAuthorizationResponse(
  as, client, await oauth.pushedAuthorizationRequest(as, client, auth, asked, { DPoP, ...plain }));
const address = new URL(as.authorization_endpoint);
address.searchParams.set("client_id", client.client_id);
address.searchParams.set("request_uri", kept.request_uri);
const back = oauth.validateAuthResponse(as, client, await comeBack(address, cookie, callback), state);
const tokens = await oauth.processAuthorizationCodeResponse(
  as, client,
  await oauth.authorizationCodeGrantRequest(as, client, auth, back, callback, verifier, { DPoP, ...plain }),
  { expectedNonce: nonce, requireIdToken: true });
found.type = tokens.token_type;
found.claims = oauth.getValidatedIdTokenClaims(tokens);
const answered = await oauth.protectedResourceRequest(
  tokens.access_token, "POST", new URL(`${issuer}/graphql`), new Headers({ "content-type": "application/json" }),
  JSON.stringify({ query: "{ viewer { email } }" }), { DPoP, ...plain });
found.answer = (await answered.json()).data;
const refreshed = await oauth.processRefreshTokenResponse(
  as, client, await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, { DPoP, ...plain }));
found.refreshed = refreshed.token_type;
const told = await oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, auth, refreshed.access_token, plain));
found.bound = typeof told.cnf?.jkt;
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, refreshed.refresh_token, plain));
console.log(JSON.stringify(found));
