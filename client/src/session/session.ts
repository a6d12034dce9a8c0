/** Who is signed in, from the first look at the address to sign-out. No DOM, no OIDC: both come in as ports. */
import type { OidcConfig } from '../api/types.ts';
import { createStore, type Readable } from '../store.ts';

export interface Account {
  subject: string;
  name: string;
  accessToken: string;
}

export type Notice = 'expired' | 'elsewhere' | 'refused' | 'failed' | 'unreachable';

export type SessionState =
  | { kind: 'starting' }
  /** The browser is on its way to the issuer, or an answer of it is being looked at. */
  | { kind: 'leaving' }
  | { kind: 'completing' }
  | { kind: 'guest'; canSignIn: boolean; notice?: Notice }
  | { kind: 'user'; account: Account };

/** Why the issuer did not sign somebody in. */
export class SignInError extends Error {
  override readonly name = 'SignInError';

  constructor(
    /** `needsUser`: a try without asking the user, which needs the user after all. */
    readonly reason: 'needsUser' | 'refused' | 'failed' | 'unreachable',
    readonly returnTo?: string,
  ) {
    super(reason);
  }
}

/** The issuer, as far as this machine needs it. Errors are `SignInError`. */
export interface IdentityProvider {
  /** Leaves the page. `silent`: the issuer must not ask the user anything. */
  signIn(options: { silent: boolean; returnTo: string }): Promise<void>;
  complete(url: string): Promise<{ account: Account; returnTo: string }>;
  /** A fresh account, or none where the issuer gave nothing to renew it with. */
  renew(): Promise<Account | undefined>;
  /** Leaves the page, or resolves to `false` where the issuer has no such page. */
  signOut(): Promise<boolean>;
  onExpiring(listener: () => void): void;
  onExpired(listener: () => void): void;
}

/** Survives the page, unlike tokens: only the fact that somebody was signed in. */
export interface Memory {
  /** Shared by all windows. */
  wasSignedIn(): boolean;
  rememberSignedIn(value: boolean): void;
  /** Of this window: a silent sign-in is under way, which must not be tried in circles. */
  isResuming(): boolean;
  rememberResuming(value: boolean): void;
  /** Another window signed out. */
  onForgotten(listener: () => void): void;
}

export interface Session extends Readable<SessionState> {
  /** Decides from the address who is there. Resolves to the path to show instead, if any. */
  begin(oidc: OidcConfig | null, url: URL): Promise<string | undefined>;
  signIn(returnTo: string): Promise<void>;
  signOut(): Promise<void>;
  /** The browser shows a page again that was left for the issuer (its Back button): nobody came back signed in. */
  returned(): void;
  accessToken(): string | undefined;
  renew(refused: string): Promise<string | undefined>;
}

export const CALLBACK_PATH = '/callback';

export function createSession(
  connect: (oidc: OidcConfig) => Promise<IdentityProvider>,
  memory: Memory,
): Session {
  const store = createStore<SessionState>({ kind: 'starting' });
  let oidc: OidcConfig | null = null;
  let connection: Promise<IdentityProvider> | undefined;
  let renewal: Promise<string | undefined> | undefined;

  function becomeGuest(notice?: Notice): void {
    store.set({ kind: 'guest', canSignIn: oidc !== null, ...(notice && { notice }) });
  }

  function becomeUser(account: Account): void {
    memory.rememberSignedIn(true);
    store.set({ kind: 'user', account });
  }

  function expire(): void {
    if (store.getSnapshot().kind !== 'user') return;
    memory.rememberSignedIn(false);
    becomeGuest('expired');
  }

  async function open(settings: OidcConfig): Promise<IdentityProvider> {
    const provider = await connect(settings);
    provider.onExpiring(() => void renewNow(provider));
    provider.onExpired(expire);
    return provider;
  }

  function provider(settings: OidcConfig): Promise<IdentityProvider> {
    // A connection that failed is not kept: the next try starts anew.
    connection ??= open(settings).catch((error: unknown) => {
      connection = undefined;
      throw error;
    });
    return connection;
  }

  /** One renewal at a time. One that fails is harmless while the old token lasts. */
  function renewNow(from: IdentityProvider): Promise<string | undefined> {
    renewal ??= from
      .renew()
      .then((account) => {
        if (!account || store.getSnapshot().kind !== 'user') return undefined;
        becomeUser(account);
        return account.accessToken;
      })
      .catch(() => undefined)
      .finally(() => {
        renewal = undefined;
      });
    return renewal;
  }

  async function leave(settings: OidcConfig, silent: boolean, returnTo: string): Promise<void> {
    store.set({ kind: 'leaving' });
    try {
      await (await provider(settings)).signIn({ silent, returnTo });
    } catch (error) {
      memory.rememberResuming(false);
      becomeGuest(noticeOf(error) ?? 'failed');
    }
  }

  async function complete(settings: OidcConfig, url: URL): Promise<string> {
    store.set({ kind: 'completing' });
    try {
      const { account, returnTo } = await (await provider(settings)).complete(url.href);
      becomeUser(account);
      return safePath(returnTo);
    } catch (error) {
      if (error instanceof SignInError && error.reason === 'needsUser') memory.rememberSignedIn(false);
      becomeGuest(noticeOf(error));
      return safePath(error instanceof SignInError ? error.returnTo : undefined);
    } finally {
      memory.rememberResuming(false);
    }
  }

  memory.onForgotten(() => {
    if (store.getSnapshot().kind === 'user') becomeGuest('elsewhere');
  });

  return {
    getSnapshot: store.getSnapshot,
    subscribe: store.subscribe,
    async begin(settings, url) {
      oidc = settings;
      if (url.pathname === CALLBACK_PATH) {
        if (settings && (url.searchParams.has('code') || url.searchParams.has('error'))) {
          return complete(settings, url);
        }
        becomeGuest();
        return '/';
      }
      // Tokens live in memory only, so a reloaded page asks the issuer, once, whether it still knows this browser.
      const resume = settings !== null && memory.wasSignedIn() && !memory.isResuming();
      memory.rememberResuming(resume);
      if (resume) await leave(settings, true, url.pathname + url.search);
      else becomeGuest();
      return undefined;
    },
    async signIn(returnTo) {
      if (oidc) await leave(oidc, false, returnTo);
    },
    async signOut() {
      if (!oidc || store.getSnapshot().kind !== 'user') return;
      memory.rememberSignedIn(false);
      store.set({ kind: 'leaving' });
      // Whatever the issuer does: here, nobody is signed in any more.
      const left = await provider(oidc)
        .then((issuer) => issuer.signOut())
        .catch(() => false);
      if (!left) becomeGuest();
    },
    returned() {
      if (store.getSnapshot().kind === 'leaving') becomeGuest();
    },
    accessToken() {
      const state = store.getSnapshot();
      return state.kind === 'user' ? state.account.accessToken : undefined;
    },
    async renew(refused) {
      const state = store.getSnapshot();
      if (!oidc || state.kind !== 'user') return undefined;
      // Somebody else's request was refused first and has brought a new one.
      if (state.account.accessToken !== refused) return state.account.accessToken;
      const token = await renewNow(await provider(oidc));
      if (token === undefined) expire();
      return token;
    },
  };
}

function noticeOf(error: unknown): Notice | undefined {
  if (!(error instanceof SignInError)) return 'failed';
  return error.reason === 'needsUser' ? undefined : error.reason;
}

/** A path of this site, whatever came back from the issuer. */
export function safePath(path: string | undefined): string {
  if (path === undefined || !/^\/(?![/\\])/.test(path) || path.startsWith(CALLBACK_PATH)) return '/';
  return path;
}
