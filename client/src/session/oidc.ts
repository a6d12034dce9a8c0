/** `IdentityProvider` by `oidc-client-ts`: code flow with PKCE, tokens in memory only. */
import {
  ErrorResponse,
  InMemoryWebStorage,
  type SigninRedirectArgs,
  type User,
  UserManager,
  WebStorageStateStore,
} from 'oidc-client-ts';
import type { OidcConfig } from '../api/types.ts';
import { type Account, CALLBACK_PATH, type IdentityProvider, SignInError } from './session.ts';

const NEEDS_USER = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

export function connectOidc(config: OidcConfig, origin: string): IdentityProvider {
  const home = `${origin}/`;
  const manager = new UserManager({
    authority: config.issuer,
    client_id: config.clientId,
    scope: config.scope,
    redirect_uri: origin + CALLBACK_PATH,
    post_logout_redirect_uri: home,
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    // The code verifier has to outlive the way to the issuer and back; it is worth nothing without the code.
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
    // Its own renewal would fall back to a hidden frame of the issuer, which the page's policy rightly refuses.
    automaticSilentRenew: false,
    monitorSession: false,
    requestTimeoutInSeconds: 10,
  });
  // What is left of sign-ins that were given up half-way.
  void manager.clearStaleState().catch(() => undefined);

  return {
    async signIn({ silent, returnTo }) {
      // A silent try leaves nothing behind in the history: Back must not lead into it again.
      const options: SigninRedirectArgs = silent
        ? { state: returnTo, redirectMethod: 'replace', prompt: 'none' }
        : { state: returnTo, redirectMethod: 'assign' };
      await manager.signinRedirect(options).catch((error: unknown) => {
        throw signInError(error);
      });
    },
    async complete(url) {
      const user = await manager.signinRedirectCallback(url).catch((error: unknown) => {
        throw signInError(error);
      });
      return { account: accountOf(user), returnTo: pathOf(user.state) ?? '/' };
    },
    async renew() {
      const user = await manager.getUser();
      if (user?.refresh_token === undefined) return undefined;
      const renewed = await manager.signinSilent();
      return renewed ? accountOf(renewed) : undefined;
    },
    async signOut() {
      await manager.revokeTokens(['refresh_token']).catch(() => undefined);
      const canLeave = await manager.metadataService
        .getEndSessionEndpoint()
        .catch((): string | undefined => undefined);
      if (canLeave === undefined) {
        await manager.removeUser();
        return false;
      }
      // Cognito's sign-out page asks for these two names; others go by the standard's and ignore them.
      await manager.signoutRedirect({
        extraQueryParams: { client_id: config.clientId, logout_uri: home },
      });
      return true;
    },
    onExpiring(listener) {
      manager.events.addAccessTokenExpiring(listener);
    },
    onExpired(listener) {
      manager.events.addAccessTokenExpired(listener);
    },
  };
}

function accountOf(user: User): Account {
  const { profile } = user;
  const names = [
    profile.name,
    profile.preferred_username,
    profile['cognito:username'],
    profile.email,
    profile.sub,
  ];
  const name = names.find((each) => typeof each === 'string' && each.trim() !== '');
  return { subject: profile.sub, name: String(name), accessToken: user.access_token };
}

function signInError(error: unknown): SignInError {
  if (error instanceof ErrorResponse) {
    const returnTo = pathOf(error.state);
    const code = error.error ?? '';
    if (NEEDS_USER.includes(code)) return new SignInError('needsUser', returnTo);
    return new SignInError(code === 'access_denied' ? 'refused' : 'failed', returnTo);
  }
  // The library tells a refused connection and a time-out by these two types only.
  const isNetwork =
    error instanceof TypeError || (error instanceof Error && error.name.startsWith('ErrorTimeout'));
  return new SignInError(isNetwork ? 'unreachable' : 'failed');
}

function pathOf(state: unknown): string | undefined {
  return typeof state === 'string' ? state : undefined;
}
