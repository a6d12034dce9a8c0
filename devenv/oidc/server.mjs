// The demo's OIDC provider: three users, one public client (the web client), JWT access tokens for the API.
// For development only: passwords are the user names, and everybody on this machine can reach it.
//
// All settings come from the environment, set by `devenv`:
//   OIDC_ISSUER       http://localhost:PORT; the server listens on 127.0.0.1 at that port
//   OIDC_STATE        file that keeps the signing and cookie keys, so that a restart leaves tokens valid
//   OIDC_CLIENT_ID    id of the web client
//   OIDC_AUDIENCE     audience of the access tokens
//   OIDC_APP_ORIGINS  comma-separated origins where the web client is served

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { escape, page } from './page.mjs';
import { users } from './users.mjs';

const setting = (name) => {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
};

const issuer = new URL(setting('OIDC_ISSUER'));
const clientId = setting('OIDC_CLIENT_ID');
const audience = setting('OIDC_AUDIENCE');
const origins = setting('OIDC_APP_ORIGINS').split(',');

// A resource indicator must be a URI; the audience that ends up in the token need not be one.
const resource = `urn:${audience}`;

const keys = loadKeys(setting('OIDC_STATE'));

const provider = new Provider(issuer.origin, {
  clients: [
    {
      client_id: clientId,
      client_name: 'Live streams',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: origins.flatMap((origin) =>
        ['/', '/callback', '/auth/callback', '/signin-callback', '/silent-renew', '/silent-renew.html'].map((path) => origin + path),
      ),
      post_logout_redirect_uris: origins.flatMap((origin) => [origin, `${origin}/`, `${origin}/signed-out`]),
    },
  ],
  jwks: { keys: [keys.signing] },
  // The library's default, SameSite=None, is refused by browsers over plain HTTP; nothing here is cross-site.
  cookies: { keys: [keys.cookie], long: { sameSite: 'lax' }, short: { sameSite: 'lax' } },
  scopes: ['openid', 'offline_access', 'profile', 'groups'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'groups'],
    groups: ['groups'],
  },
  // A browser application reads its user from the ID token; without this it would have to call userinfo.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  ttl: { AccessToken: 3600, IdToken: 3600, Grant: 86400, Interaction: 3600, Session: 86400, RefreshToken: 86400 },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  clientBasedCORS: (_ctx, origin) => origins.includes(origin),
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        audience,
        scope: '',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  findAccount: (_ctx, id) =>
    users.has(id) ? { accountId: id, claims: () => ({ sub: id, ...claimsOf(id) }) } : undefined,
  extraTokenClaims: (_ctx, token) => claimsOf(token.accountId),
  loadExistingGrant,
  renderError: (ctx, out) => {
    ctx.type = 'html';
    ctx.body = page('Something went wrong', `<p>${escape(out.error_description ?? out.error)}</p>`);
  },
});

provider.on('server_error', (_ctx, error) => console.error(error));

function claimsOf(id) {
  const { name, groups } = users.get(id);
  return { preferred_username: id, name, groups };
}

// The only client is our own: nobody is asked to consent to using the demo.
async function loadExistingGrant(ctx) {
  const { client, session } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  const grant = known ? await provider.Grant.find(known) : undefined;
  if (grant) return grant;
  const fresh = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  fresh.addOIDCScope('openid offline_access profile groups');
  fresh.addResourceScope(resource, '');
  await fresh.save();
  return fresh;
}

function logoutSource(ctx, form) {
  ctx.body = page(
    'Sign out',
    `${form}<p>Sign out of the demo?</p>
     <button form="op.logoutForm" name="logout" value="yes" type="submit" autofocus>Sign out</button>
     <button form="op.logoutForm" class="plain" type="submit">Stay signed in</button>`,
  );
}

function postLogoutSuccessSource(ctx) {
  ctx.body = page('Signed out', '<p>You are signed out. You can close this page.</p>');
}

function loginPage(uid, { user = '', refused = false } = {}) {
  const list = [...users].map(([id, { role }]) => `<li><b>${id}</b> ${escape(role)}</li>`).join('');
  return page(
    'Sign in',
    `<form method="post" action="/interaction/${encodeURIComponent(uid)}">
       ${refused ? '<p role="alert">User name and password do not match.</p>' : ''}
       <label>User name <input name="user" autocomplete="username" required autofocus value="${escape(user)}"></label>
       <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
       <button type="submit">Sign in</button>
     </form>
     <p>Users of the demo, each with the name as password:</p><ul>${list}</ul>`,
  );
}

async function interaction(request, response) {
  const { uid, prompt } = await provider.interactionDetails(request, response);
  if (prompt.name !== 'login') throw new Error(`no page for the prompt "${prompt.name}"`);
  if (request.method !== 'POST') return html(response, 200, loginPage(uid));
  const form = new URLSearchParams(await body(request));
  const user = form.get('user')?.trim() ?? '';
  if (!users.has(user) || form.get('password') !== user) {
    return html(response, 401, loginPage(uid, { user, refused: true }));
  }
  return provider.interactionFinished(request, response, { login: { accountId: user } }, { mergeWithLastSubmission: false });
}

function html(response, status, text) {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': contentPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  response.end(text);
}

// Browsers apply form-action to the redirects after the form too, so the application's origin belongs to it.
const contentPolicy = `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${origins.join(' ')}; frame-ancestors ${origins.join(' ')}; base-uri 'none'`;

async function body(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 4096) throw new Error('form too large');
  }
  return text;
}

function loadKeys(file) {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const fresh = {
    signing: { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') },
    cookie: randomBytes(32).toString('hex'),
  };
  writeFileSync(file, JSON.stringify(fresh), { mode: 0o600 });
  return fresh;
}

const oidc = provider.callback();

const server = createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return oidc(request, response);
  return interaction(request, response).catch((error) => {
    console.error(error);
    html(response, 400, page('Something went wrong', '<p>This sign-in has expired. Go back to the application and start again.</p>'));
  });
});

server.listen(Number(issuer.port), '127.0.0.1', () => console.log(`OIDC provider on ${issuer.origin}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
